//! The table of functions.

use super::{
    Arguments, aggregates, arrays, dates, encoding, escaping, general, hashes, json, jwt, lists,
    mime, numbers, replace, text,
};
use crate::{error::Result, value::Value};

/// Which part of the language a function belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Choice, access to values.
    General,
    /// Text and binary data.
    Text,
    /// Numbers.
    Math,
    /// Points in time.
    Date,
    /// Arrays and collections.
    Array,
    /// JSON and tokens.
    Data,
}

impl Group {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Text => "text",
            Self::Math => "math",
            Self::Date => "date",
            Self::Array => "array",
            Self::Data => "data",
        }
    }
}

/// What an argument is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Anything.
    Any,
    /// Text.
    Text,
    /// A number.
    Number,
    /// A date.
    Date,
    /// An array.
    Array,
    /// A collection.
    Collection,
    /// Text or bytes.
    Buffer,
}

impl ArgumentKind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "date",
            Self::Array => "array",
            Self::Collection => "collection",
            Self::Buffer => "buffer",
        }
    }
}

/// An argument of a function.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// What it is called.
    pub name: &'static str,
    /// What it is read as.
    pub kind: ArgumentKind,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether more of the same may follow.
    pub repeated: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Run {
    Plain(fn(&Arguments<'_, '_>) -> Result<Value>),
    If,
    IfEmpty,
    Switch,
}

/// A function, with what people and programs want to know about it.
#[derive(Debug)]
pub struct Function {
    /// Its name; case counts.
    pub name: &'static str,
    /// Where it belongs.
    pub group: Group,
    /// What it takes.
    pub arguments: &'static [Argument],
    /// What it does, in one line.
    pub help: &'static str,
    /// Whether it is one of the original's own; the others come from other editions of it.
    pub core: bool,
    pub(crate) run: Run,
}

impl Function {
    /// How many arguments must be given.
    #[must_use]
    pub fn least_arguments(&self) -> usize {
        self.arguments.iter().filter(|argument| !argument.optional).count()
    }

    /// The name of an argument, counted from 0.
    #[must_use]
    pub fn argument_name(&self, at: usize) -> Option<&'static str> {
        let last = self.arguments.last().filter(|argument| argument.repeated);
        self.arguments.get(at).or(last).map(|argument| argument.name)
    }

    /// How it is called, such as `get(value; path)`; what may be left out is in brackets.
    #[must_use]
    pub fn signature(&self) -> String {
        let arguments: Vec<_> = self
            .arguments
            .iter()
            .map(|argument| {
                let more = if argument.repeated { "…" } else { "" };
                if argument.optional {
                    format!("[{}{more}]", argument.name)
                } else {
                    format!("{}{more}", argument.name)
                }
            })
            .collect();
        format!("{}({})", self.name, arguments.join("; "))
    }
}

const fn one(name: &'static str, kind: ArgumentKind) -> Argument {
    Argument { name, kind, optional: false, repeated: false }
}

const fn maybe(name: &'static str, kind: ArgumentKind) -> Argument {
    Argument { name, kind, optional: true, repeated: false }
}

const fn more(name: &'static str, kind: ArgumentKind) -> Argument {
    Argument { name, kind, optional: true, repeated: true }
}

const fn function(
    name: &'static str,
    group: Group,
    arguments: &'static [Argument],
    run: fn(&Arguments<'_, '_>) -> Result<Value>,
    help: &'static str,
) -> Function {
    Function { name, group, arguments, help, core: true, run: Run::Plain(run) }
}

const fn special(
    name: &'static str,
    arguments: &'static [Argument],
    run: Run,
    help: &'static str,
) -> Function {
    Function { name, group: General, arguments, help, core: true, run }
}

const fn added(mut function: Function) -> Function {
    function.core = false;
    function
}

use ArgumentKind::{Any, Array, Buffer, Collection, Date, Number, Text};
use Group::{Array as Arrays, Data, Date as Dates, General, Math, Text as Texts};

const NUMBERS: &[Argument] = &[one("value", Any), more("value", Any)];
const SHIFT: &[Argument] = &[one("date", Date), one("number", Number)];
const DIGEST: &[Argument] = &[
    one("text", Buffer),
    maybe("encoding", Text),
    maybe("key", Buffer),
    maybe("keyEncoding", Text),
];

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "abs",
        Math,
        &[one("number", Number)],
        numbers::abs,
        "The absolute value of a number.",
    ),
    function(
        "add",
        Arrays,
        &[one("array", Array), more("value", Any)],
        arrays::add,
        "A new array with values appended.",
    ),
    function(
        "addDays",
        Dates,
        SHIFT,
        dates::add_days,
        "A date so many calendar days later; the time on the clock stays.",
    ),
    function("addHours", Dates, SHIFT, dates::add_hours, "A date so many hours later."),
    function("addMinutes", Dates, SHIFT, dates::add_minutes, "A date so many minutes later."),
    function(
        "addMonths",
        Dates,
        SHIFT,
        dates::add_months,
        "A date so many months later; the day is cut to the length of the month.",
    ),
    function("addSeconds", Dates, SHIFT, dates::add_seconds, "A date so many seconds later."),
    function(
        "addYears",
        Dates,
        SHIFT,
        dates::add_years,
        "A date so many years later; 29 February is cut to 28.",
    ),
    function(
        "arrayDiff",
        Arrays,
        &[one("array", Array), one("other", Array)],
        lists::diff,
        "Elements of an array that are not in another.",
    ),
    added(function(
        "arrayDifference",
        Arrays,
        &[one("array", Array), one("other", Array), maybe("mode", Text)],
        lists::difference,
        "Elements that are in the first array only, or with mode symmetric in one of them only.",
    )),
    function(
        "arrayIntersect",
        Arrays,
        &[one("array", Array), one("other", Array)],
        lists::intersect,
        "Elements that are in both arrays.",
    ),
    function(
        "ascii",
        Texts,
        &[one("text", Text), maybe("removeDiacritics", Any)],
        text::ascii,
        "The text without characters outside ASCII; with true, letters lose their accents first.",
    ),
    function("average", Math, NUMBERS, aggregates::average, "The arithmetic mean of numbers."),
    function(
        "base64",
        Texts,
        &[one("value", Buffer)],
        encoding::base64,
        "Base64 of text or bytes.",
    ),
    function(
        "base64url",
        Texts,
        &[one("value", Buffer)],
        encoding::base64url,
        "Base64 text in the alphabet for addresses, without padding.",
    ),
    function(
        "capitalize",
        Texts,
        &[one("text", Text)],
        text::capitalize,
        "The text with its first character in upper case.",
    ),
    function("ceil", Math, &[one("number", Number)], numbers::ceil, "The next integer up."),
    function(
        "contains",
        Texts,
        &[one("value", Any), one("search", Any)],
        text::contains,
        "Whether a text contains another, or an array an element.",
    ),
    function("createJSON", Data, &[one("value", Any)], json::create, "The JSON text of a value."),
    added(function(
        "dateDifference",
        Dates,
        &[one("date1", Date), one("date2", Date), maybe("unit", Text)],
        dates::difference,
        "The time from the second date to the first, in whole units.",
    )),
    function(
        "decodeURL",
        Texts,
        &[one("text", Text)],
        escaping::decode_url,
        "The text that percent encoding stands for.",
    ),
    function(
        "deduplicate",
        Arrays,
        &[one("array", Array)],
        lists::deduplicate,
        "An array without repeated elements.",
    ),
    function(
        "distinct",
        Arrays,
        &[one("array", Array), maybe("key", Text)],
        lists::distinct,
        "An array without repeated elements, compared as a whole or by one of their keys.",
    ),
    function(
        "encodeURL",
        Texts,
        &[one("text", Text)],
        escaping::encode_url,
        "The text, percent-encoded as a part of an address.",
    ),
    function(
        "equal",
        General,
        &[one("a", Any), one("b", Any)],
        general::equal,
        "Whether two values are the same.",
    ),
    function(
        "escapeHTML",
        Texts,
        &[one("text", Text)],
        escaping::escape_html,
        "The text with entities in the place of characters that HTML gives a meaning.",
    ),
    function(
        "escapeMarkdown",
        Texts,
        &[one("text", Text)],
        escaping::escape_markdown,
        "The text with entities in the place of characters that Markdown gives a meaning.",
    ),
    function("first", Arrays, &[one("array", Array)], arrays::first, "The first element."),
    function(
        "flatten",
        Arrays,
        &[one("array", Array), maybe("depth", Number)],
        arrays::flatten,
        "An array with the elements of nested arrays in their place.",
    ),
    function("floor", Math, &[one("number", Number)], numbers::floor, "The next integer down."),
    function(
        "formatDate",
        Dates,
        &[one("date", Date), one("format", Text), maybe("timezone", Text)],
        dates::format,
        "A date as text, in a format and a time zone.",
    ),
    function(
        "formatNumber",
        Math,
        &[
            one("number", Number),
            one("decimals", Number),
            maybe("decimalSeparator", Text),
            maybe("thousandsSeparator", Text),
        ],
        numbers::format,
        "A number as text with separators and a fixed number of decimals.",
    ),
    function(
        "get",
        General,
        &[one("value", Any), one("path", Any)],
        general::get,
        "The value at a path in a collection or array.",
    ),
    special(
        "if",
        &[one("condition", Any), one("a", Any), maybe("b", Any)],
        Run::If,
        "The second argument if the first is true, otherwise the third.",
    ),
    special(
        "ifempty",
        &[one("a", Any), one("b", Any)],
        Run::IfEmpty,
        "The first argument unless it is empty, otherwise the second.",
    ),
    function(
        "indexOf",
        Texts,
        &[one("text", Any), one("value", Any), maybe("start", Number)],
        text::index_of,
        "The position of a text in another, counted from 0, or -1.",
    ),
    function(
        "join",
        Arrays,
        &[one("array", Array), one("separator", Text)],
        arrays::join,
        "The elements of an array as one text.",
    ),
    function(
        "jwt",
        Data,
        &[
            one("payload", Any),
            one("secret", Buffer),
            maybe("algorithm", Text),
            maybe("options", Collection),
        ],
        jwt::sign,
        "A signed JSON web token.",
    ),
    function(
        "keys",
        Arrays,
        &[one("value", Any)],
        arrays::keys,
        "The names of the properties of a collection.",
    ),
    function("last", Arrays, &[one("array", Array)], arrays::last, "The last element."),
    function(
        "length",
        Texts,
        &[one("value", Any)],
        text::length,
        "The number of characters, bytes or elements.",
    ),
    function("lower", Texts, &[one("text", Text)], text::lower, "The text in lower case."),
    function(
        "map",
        Arrays,
        &[one("array", Array), one("key", Text), maybe("filterKey", Text), maybe("values", Text)],
        arrays::map,
        "The values of one key of the collections in an array.",
    ),
    function("max", Math, NUMBERS, aggregates::max, "The largest number."),
    function("md5", Texts, &[one("text", Buffer)], hashes::md5, "The MD5 digest."),
    function("median", Math, NUMBERS, aggregates::median, "The middle value of numbers."),
    function(
        "merge",
        Arrays,
        &[one("array", Any), more("array", Any)],
        arrays::merge,
        "One array with the elements of all, or one collection with all keys.",
    ),
    function(
        "mime",
        Texts,
        &[one("filename", Text)],
        mime::mime,
        "The media type that the extension of a file name stands for.",
    ),
    function("min", Math, NUMBERS, aggregates::min, "The smallest number."),
    function(
        "omit",
        General,
        &[one("collection", Collection), more("key", Text)],
        general::omit,
        "A collection without some keys.",
    ),
    function(
        "parseDate",
        Dates,
        &[one("text", Text), one("format", Text), maybe("timezone", Text)],
        dates::parse,
        "The date that a text tells in a format and a time zone.",
    ),
    function("parseJSON", Data, &[one("text", Text)], json::parse, "The value of a JSON text."),
    function(
        "parseNumber",
        Math,
        &[one("text", Text), maybe("decimalSeparator", Text)],
        numbers::parse,
        "The number that a localized text tells.",
    ),
    function(
        "pick",
        General,
        &[one("collection", Collection), more("key", Text)],
        general::pick,
        "A collection with some keys only.",
    ),
    function(
        "remove",
        Arrays,
        &[one("array", Array), more("value", Any)],
        lists::remove,
        "An array without elements that equal the values.",
    ),
    function(
        "replace",
        Texts,
        &[one("text", Text), one("search", Text), one("replacement", Text)],
        replace::replace,
        "The text with something else in the place of a text or /pattern/.",
    ),
    function(
        "replaceEmojiCharacters",
        Texts,
        &[one("text", Text), one("replacement", Text)],
        text::replace_emoji,
        "The text with something else in the place of each emoji.",
    ),
    function(
        "reverse",
        Arrays,
        &[one("array", Array)],
        arrays::reverse,
        "The elements in reverse order.",
    ),
    function(
        "round",
        Math,
        &[one("number", Number)],
        numbers::round,
        "The nearest integer; halves go up.",
    ),
    function("setDate", Dates, SHIFT, dates::set_date, "A date on this day of the month."),
    function(
        "setDay",
        Dates,
        &[one("date", Date), one("day", Any)],
        dates::set_day,
        "A date on this day of the week, from 1 for Sunday to 7, or by its English name.",
    ),
    function("setHour", Dates, SHIFT, dates::set_hour, "A date in this hour."),
    function("setMinute", Dates, SHIFT, dates::set_minute, "A date in this minute."),
    function(
        "setMonth",
        Dates,
        &[one("date", Date), one("month", Any)],
        dates::set_month,
        "A date in this month, from 1 to 12, or by its English name.",
    ),
    function("setSecond", Dates, SHIFT, dates::set_second, "A date in this second."),
    function("setYear", Dates, SHIFT, dates::set_year, "A date in this year."),
    function("sha1", Texts, DIGEST, hashes::sha1, "The SHA-1 digest, or with a key its HMAC."),
    function(
        "sha256",
        Texts,
        DIGEST,
        hashes::sha256,
        "The SHA-256 digest, or with a key its HMAC.",
    ),
    function(
        "sha512",
        Texts,
        DIGEST,
        hashes::sha512,
        "The SHA-512 digest, or with a key its HMAC.",
    ),
    function(
        "shuffle",
        Arrays,
        &[one("array", Array)],
        arrays::shuffle,
        "The elements in random order.",
    ),
    function(
        "slice",
        Arrays,
        &[one("array", Array), one("start", Number), maybe("end", Number)],
        arrays::slice,
        "The elements from a position up to, not including, another, counted from 0.",
    ),
    function(
        "sort",
        Arrays,
        &[one("array", Array), maybe("order", Text), maybe("key", Text)],
        lists::sort,
        "The elements in order: asc, desc, asc ci or desc ci, perhaps by a key.",
    ),
    function(
        "split",
        Texts,
        &[one("text", Text), one("separator", Text)],
        text::split,
        "The parts of a text between separators.",
    ),
    function(
        "startcase",
        Texts,
        &[one("text", Text)],
        text::startcase,
        "The text with every word capitalized and all else in lower case.",
    ),
    function(
        "stdevP",
        Math,
        NUMBERS,
        aggregates::deviation_of_population,
        "The standard deviation of a population.",
    ),
    function(
        "stdevS",
        Math,
        NUMBERS,
        aggregates::deviation_of_sample,
        "The standard deviation of a sample.",
    ),
    function(
        "stripHTML",
        Texts,
        &[one("text", Text)],
        escaping::strip_html,
        "The text without tags.",
    ),
    function(
        "substring",
        Texts,
        &[one("text", Text), one("start", Number), maybe("end", Number)],
        text::substring,
        "The characters from a position up to, not including, another, counted from 0.",
    ),
    function("sum", Math, NUMBERS, aggregates::sum, "The sum of numbers."),
    special(
        "switch",
        &[one("value", Any), more("value or result", Any)],
        Run::Switch,
        "The result behind the first of the values that equals the first argument.",
    ),
    function(
        "toArray",
        Arrays,
        &[one("collection", Collection)],
        arrays::to_array,
        "An array of the keys and values of a collection.",
    ),
    function(
        "toBinary",
        Texts,
        &[one("value", Any), maybe("encoding", Text)],
        encoding::to_binary,
        "The bytes of a text, or those that hex or base64 stand for.",
    ),
    function(
        "toCollection",
        Arrays,
        &[one("array", Array), one("keyName", Text), one("valueName", Text)],
        arrays::to_collection,
        "A collection from an array of keys and values.",
    ),
    function("toString", Texts, &[one("value", Any)], text::to_string, "The value as text."),
    function(
        "trim",
        Texts,
        &[one("text", Text)],
        text::trim,
        "The text without blanks at its ends.",
    ),
    function(
        "trunc",
        Math,
        &[one("number", Number), maybe("decimals", Number)],
        numbers::trunc,
        "The number without its fraction, or with some decimals of it.",
    ),
    function("upper", Texts, &[one("text", Text)], text::upper, "The text in upper case."),
];
