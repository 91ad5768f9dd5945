use anyhow::{anyhow, bail};
use clap::Args;
use halyard_automation::{
    apps::{App, function::Scripts},
    connections::{About, Findings, Making, Secrets, scope},
};
use halyard_iml::{Collection, Text, Value};
use halyard_platform::{outbound, random::Random};

use super::authorize::{Visit, established};
use crate::{
    automation::{
        input::{self, Settings},
        source,
        tools::{Tools, Whose, in_words},
    },
    commands::print,
};

/// The parameter by which an app asks for the address of the service itself.
const BASE_URL: &str = "baseUrl";

/// Flags of `halyard connection add`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What to call it
    name: String,
    /// The app: its folder, or the name of a built-in one
    #[arg(long, value_name = "DIR|NAME")]
    app: String,
    /// Which of the app's kinds of connections; needed when it has several
    #[arg(long)]
    kind: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// Where the service is, when it is not where the app says, such as http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    visit: Visit,
}

/// Makes a connection, tests it, and keeps it.
pub(super) async fn run(tools: &Tools, arguments: Arguments) -> anyhow::Result<()> {
    arguments.whose.expect(&tools.db).await?;
    let source = source::open(&arguments.app)?;
    let app = &source.app;
    let kind = choose(app, arguments.kind.as_deref())?;
    let described = &app.connections[&kind];
    let mut given = arguments.settings.read()?;
    let asks = asks_for_base(&described.parameters);
    if let (Some(url), true) = (&arguments.base_url, asks) {
        given.push((BASE_URL.to_owned(), Value::from(url.as_str())));
    }
    let parameters = input::fill(&described.parameters, &given, &Value::Undefined)?;
    let about = About {
        workspace: arguments.whose.id(),
        name: arguments.name.clone(),
        app: app.name.clone(),
        source: source.folder.clone(),
        kind: kind.clone(),
        base_url: base_url(arguments.base_url.as_deref(), &parameters)?,
    };
    tools.store.expect_free(&about).await?;
    let making = Making {
        host: &tools.host,
        app,
        functions: &Scripts::new(&app.functions),
        kind: &kind,
        secrets: Secrets { parameters: parameters.clone(), data: Collection::default().into() },
        base_url: about.base_url.clone(),
        redirect_uri: None,
        scopes: wanted(app, &kind, &arguments.visit, &[])?,
        state: Random::os().hex(16),
    };
    let found: Findings = established(making, &arguments.visit).await?;
    let made = tools.store.add(about, parameters, found).await?;
    print(&format!("connection added: {}", in_words(&made.listed)));
    Ok(())
}

/// The scopes to ask for: for the modules that are named, or for all.
pub(super) fn wanted(
    app: &App,
    kind: &str,
    visit: &Visit,
    before: &[Text],
) -> anyhow::Result<Vec<Text>> {
    if let Some(unknown) = visit.modules().iter().find(|name| !app.modules.contains_key(*name)) {
        let known: Vec<&str> = app.modules.keys().map(String::as_str).collect();
        bail!("module: the app has no module {unknown:?}; it has {}", known.join(", "));
    }
    let only = (!visit.modules().is_empty()).then(|| visit.modules());
    let more: Vec<Text> = before.iter().cloned().chain(visit.scopes()).collect();
    Ok(scope::wanted(app, kind, only, &more))
}

fn choose(app: &App, kind: Option<&str>) -> anyhow::Result<String> {
    let known: Vec<&str> = app.connections.keys().map(String::as_str).collect();
    match (kind, known.as_slice()) {
        (Some(kind), _) if known.contains(&kind) => Ok(kind.to_owned()),
        (None, [only]) => Ok((*only).to_owned()),
        (_, []) => bail!("app: {} has no connections: its modules need none", app.name),
        (Some(kind), _) => bail!("kind: {kind:?} is none; use {}", known.join(" or ")),
        (None, _) => {
            bail!("kind: {} has several; use --kind {}", app.name, known.join(" or --kind "))
        }
    }
}

fn asks_for_base(fields: &[halyard_automation::apps::parameter::Field]) -> bool {
    use halyard_automation::apps::parameter::Field;
    fields.iter().any(|field| match field {
        Field::Parameter(parameter) => parameter.name.as_deref() == Some(BASE_URL),
        Field::Rpc(_) => false,
    })
}

/// Where the service is: as said on the command line, or in the form of the app.
fn base_url(given: Option<&str>, parameters: &Value) -> anyhow::Result<Option<String>> {
    let filled = match parameters {
        Value::Collection(all) => all.by_name(BASE_URL).and_then(Value::as_text).cloned(),
        _ => None,
    };
    let text = given.map(str::to_owned).or_else(|| filled.map(|text| text.to_string()));
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    outbound::url(&text).map_err(|error| anyhow!("base-url: {error}"))?;
    // Apps put paths that begin with a slash behind it.
    Ok(Some(text.trim_end_matches('/').to_owned()))
}
