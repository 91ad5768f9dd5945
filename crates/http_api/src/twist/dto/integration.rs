use halyard_identity::UserId;
use halyard_messaging::integration::{Installation, Integration, Kind};
use halyard_platform::outbound;
use serde::Serialize;
use utoipa::ToSchema;

/// A program outside that can be installed in a workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntegrationSeen {
    /// Its id.
    id: i64,
    /// Where it can be installed.
    workspace_id: i64,
    /// Id of the person who made it.
    creator: i64,
    /// `channel`, `thread`, `bot`, `command` or `report`.
    kind: &'static str,
    /// What it is called; its bot has the same name.
    name: String,
    /// What it is for, or null.
    description: Option<String>,
    /// Where it is told things or, for a report, what is fetched, or null.
    url: Option<String>,
    /// Where its settings are made, or null.
    configure_url: Option<String>,
    /// The word that calls it, with its slash, or null.
    command: Option<String>,
    /// Id of the bot under whose name it posts.
    bot_id: i64,
    /// Where the caller has installed it; for administrators, wherever it is installed.
    installations: Vec<InstallationSeen>,
}

/// An integration at its place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstallationSeen {
    /// Its id, which the integration knows as `install_id`.
    id: i64,
    /// Id of the integration.
    integration_id: i64,
    /// Id of the person who installed it.
    installed_by: i64,
    /// The channel it is in, or null.
    channel_id: Option<i64>,
    /// The thread it is in, or null.
    thread_id: Option<i64>,
    /// Title of its reports, or null.
    title: Option<String>,
    /// The address to which it posts. Null for others than the person who installed it, and for
    /// kinds that do not post of their own accord.
    post_data_url: Option<String>,
    /// What its posts have as `verify_token`. Null for others than the person who installed it, and
    /// for kinds other than bots and commands.
    verify_token: Option<String>,
    /// The page of the integration for its settings, with what it needs to know; to be opened in a
    /// browser. Null without such a page, and for others than the person who installed it.
    configure_url: Option<String>,
    /// The page of this server about it, to which the page of the settings leads back.
    installation_url: String,
    /// Id for `hooks/get_deliveries` and `hooks/resend`, or null for one that is told nothing.
    subscription_id: Option<i64>,
}

impl IntegrationSeen {
    pub(crate) fn new(integration: Integration, installations: Vec<InstallationSeen>) -> Self {
        Self {
            id: integration.id,
            workspace_id: integration.workspace.0,
            creator: integration.creator.0,
            kind: integration.kind.stored(),
            name: integration.name,
            description: integration.description,
            url: integration.url,
            configure_url: integration.configure_url,
            command: integration.command,
            bot_id: integration.bot.0,
            installations,
        }
    }
}

/// The address to which an installed integration posts.
fn post_data_url(installation: &Installation, base: &str) -> String {
    let (id, token) = (installation.id, &installation.token);
    format!(
        "{base}/api/v3/integration_incoming/post_data?install_id={id}&install_token={id}_{token}"
    )
}

/// The page of its settings, told what it needs: which installation, where to post, and who opens it.
fn configure_url(
    integration: &Integration,
    installation: &Installation,
    base: &str,
    (user, name): (UserId, &str),
) -> Option<String> {
    let mut url = outbound::url(integration.configure_url.as_deref()?).ok()?;
    url.query_pairs_mut()
        .append_pair("install_id", &installation.id.to_string())
        .append_pair("post_data_url", &post_data_url(installation, base))
        .append_pair("user_id", &user.to_string())
        .append_pair("user_name", name);
    Some(url.into())
}

/// Where an installed integration posts, and its settings as `viewer` opens them.
pub(crate) fn installation_addresses(
    integration: &Integration,
    installation: &Installation,
    base: &str,
    viewer: (UserId, &str),
) -> (String, Option<String>) {
    let configure = configure_url(integration, installation, base, viewer);
    (post_data_url(installation, base), configure)
}

impl InstallationSeen {
    /// As `viewer`, with their name, sees it.
    pub(crate) fn new(
        integration: &Integration,
        installation: Installation,
        base: &str,
        viewer: (UserId, &str),
    ) -> Self {
        let own = installation.installed_by == viewer.0;
        let posts = own && matches!(integration.kind, Kind::Channel | Kind::Thread);
        let called = own && matches!(integration.kind, Kind::Bot | Kind::Command);
        Self {
            id: installation.id,
            integration_id: installation.integration,
            installed_by: installation.installed_by.0,
            channel_id: installation.channel.map(|id| id.0),
            thread_id: installation.thread.map(|id| id.0),
            post_data_url: posts.then(|| post_data_url(&installation, base)),
            verify_token: called.then(|| format!("{}_{}", installation.id, installation.token)),
            configure_url: own
                .then(|| configure_url(integration, &installation, base, viewer))
                .flatten(),
            installation_url: format!("{base}/integrations/installation/{}", installation.id),
            subscription_id: installation.subscription,
            title: installation.title,
        }
    }
}
