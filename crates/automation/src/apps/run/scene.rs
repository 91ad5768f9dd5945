//! What one call is given: the roots of its expressions and the secrets that nobody may see.

use halyard_iml::{Functions, NoFunctions, Text, Value};
use halyard_platform::outbound::Url;

use crate::apps::App;

/// What one call is given.
#[derive(Clone)]
pub struct Scene<'a> {
    /// The app, for its common data and its endpoints.
    pub app: &'a App,
    /// `parameters`
    pub parameters: Value,
    /// `connection`: the parameters of the connection with its saved data on top.
    pub connection: Option<Value>,
    /// Connections for endpoints that ask for one by its name in the app.
    pub connections: Vec<(Text, Value)>,
    /// Where the service is. Takes the place of the origin of the app's `baseUrl`, unless the app
    /// itself asks for `connection.baseUrl`.
    pub base_url: Option<Url>,
    /// `common`, where it is not that of the app.
    pub common: Option<Value>,
    /// `webhook`
    pub webhook: Option<Value>,
    /// `data`: saved data of a connection while it is refreshed. Polling sets it from its cursor.
    pub data: Option<Value>,
    /// `payload`: what a webhook has received.
    pub payload: Option<Value>,
    /// `oauth`
    pub oauth: Option<Value>,
    /// `query` of a callback.
    pub query: Option<Value>,
    /// `metadata` and `scenario` are not the app's; further roots go here.
    pub others: Vec<(Text, Value)>,
    /// The functions of the app. A call may move between threads, hence `Sync`.
    pub functions: &'a (dyn Functions + Sync),
    /// What is hidden wherever it appears in errors and exchanges, and follows no redirect and no
    /// link to another origin.
    pub secrets: Vec<Text>,
}

impl<'a> Scene<'a> {
    /// With parameters and nothing else.
    #[must_use]
    pub fn new(app: &'a App, parameters: Value) -> Self {
        Self {
            app,
            parameters,
            connection: None,
            connections: Vec::new(),
            base_url: None,
            common: None,
            webhook: None,
            data: None,
            payload: None,
            oauth: None,
            query: None,
            others: Vec::new(),
            functions: &NoFunctions,
            secrets: Vec::new(),
        }
    }
}
