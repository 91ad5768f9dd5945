//! Calls a module as a scenario does: through its form, then through the executor.

use std::path::Path;

use halyard_automation::apps::{
    App, Finding, Module,
    function::Scripts,
    load,
    parameter::Field,
    run::{self, Failure, Host, Scene},
};
use halyard_iml::Value as Iml;
use halyard_platform::{
    clock::Clock,
    outbound::{Options, Outbound, url},
    random::Random,
};
use serde_json::{Value, json};

use super::{Fault, FaultServer, Service, Table, form, read_folder};

/// An app, the service that it is called against, and what has been seen so far.
pub(crate) struct Driver {
    pub(crate) app: App,
    pub(crate) findings: Vec<Finding>,
    /// The functions of the app.
    scripts: Scripts,
    pub(crate) host: Host,
    pub(crate) service: Service,
    pub(crate) table: Table,
    faulty: FaultServer,
}

/// What a call has brought.
pub(crate) struct Called {
    pub(crate) bundles: Vec<Value>,
    /// How many requests were made.
    pub(crate) requests: usize,
}

impl Driver {
    /// Loads `apps/<name>` of the repository.
    pub(crate) async fn load(name: &'static str, service: Service) -> Self {
        let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps");
        Self::load_from(name, &apps.join(name), service).await
    }

    /// Loads an app from a folder.
    pub(crate) async fn load_from(name: &'static str, folder: &Path, service: Service) -> Self {
        let loaded = load(&read_folder(folder));
        let findings = loaded.findings;
        let app = loaded.app.unwrap_or_else(|| panic!("{name} does not load: {findings:#?}"));
        let scripts = Scripts::new(&app.functions);
        Self {
            scripts,
            app,
            findings,
            host: host(),
            service,
            table: Table::new(name),
            faulty: FaultServer::start().await,
        }
    }

    /// The module of this name.
    #[track_caller]
    pub(crate) fn module(&self, name: &str) -> &Module {
        self.app.modules.get(name).unwrap_or_else(|| panic!("there is no module {name}"))
    }

    /// Whether a case has checked this module.
    pub(crate) fn checked(&self, name: &str) -> bool {
        self.table.has(name)
    }

    /// A scene with this input, at the service or at an address.
    pub(crate) fn scene(&self, parameters: Iml, base_url: &str) -> Scene<'_> {
        let mut connection = self.service.connection.clone();
        connection["baseUrl"] = json!(base_url);
        let mut scene = Scene::new(&self.app, parameters);
        scene.functions = &self.scripts;
        scene.connection = Some(iml(&connection));
        scene.base_url = Some(url(base_url).unwrap());
        scene
    }

    /// An address that fails like this from now on.
    pub(crate) fn fails_with(&self, fault: &Fault) -> &str {
        self.faulty.set(fault);
        &self.faulty.base_url
    }

    /// The fields of a module, or of the webhook that it has.
    pub(crate) fn fields(&self, module: &Module) -> Vec<Field> {
        match &module.webhook {
            Some(webhook) => self.app.webhooks[webhook].parameters.clone(),
            None => module.parameters.iter().chain(&module.expect).cloned().collect(),
        }
    }

    /// What the form of a module makes of an input; the words with which it refuses it otherwise.
    pub(crate) fn fill(&self, module: &Module, input: &Value) -> Result<Iml, String> {
        form::input(&self.fields(module), &self.service.names.fill(input))
    }

    /// Calls a module at the service.
    pub(crate) async fn call(&self, module: &str, input: &Value) -> Result<Called, String> {
        let parameters = self.fill(self.module(module), input)?;
        let called = self.call_at(&self.service.base_url, module, parameters).await;
        called.map_err(|failure| failure.to_string())
    }

    /// Calls a module at an address.
    pub(crate) async fn call_at(
        &self,
        base_url: &str,
        module: &str,
        parameters: Iml,
    ) -> Result<Called, Failure> {
        let scene = self.scene(parameters, base_url);
        let outcome = run::module(&self.host, self.module(module), &scene).await?;
        let bundles = outcome.bundles.iter().map(plain).collect();
        Ok(Called { bundles, requests: outcome.exchanges.len() })
    }

    /// Writes the table and fails when something in it is wrong.
    #[track_caller]
    pub(crate) fn conclude(self) {
        self.table.conclude(true);
    }

    /// The same without writing the table.
    #[track_caller]
    pub(crate) fn agree(self) {
        self.table.conclude(false);
    }
}

fn host() -> Host {
    let options = Options { allow: vec!["127.0.0.1".parse().unwrap()], ..Options::default() };
    Host::new(Outbound::new(options).unwrap(), Clock::system(), Random::os())
}

/// A value of expressions from JSON.
pub(crate) fn iml(value: &Value) -> Iml {
    Iml::from_json(&value.to_string()).unwrap()
}

/// JSON from a value of expressions. What is no value becomes null.
pub(crate) fn plain(value: &Iml) -> Value {
    serde_json::from_str(&value.to_json().unwrap()).unwrap_or_default()
}
