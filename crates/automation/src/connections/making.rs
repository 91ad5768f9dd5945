//! Making a connection, and authorizing it again.

use halyard_iml::{Collection, Functions, Text, Value};
use halyard_platform::outbound::Url;

use super::{
    Findings, Secrets,
    connection::{merged, root},
    secret::{named, secrets},
};
use crate::apps::{
    App, AppError, Connection as Kind, ConnectionKind, ErrorType, OAuth2,
    plan::{Communication, Request},
    run::{self, Failure, Host, Scene, Section},
};

/// What is needed to make a connection.
#[derive(Clone)]
pub struct Making<'a> {
    /// How requests are made.
    pub host: &'a Host,
    /// The app.
    pub app: &'a App,
    /// The functions of the app.
    pub functions: &'a (dyn Functions + Sync),
    /// Which of its connections.
    pub kind: &'a str,
    /// What was filled in; of a connection that is authorized again also what is saved.
    pub secrets: Secrets,
    /// Where the service is, when it is not where the app says.
    pub base_url: Option<String>,
    /// Where the service sends the browser back to.
    pub redirect_uri: Option<String>,
    /// What is asked for.
    pub scopes: Vec<Text>,
    /// Found in the callback again, so that nobody can bring an answer that was not asked for.
    pub state: String,
}

/// What making a connection has come to.
#[derive(Debug)]
pub enum Step {
    /// It works.
    Done(Box<Findings>),
    /// A person has to go to an address; what the service sends back goes to [`Making::finish`].
    Browse(Box<Pending>),
}

/// A connection that waits for the callback of the service.
#[derive(Clone)]
pub struct Pending {
    /// Where the person has to go.
    pub address: Url,
    temp: Value,
    found: Findings,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Pending")
    }
}

/// What has come of the sections so far.
struct Progress {
    temp: Value,
    found: Findings,
}

impl Progress {
    fn new(temp: Value, found: Findings) -> Self {
        Self { temp, found }
    }

    fn take(&mut self, section: Section) {
        self.temp = section.temp;
        let found = &mut self.found;
        found.data = merged(&found.data, &section.data.unwrap_or_default());
        found.uid = section.uid.map(|uid| uid.to_string()).or(found.uid.take());
        found.expires_at = section.expires.map(|date| date.ms()).or(found.expires_at);
        found.metadata = section.metadata.as_ref().and_then(label).or(found.metadata.take());
    }
}

/// What people see of `response.metadata`.
fn label(metadata: &Value) -> Option<String> {
    let value = match metadata {
        Value::Collection(all) => all.by_name("value")?,
        other => other,
    };
    match value {
        Value::Text(text) if text.is_empty() => None,
        Value::Text(text) => Some(text.to_string()),
        Value::Undefined | Value::Null => None,
        other => other.to_json().ok(),
    }
}

impl<'a> Making<'a> {
    /// Begins: everything up to the visit of a person, or everything when there is none.
    ///
    /// # Errors
    /// What the service or the app makes of it; then nothing is to be kept.
    pub async fn begin(&self) -> Result<Step, Failure> {
        let kind = self.described()?;
        let mut progress = Progress::new(Value::Undefined, Findings::default());
        match &kind.kind {
            ConnectionKind::Basic(communication) => {
                self.all(kind, communication, &mut progress).await?;
            }
            ConnectionKind::OAuth2(sections) => {
                progress.found.scopes = Some(self.scopes.clone());
                if let Some(request) = &sections.preauthorize {
                    self.one(kind, request, &mut progress, None).await?;
                }
                if let Some(request) = &sections.authorize {
                    return self.browse(kind, request, progress);
                }
                // Without a visit a token is fetched only by an app that says so.
                if let Some(request) = sections.token.as_ref().filter(|r| r.condition.is_some()) {
                    self.one(kind, request, &mut progress, None).await?;
                }
                self.test(kind, sections.info.as_ref(), &mut progress).await?;
            }
            ConnectionKind::OAuth1(sections) => {
                if let Some(request) = sections.get("requestToken") {
                    self.one(kind, request, &mut progress, None).await?;
                }
                if let Some(request) = sections.get("authorize") {
                    return self.browse(kind, request, progress);
                }
                self.finish_oauth1(kind, sections, &mut progress).await?;
            }
        }
        Ok(Step::Done(Box::new(progress.found)))
    }

    /// Goes on with what the service has sent back: the query of the callback.
    ///
    /// # Errors
    /// When the callback does not belong to what was begun, when the person has not agreed, or when
    /// the service does not go on; then nothing is to be kept.
    pub async fn finish(
        &self,
        pending: &Pending,
        query: &[(String, String)],
    ) -> Result<Findings, Failure> {
        let kind = self.described()?;
        self.expect_ours(kind, pending, query)?;
        let entries =
            query.iter().map(|(name, value)| (name.as_str(), Value::from(value.as_str())));
        let given = Value::from(Collection::of(entries));
        let mut progress = Progress::new(pending.temp.clone(), pending.found.clone());
        match &kind.kind {
            ConnectionKind::Basic(_) => {}
            ConnectionKind::OAuth2(sections) => {
                self.returned(kind, sections.authorize.as_ref(), &mut progress, given, query)?;
                if let Some(request) = &sections.token {
                    self.one(kind, request, &mut progress, None).await?;
                }
                self.test(kind, sections.info.as_ref(), &mut progress).await?;
            }
            ConnectionKind::OAuth1(sections) => {
                self.returned(kind, sections.get("authorize"), &mut progress, given, query)?;
                self.finish_oauth1(kind, sections, &mut progress).await?;
            }
        }
        Ok(progress.found)
    }

    /// Tests a connection that is there: its only request, or its `info`.
    ///
    /// # Errors
    /// What the service or the app makes of it.
    pub async fn check(&self) -> Result<Findings, Failure> {
        let kind = self.described()?;
        let mut progress = Progress::new(Value::Undefined, Findings::default());
        match &kind.kind {
            ConnectionKind::Basic(communication) => {
                self.all(kind, communication, &mut progress).await?;
            }
            ConnectionKind::OAuth2(sections) => {
                self.test(kind, sections.info.as_ref(), &mut progress).await?;
            }
            ConnectionKind::OAuth1(sections) => {
                self.test(kind, sections.get("info"), &mut progress).await?;
            }
        }
        Ok(progress.found)
    }

    /// Tells the service that the tokens are no longer wanted. True when the app has words for that.
    ///
    /// # Errors
    /// What the service makes of it.
    pub async fn invalidate(&self) -> Result<bool, Failure> {
        let kind = self.described()?;
        let Some(request) = oauth2(kind).and_then(|sections| sections.invalidate.as_ref()) else {
            return Ok(false);
        };
        let mut progress = Progress::new(Value::Undefined, Findings::default());
        self.one(kind, request, &mut progress, None).await?;
        Ok(true)
    }

    /// Whether `refresh` is due, as its condition says. Makes no request.
    pub(super) async fn refresh_is_due(&self) -> Result<bool, Failure> {
        let kind = self.described()?;
        let refresh = oauth2(kind).and_then(|sections| sections.refresh.as_ref());
        let Some(condition) = refresh.filter(|request| request.condition.is_some()) else {
            return Ok(false);
        };
        let asking = Request {
            temp: condition.temp.clone(),
            condition: condition.condition.clone(),
            ..Request::default()
        };
        let scene = self.scene(kind, &Progress::new(Value::Undefined, Findings::default()), None);
        Ok(run::section(self.host, &asking, &scene, Value::Undefined).await?.ran)
    }

    /// Whether the app can refresh.
    pub(super) fn can_refresh(&self) -> bool {
        let kind = self.app.connections.get(self.kind);
        kind.and_then(oauth2).is_some_and(|sections| sections.refresh.is_some())
    }

    /// Gets new tokens, whatever the condition of the section says.
    pub(super) async fn refresh(&self) -> Result<Findings, Failure> {
        let kind = self.described()?;
        let mut progress = Progress::new(Value::Undefined, Findings::default());
        if let Some(request) = oauth2(kind).and_then(|sections| sections.refresh.as_ref()) {
            let always = Request { condition: None, ..request.clone() };
            self.one(kind, &always, &mut progress, None).await?;
        }
        Ok(progress.found)
    }

    /// Whether a person has to visit the service.
    #[must_use]
    pub fn needs_a_visit(&self) -> bool {
        match self.app.connections.get(self.kind).map(|kind| &kind.kind) {
            Some(ConnectionKind::OAuth2(sections)) => sections.authorize.is_some(),
            Some(ConnectionKind::OAuth1(sections)) => sections.contains_key("authorize"),
            Some(ConnectionKind::Basic(_)) | None => false,
        }
    }

    /// The secrets of the connection, to be hidden.
    #[must_use]
    pub fn hidden(&self) -> Vec<Text> {
        let kind = self.app.connections.get(self.kind);
        secrets(kind.map_or(&Vec::new(), |kind| &kind.parameters), &self.secrets)
    }

    fn described(&self) -> Result<&'a Kind, Failure> {
        self.app.connections.get(self.kind).ok_or_else(|| {
            let known: Vec<&str> = self.app.connections.keys().map(String::as_str).collect();
            let message = format!(
                "The app {} has no connection {:?}; it has: {}.",
                self.app.name,
                self.kind,
                known.join(", ")
            );
            wrong(ErrorType::InvalidConfigurationError, message)
        })
    }

    fn browse(&self, kind: &Kind, request: &Request, progress: Progress) -> Result<Step, Failure> {
        let scene = self.scene(kind, &progress, None);
        let redirect = run::redirect(self.host, request, &scene, progress.temp.clone())?;
        let mut address = redirect.url;
        if matches!(kind.kind, ConnectionKind::OAuth2(_)) {
            let others: Vec<(String, String)> = address
                .query_pairs()
                .filter(|(name, _)| name != "state")
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            address
                .query_pairs_mut()
                .clear()
                .extend_pairs(others)
                .append_pair("state", &self.state);
        }
        let (temp, found) = (redirect.temp, progress.found);
        Ok(Step::Browse(Box::new(Pending { address, temp, found })))
    }

    /// OAuth 2 carries our own state; OAuth 1 the request token that stands in the address.
    fn expect_ours(
        &self,
        kind: &Kind,
        pending: &Pending,
        query: &[(String, String)],
    ) -> Result<(), Failure> {
        let came = |name: &str| {
            query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
        };
        let sent = |name: &str| {
            let found = pending.address.query_pairs().find(|(other, _)| other == name);
            found.map(|(_, value)| value.into_owned())
        };
        let ours = match kind.kind {
            ConnectionKind::OAuth2(_) => came("state") == Some(self.state.as_str()),
            ConnectionKind::OAuth1(_) => match (came("oauth_token"), sent("oauth_token")) {
                (Some(came), Some(sent)) => came == sent,
                _ => true,
            },
            ConnectionKind::Basic(_) => true,
        };
        if ours {
            return Ok(());
        }
        let message = "The answer that came back does not belong to this attempt: begin again, and \
                       use the address that is shown then.";
        Err(wrong(ErrorType::InvalidConfigurationError, message))
    }

    fn returned(
        &self,
        kind: &Kind,
        authorize: Option<&Request>,
        progress: &mut Progress,
        given: Value,
        query: &[(String, String)],
    ) -> Result<(), Failure> {
        if let Some(request) = authorize {
            let scene = self.scene(kind, progress, Some(given));
            let section = run::returned(self.host, request, &scene, progress.temp.clone())?;
            progress.take(section);
        }
        // An app that does not look would go on without a code.
        let text = |name: &str| {
            query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
        };
        let Some(error) = text("error") else { return Ok(()) };
        let more = text("error_description").map(|more| format!(" ({more})")).unwrap_or_default();
        Err(wrong(
            ErrorType::InvalidConfigurationError,
            format!("The service did not grant access: {error}{more}."),
        ))
    }

    async fn finish_oauth1(
        &self,
        kind: &Kind,
        sections: &std::collections::BTreeMap<String, Request>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        if let Some(request) = sections.get("accessToken") {
            self.one(kind, request, progress, None).await?;
        }
        self.test(kind, sections.get("info"), progress).await
    }

    async fn test(
        &self,
        kind: &Kind,
        info: Option<&Request>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        match info {
            Some(request) => self.one(kind, request, progress, None).await,
            None => Ok(()),
        }
    }

    async fn all(
        &self,
        kind: &Kind,
        communication: &Communication,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        for request in &communication.requests {
            self.one(kind, request, progress, None).await?;
        }
        Ok(())
    }

    async fn one(
        &self,
        kind: &Kind,
        request: &Request,
        progress: &mut Progress,
        query: Option<Value>,
    ) -> Result<(), Failure> {
        let scene = self.scene(kind, progress, query);
        let section = run::section(self.host, request, &scene, progress.temp.clone()).await?;
        progress.take(section);
        Ok(())
    }

    fn scene(&self, kind: &Kind, progress: &Progress, query: Option<Value>) -> Scene<'a> {
        let mut now = self.secrets.clone();
        now.data = merged(&now.data, &progress.found.data);
        let mut hidden = secrets(&kind.parameters, &now);
        named(&progress.temp, &mut hidden);
        let base_url = self.base_url.as_deref();
        Scene {
            connection: Some(root(&now, base_url)),
            base_url: base_url.and_then(|url| halyard_platform::outbound::url(url).ok()),
            common: kind.common.as_ref().map(|own| merged(&self.app.common, own)),
            data: Some(now.data),
            oauth: Some(self.oauth()),
            query,
            functions: self.functions,
            secrets: hidden,
            ..Scene::new(self.app, now.parameters)
        }
    }

    fn oauth(&self) -> Value {
        let scopes = self.scopes.iter().map(|scope| Value::Text(scope.clone())).collect();
        let back = match &self.redirect_uri {
            Some(uri) => Value::from(uri.as_str()),
            None => Value::Undefined,
        };
        let names = ["redirectUri", "makeRedirectUri", "localRedirectUri"];
        let backs = names.into_iter().map(|name| (name, back.clone()));
        Collection::of(backs.chain([("scope", Value::array(scopes))])).into()
    }
}

fn oauth2(kind: &Kind) -> Option<&OAuth2> {
    match &kind.kind {
        ConnectionKind::OAuth2(sections) => Some(sections),
        _ => None,
    }
}

fn wrong(kind: ErrorType, message: impl Into<String>) -> Failure {
    Failure { error: AppError::new(kind, message), exchanges: Vec::new(), saved: None }
}
