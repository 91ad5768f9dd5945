//! The fields of forms: of connections, webhooks, modules, RPCs; and the descriptions of outputs.

use std::fmt;

use halyard_iml::{Text, Value};

use super::compile::parameters;

/// The fields of a form, in their order.
pub type Parameters = Vec<Field>;

/// An entry of a list of parameters.
#[derive(Clone, Debug)]
pub enum Field {
    /// A parameter.
    Parameter(Box<Parameter>),
    /// Parameters that an RPC gives.
    Rpc(RpcCall),
}

/// The fields that a value describes, such as the output of an RPC. What it cannot mean is left out.
#[must_use]
pub fn fields_from(value: &Value) -> Parameters {
    parameters::with_value(value, parameters::parameters)
}

/// The options that a value lists, such as the output of an RPC; one alone is a list of one. `label`
/// and `value` are the properties that hold the two, where they are not called so.
#[must_use]
pub fn choices_from(list: &Value, label: Option<&str>, value: Option<&str>) -> Vec<Choice> {
    parameters::with_value(list, |site| match list {
        Value::Array(_) => {
            site.items().filter_map(|item| parameters::choice(&item, label, value)).collect()
        }
        _ if list.is_nothing() => Vec::new(),
        _ => parameters::choice(site, label, value).into_iter().collect(),
    })
}

impl RpcCall {
    /// The call that a text such as `rpc://name?key=value` means.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        parameters::rpc_call(text)
    }
}

/// A call of an RPC: `rpc://name?key=value`.
#[derive(Clone, Debug)]
pub struct RpcCall {
    /// Which.
    pub name: Text,
    /// Parameters for it from the query; a repeated key is an array.
    pub query: Vec<(Text, Value)>,
}

/// A parameter: what is asked for, and what an answer must look like.
#[derive(Clone, Debug, Default)]
pub struct Parameter {
    /// The key of its value; visual parameters have none.
    pub name: Option<Text>,
    /// What people see.
    pub label: Option<Text>,
    /// More words for people.
    pub help: Option<Text>,
    /// What its value is.
    pub kind: Kind,
    /// Whether a value is demanded.
    pub required: bool,
    /// The value that a new form starts with.
    pub default: Option<Value>,
    /// Hidden until asked for.
    pub advanced: bool,
    /// Shown but not to be changed.
    pub disabled: bool,
    /// Whether expressions are allowed.
    pub mappable: bool,
    /// Whether it may be changed later (connections).
    pub editable: bool,
    /// Several lines of text.
    pub multiline: bool,
    /// What happens to tags in a text.
    pub tags: Option<Tags>,
    /// Bounds of the value; none when the author switched validation off.
    pub validate: Option<Validate>,
    /// What can be chosen from (select, file, folder, filter).
    pub options: Option<Options>,
    /// Whether several options may be chosen.
    pub multiple: bool,
    /// Whether the options stand in groups.
    pub grouped: bool,
    /// How the options are ordered for people.
    pub sort: Option<Text>,
    /// Whether mapped values need not be among the options.
    pub dynamic: bool,
    /// Fields that show while this one has a value.
    pub nested: Option<Nested>,
    /// The structure of elements (array) or members (collection); of a select its only type.
    pub spec: Option<Spec>,
    /// Keep the order of the spec.
    pub sequence: bool,
    /// False: a date without a time.
    pub time: bool,
    /// Allowed extensions of a file name.
    pub extension: Vec<Text>,
    /// The code page of a buffer.
    pub codepage: Option<Text>,
    /// What the value means, such as `file:name`.
    pub semantic: Option<Text>,
    /// A button that looks the value up.
    pub button: Option<Button>,
    /// Everything else that the author wrote, as it stands: shown to clients, not interpreted.
    pub rest: Vec<(Text, Value)>,
    /// All that the author wrote, which is what clients are shown.
    pub source: Value,
}

/// The types of parameters (vendor documentation and schema).
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "their names are the format's own")]
pub enum Kind {
    Text,
    Number,
    Integer,
    Uinteger,
    Port,
    Boolean,
    Date,
    Time,
    Timestamp,
    Timezone,
    Select,
    Array,
    Collection,
    Json,
    #[default]
    Any,
    Buffer,
    Filename,
    File,
    Folder,
    Path,
    Url,
    Email,
    Uuid,
    Color,
    Password,
    Cert,
    Pkey,
    Filter,
    Hidden,
    Udt,
    UdtType,
    UdtSpec,
    Banner,
    Markdown,
    Html,
    Separator,
    Checkbox,
    List,
    Radio,
    Upload,
    FileStorage,
    /// A reference to an object of the platform: `account`, `hook`, `keychain`, `device`, `datastore`,
    /// `scenario`, with what follows the colon.
    Reference(Text),
    /// A type that is known only when the form is shown (`{{…}}`), or that nobody knows.
    Other(Text),
}

impl Kind {
    /// Whether it only shows something and has no value.
    #[must_use]
    pub fn is_visual(&self) -> bool {
        matches!(self, Self::Banner | Self::Markdown | Self::Html | Self::Separator)
    }

    /// Whether a value is chosen from options.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        matches!(self, Self::Select | Self::List | Self::Radio)
    }
}

impl Parameter {
    /// The parameter that an object describes.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Collection(_) => Some(parameters::with_value(value, parameters::parameter)),
            _ => None,
        }
    }
}

impl fmt::Display for RpcCall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "rpc://{}", self.name)?;
        if self.query.is_empty() {
            return Ok(());
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in &self.query {
            let one = std::slice::from_ref(value);
            let values = if let Value::Array(items) = value { items } else { one };
            for text in values.iter().filter_map(Value::as_text) {
                query.append_pair(key, text);
            }
        }
        write!(out, "?{}", query.finish())
    }
}

/// What happens to tags in a text before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags {
    /// Tags are removed.
    Strip,
    /// Also those that are not closed.
    StripAll,
    /// `<`, `>` and `&` become entities.
    Escape,
}

/// Bounds of a value.
#[derive(Clone, Debug, Default)]
pub struct Validate {
    /// Least length, size or number.
    pub min: Option<f64>,
    /// Greatest length, size or number.
    pub max: Option<f64>,
    /// A regular expression, as it stands in the file.
    pub pattern: Option<Text>,
    /// The only allowed values.
    pub one_of: Vec<Value>,
    /// False: nothing is checked.
    pub off: bool,
}

/// What can be chosen.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the options come from.
    pub store: Store,
    /// Fields for whichever option is chosen.
    pub nested: Option<Nested>,
    /// The property of the store's items that people see; `label` unless it says otherwise.
    pub label: Option<Text>,
    /// The property that is the value; `value` unless it says otherwise.
    pub value: Option<Text>,
    /// Fields while nothing is chosen.
    pub placeholder_nested: Option<Nested>,
    /// Whether paths begin with `/` (file, folder).
    pub show_root: bool,
    /// Whether there is one level only (file, folder).
    pub single_level: bool,
    /// Everything else that the author wrote.
    pub rest: Vec<(Text, Value)>,
}

/// Where options come from.
#[derive(Clone, Debug)]
pub enum Store {
    /// They stand in the file.
    Fixed(Vec<Choice>),
    /// An RPC gives them.
    Rpc(RpcCall),
}

/// An option, or a group of options.
#[derive(Clone, Debug)]
pub enum Choice {
    /// An option.
    Option {
        /// What people see.
        label: Text,
        /// What the parameter becomes.
        value: Value,
        /// Whether a new form starts with it.
        default: bool,
        /// Whether it is a file, where the others are folders.
        file: bool,
        /// Fields that show while it is chosen.
        nested: Option<Nested>,
    },
    /// A group.
    Group {
        /// What people see.
        label: Text,
        /// Its options.
        options: Vec<Choice>,
    },
}

/// Fields below another field.
#[derive(Clone, Debug)]
pub struct Nested {
    /// Which.
    pub fields: Parameters,
    /// The set of parameters that they belong to (`expect`, `parameters`), where it is another one.
    pub domain: Option<Text>,
}

/// What an array or collection is made of.
#[derive(Clone, Debug)]
pub enum Spec {
    /// Elements of one type.
    One(Box<Parameter>),
    /// Collections with these fields.
    Many(Parameters),
}

/// A button that looks a value up.
#[derive(Clone, Debug)]
pub struct Button {
    /// What people see.
    pub label: Option<Text>,
    /// What is called.
    pub call: RpcCall,
    /// What is asked for before.
    pub parameters: Parameters,
}
