//! The rules that `halyard app lint` checks: each with its level, what it means and what to do.
//!
//! `docs/app-lint.md` is this table for readers; a test keeps the two equal.

use super::finding::Level;

/// What an app's folder is checked for.
#[derive(Debug)]
pub struct Rule {
    /// Its name, in kebab case.
    pub name: &'static str,
    /// How much breaking it matters.
    pub level: Level,
    /// What it means when it is broken.
    pub meaning: &'static str,
    /// What the author does about it.
    pub fix: &'static str,
}

macro_rules! rules {
    ($($id:ident $level:ident $name:literal $meaning:literal $fix:literal)*) => {
        $(pub(super) const $id: &Rule =
            &Rule { name: $name, level: Level::$level, meaning: $meaning, fix: $fix };)*

        /// All of them: first those that keep something from being used.
        pub static RULES: &[&Rule] = &[$($id),*];
    };
}

rules! {
    NO_APP Error "no-app"
        "The folder holds neither `makecomapp.json` nor files of the exported layout."
        "Name the folder that holds `makecomapp.json` or `base.imljson`."
    JSON_SYNTAX Error "json-syntax"
        "The file is not JSON; only comments and trailing commas are tolerated."
        "Correct the file at the line and column."
    ENCODING Error "encoding"
        "The file is not UTF-8."
        "Save the file as UTF-8."
    MISSING_FILE Error "missing-file"
        "`makecomapp.json` names a file that the folder does not hold."
        "Add the file, correct the path, or write null when it is kept out on purpose."
    UNKNOWN_TYPE Error "unknown-component-type"
        "The type of the module, webhook or connection is missing or nobody knows it."
        "Give one of the types of the format."
    WRONG_KIND Error "wrong-kind"
        "A directive has a kind of value that it cannot have, such as a number for `url`."
        "Write the kind that the message names."
    EXPRESSION_SYNTAX Error "expression-syntax"
        "What stands between `{{` and `}}` is no expression."
        "Correct the expression."
    MISSING_PART Error "missing-part"
        "Something is missing without which the component cannot run."
        "Add what the message names."
    MISSING_CONNECTION Error "missing-connection"
        "A component names a connection that the app does not have."
        "Add the connection or correct the name."
    MISSING_WEBHOOK Error "missing-webhook"
        "An instant trigger names a webhook that the app does not have."
        "Add the webhook or correct the name."
    MISSING_ENDPOINT Error "missing-endpoint"
        "A request runs an endpoint that the app does not have."
        "Add the endpoint or correct the name."
    TOO_MANY_REQUESTS Error "too-many-requests"
        "There are several requests where only one can be made."
        "Leave one request."
    UNKNOWN_DIRECTIVE Warning "unknown-directive"
        "Nobody knows a directive of this name; it is ignored."
        "Correct the name or remove the directive."
    MISPLACED_DIRECTIVE Warning "misplaced-directive"
        "The directive exists, but has no effect in this place; it is ignored."
        "Remove it or move it to where it is allowed."
    DUPLICATE_KEY Warning "duplicate-key"
        "A name occurs twice in an object; only the last value counts."
        "Remove one of the two."
    LOOSE_KIND Warning "loose-kind"
        "A value has another kind than it should, but can be understood, such as `\"true\"` for true."
        "Write the kind that the message names."
    STATIC_DIRECTIVE Warning "static-directive"
        "A directive that takes no expression has one; the directive is ignored."
        "Write the value itself."
    UNKNOWN_VALUE Warning "unknown-value"
        "A directive has a value that is not among those that it can have."
        "Write one of the values that the message names."
    UNKNOWN_ERROR_TYPE Warning "unknown-error-type"
        "There is no type of errors of this name; `RuntimeError` takes its place."
        "Write one of the types of the format."
    UNKNOWN_FUNCTION Warning "unknown-function"
        "Neither the language nor the app has a function of this name; calling it fails."
        "Correct the name or add the function."
    UNKNOWN_ROOT Warning "unknown-root"
        "Nothing has this name, so that the expression is undefined."
        "Correct the name; put names with special characters in back ticks."
    MISPLACED_ROOT Warning "misplaced-root"
        "The name exists, but has no value where it is used."
        "Use it where it has a value, or carry the value there with `temp`."
    ZERO_INDEX Warning "zero-index"
        "Elements of arrays are counted from 1; number 0 is undefined."
        "Write 1 for the first element."
    EXPRESSION Warning "expression"
        "An expression can be read, but perhaps does not do what was meant."
        "See the message."
    TOO_LONG Warning "too-long"
        "A text is longer than the vendor allows."
        "Shorten it."
    RELATIVE_URL Warning "relative-url"
        "An address is neither complete nor begins with `/`."
        "Begin it with `/`."
    REQUEST_LESS Warning "request-less"
        "A search has no `url`, so that it only computes."
        "Add `url`, unless that is meant."
    INCOMPLETE Warning "incomplete"
        "Something is missing that the format asks for; there is a default."
        "Add what the message names."
    NESTED_ITERATE Warning "nested-iterate"
        "`iterate` and `output` stand inside an `output`, where they are plain names."
        "Use functions such as `map` for lists inside a bundle."
    CERTIFICATE_NOT_VERIFIED Warning "certificate-not-verified"
        "`rejectUnauthorized` is false: anyone on the way can read and change what is sent."
        "Remove it; give the certificate of the authority with `ca`."
    MISSING_SANITIZE Warning "missing-sanitize"
        "Neither the base nor the request says what to hide in logs, so that nothing of it is shown there."
        "Add `log.sanitize` with the paths of everything secret."
    SANITIZE_PATH Warning "sanitize-path"
        "A path of `log.sanitize` can match nothing, so that it hides nothing."
        "Begin it with `request.` or `response.`, then `headers`, `body` or `qs`."
    UNKNOWN_ATTRIBUTE Warning "unknown-attribute"
        "Nobody knows an attribute of parameters of this name; it is ignored."
        "Correct the name or remove the attribute."
    WRONG_ATTRIBUTE Warning "wrong-attribute"
        "An attribute of a parameter has a value that it cannot have; it is ignored."
        "Write the kind that the message names."
    UNKNOWN_PARAMETER_TYPE Warning "unknown-parameter-type"
        "Nobody knows a type of parameters of this name; the value is not checked."
        "Write one of the types of the format."
    MISSING_RPC Warning "missing-rpc"
        "`rpc://` names an RPC that the app does not have; the form stays empty there."
        "Add the RPC or correct the name."
    MISSING_MODULE Warning "missing-module"
        "A group names a module that the app does not have."
        "Correct or remove the name."
    UNKNOWN_SCOPE Warning "unknown-scope"
        "A component needs a scope that the list of its connection does not have."
        "Add the scope to the list of scopes of the connection, or correct it."
    UNUSED_COMPONENT Warning "unused-component"
        "Nothing in the app uses the component."
        "Remove it, or use it."
    BAD_IDENTIFIER Warning "bad-identifier"
        "The name of the component is not one that the vendor accepts."
        "Use letters and digits, beginning with a letter, within the length that the message tells."
    LEFT_OUT Warning "code-left-out"
        "`makecomapp.json` says null where the component needs a file, so that it does nothing."
        "Add the file when the component is to be used from this folder."
    UNKNOWN_ENTRY Warning "unknown-entry"
        "`makecomapp.json` or a `metadata.json` has an entry that nobody knows; it is ignored."
        "Correct the name or remove the entry."
}
