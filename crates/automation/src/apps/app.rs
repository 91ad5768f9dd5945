use std::{collections::BTreeMap, fmt};

use halyard_iml::{Text, Value};

use super::{
    finding::Finding,
    parameter::{Parameters, RpcCall},
    plan::{Communication, Reception, Request, Respond},
};

/// A loaded app. Maps are by the name that the app calls the thing.
#[derive(Clone, Debug, Default)]
pub struct App {
    /// Its name: `twist`.
    pub name: String,
    /// What people see.
    pub label: String,
    /// Its version.
    pub version: u32,
    /// `common`: data that is not the user's.
    pub common: Value,
    /// How people connect to the service.
    pub connections: BTreeMap<String, Connection>,
    /// Where the service reports to.
    pub webhooks: BTreeMap<String, Webhook>,
    /// Its steps.
    pub modules: BTreeMap<String, Module>,
    /// Its look-ups.
    pub rpcs: BTreeMap<String, Rpc>,
    /// Its functions, in JavaScript.
    pub functions: BTreeMap<String, Function>,
    /// Requests that modules and RPCs share.
    pub endpoints: BTreeMap<String, Communication>,
    /// Headings of the modules.
    pub groups: Vec<Group>,
    /// Parts that are left out, with what keeps each from being used.
    pub unusable: BTreeMap<(Component, String), Finding>,
    /// What its author says about it, in Markdown.
    pub readme: Option<Text>,
}

/// The parts of an app that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "their names are the format's own")]
pub enum Component {
    Connection,
    Webhook,
    Module,
    Rpc,
    Function,
    Endpoint,
}

impl fmt::Display for Component {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Connection => "connection",
            Self::Webhook => "webhook",
            Self::Module => "module",
            Self::Rpc => "rpc",
            Self::Function => "function",
            Self::Endpoint => "endpoint",
        })
    }
}

/// A way of connecting to the service.
#[derive(Clone, Debug)]
pub struct Connection {
    /// What people see.
    pub label: String,
    /// What is asked for.
    pub parameters: Parameters,
    /// The connection's own common data.
    pub common: Option<Value>,
    /// How it is made and tested.
    pub kind: ConnectionKind,
}

/// How a connection is made and tested.
#[derive(Clone, Debug)]
pub enum ConnectionKind {
    /// What was asked for is used as it is; the request tests it.
    Basic(Communication),
    /// OAuth 2.0
    OAuth2(Box<OAuth2>),
    /// OAuth 1.0: the sections `requestToken`, `authorize`, `accessToken`, `info`.
    OAuth1(BTreeMap<String, Request>),
}

/// The sections of an OAuth 2.0 connection, and its scopes.
#[derive(Clone, Debug, Default)]
pub struct OAuth2 {
    /// Made before the browser is sent away.
    pub preauthorize: Option<Request>,
    /// Where the browser is sent, and what is taken from the answer that it brings.
    pub authorize: Option<Request>,
    /// Exchanges the code, or credentials, for tokens.
    pub token: Option<Request>,
    /// Tests the connection and reads who it is.
    pub info: Option<Request>,
    /// A new access token. Its `condition` tells when it is due.
    pub refresh: Option<Request>,
    /// Takes the token back.
    pub invalidate: Option<Request>,
    /// Scopes that every connection asks for.
    pub default_scope: Vec<Text>,
    /// All scopes with words for people.
    pub scopes: Vec<(Text, Text)>,
}

/// Where the service reports to.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// What people see.
    pub label: String,
    /// One address for the whole app instead of one per hook.
    pub shared: bool,
    /// Connections that it can use; the first unless another is chosen.
    pub connections: Vec<String>,
    /// What is asked for.
    pub parameters: Parameters,
    /// What becomes of a call.
    pub reception: Reception,
    /// Tells the service about the address.
    pub attach: Communication,
    /// Takes that back.
    pub detach: Communication,
    /// Tells about changed parameters.
    pub update: Communication,
    /// Scopes that it needs.
    pub scope: Vec<Text>,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Module {
    /// What people see.
    pub label: String,
    /// More words for people.
    pub description: String,
    /// What kind of step it is.
    pub kind: ModuleKind,
    /// What an action does to the thing.
    pub crud: Option<Crud>,
    /// Connections that it can use; the first unless another is chosen.
    pub connections: Vec<String>,
    /// Whether it also runs without one: `connectionOptional` of its entry, an addition of ours.
    pub connection_optional: bool,
    /// The webhook of an instant trigger.
    pub webhook: Option<String>,
    /// What it does.
    pub communication: Communication,
    /// The answer of a responder.
    pub respond: Option<Respond>,
    /// What is asked for once.
    pub parameters: Parameters,
    /// What is asked for at each operation.
    pub expect: Parameters,
    /// What comes out.
    pub interface: Parameters,
    /// `metadata` in expressions: `expect` and `interface` as they stand in the files.
    pub metadata: Value,
    /// An example of what comes out, or the RPC that gives one.
    pub samples: Option<Samples>,
    /// Scopes that it needs.
    pub scope: Vec<Text>,
    /// The list that people choose a start from, of a polling trigger: its own communication with
    /// what the file says on top.
    pub epoch: Option<Communication>,
}

/// Where the example of an output comes from.
#[derive(Clone, Debug)]
pub enum Samples {
    /// It stands in the file.
    Fixed(Value),
    /// An RPC gives it.
    Rpc(RpcCall),
}

/// The kinds of modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// One bundle.
    Action,
    /// Any number of bundles.
    Search,
    /// What is new since the last time.
    Trigger,
    /// What the service reports.
    InstantTrigger,
    /// Answers the call that has started the run.
    Responder,
    /// Any request that the user describes.
    Universal,
}

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Crud {
    Create,
    Read,
    Update,
    Delete,
}

/// A look-up for forms.
#[derive(Clone, Debug)]
pub struct Rpc {
    /// What people see.
    pub label: String,
    /// Connections that it can use.
    pub connections: Vec<String>,
    /// What it does.
    pub communication: Communication,
    /// What it is given.
    pub parameters: Parameters,
}

/// A function in JavaScript.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its source: one function.
    pub code: Text,
    /// The source of its tests.
    pub test: Option<Text>,
}

/// A heading with modules.
#[derive(Clone, Debug)]
pub struct Group {
    /// The heading.
    pub label: Text,
    /// Names of modules.
    pub modules: Vec<Text>,
}
