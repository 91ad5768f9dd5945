//! Apps made of a few texts, and a host that reaches this machine.

use std::collections::BTreeMap;

use halyard_automation::apps::{
    App, ErrorType, Files, Loaded, load,
    run::{self, Failure, Host, Outcome, Scene},
};
use halyard_iml::{Text, Value};
use halyard_platform::{
    clock::Clock,
    outbound::{Options, Outbound},
    random::Random,
};

/// 2024-05-06T07:08:09.010Z
pub(crate) const NOW: i64 = 1_714_979_289_010;

/// A host that may reach this machine, with a clock that stands.
pub(crate) fn host() -> Host {
    let allow = ["127.0.0.0/8", "::1"].map(|network| network.parse().unwrap());
    let outbound = Outbound::new(Options { allow: allow.into(), ..Options::default() }).unwrap();
    Host::new(outbound, Clock::manual(NOW), Random::seeded(1))
}

/// The texts of an app.
#[derive(Default)]
pub(crate) struct Build {
    files: BTreeMap<String, String>,
    components: BTreeMap<&'static str, Vec<String>>,
}

impl Build {
    pub(crate) fn new(base: &str) -> Self {
        Self::default().file("general/base.iml.json", base)
    }

    /// An app with this base and one action `m`.
    pub(crate) fn action(base: &str, communication: &str) -> App {
        Self::new(base).module("m", "action", communication).app()
    }

    /// An app with this base and one search `m`.
    pub(crate) fn search(base: &str, communication: &str) -> App {
        Self::new(base).module("m", "search", communication).app()
    }

    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    fn component(
        mut self,
        kind: &'static str,
        id: &str,
        rest: &str,
        codes: &[(&str, &str)],
    ) -> Self {
        let mut named = Vec::new();
        for (code, text) in codes {
            let path = format!("{kind}s/{id}/{code}.json");
            named.push(format!("\"{code}\": \"{path}\""));
            self = self.file(&path, text);
        }
        let codes = named.join(", ");
        let text = format!("\"{id}\": {{\"label\": \"{id}\", {rest} \"codeFiles\": {{{codes}}}}}");
        self.components.entry(kind).or_default().push(text);
        self
    }

    pub(crate) fn module(self, id: &str, kind: &str, communication: &str) -> Self {
        let rest = match kind {
            "instant_trigger" => {
                "\"moduleType\": \"instant_trigger\", \"webhook\": \"hook\",".to_owned()
            }
            kind => format!("\"moduleType\": \"{kind}\","),
        };
        self.component("module", id, &rest, &[("communication", communication)])
    }

    pub(crate) fn function(self, name: &str, code: &str) -> Self {
        self.component("function", name, "", &[("code", code)])
    }

    /// An action whose fields are these.
    pub(crate) fn form(self, id: &str, communication: &str, fields: &str) -> Self {
        let codes = [("communication", communication), ("mappableParams", fields)];
        self.component("module", id, "\"moduleType\": \"action\",", &codes)
    }

    pub(crate) fn trigger(self, id: &str, communication: &str, epoch: &str) -> Self {
        let codes = [("communication", communication), ("epoch", epoch)];
        self.component("module", id, "\"moduleType\": \"trigger\",", &codes)
    }

    pub(crate) fn rpc(self, id: &str, communication: &str) -> Self {
        self.component("rpc", id, "", &[("communication", communication)])
    }

    pub(crate) fn endpoint(self, id: &str, communication: &str) -> Self {
        self.component("endpoint", id, "", &[("communication", communication)])
    }

    pub(crate) fn webhook(self, communication: &str, attach: &str, detach: &str) -> Self {
        let codes = [("communication", communication), ("attach", attach), ("detach", detach)];
        self.component("webhook", "hook", "\"webhookType\": \"web\",", &codes)
    }

    pub(crate) fn connection(self, kind: &str, communication: &str) -> Self {
        let rest = format!("\"connectionType\": \"{kind}\",");
        self.component("connection", "account", &rest, &[("communication", communication)])
    }

    /// The app, of which nothing may be broken.
    pub(crate) fn app(self) -> App {
        let loaded = self.load();
        let findings: Vec<String> = loaded.findings.iter().map(ToString::to_string).collect();
        assert!(!loaded.has_errors(), "{findings:#?}");
        loaded.app.unwrap_or_else(|| panic!("{findings:#?}"))
    }

    /// The app, of which something is broken.
    pub(crate) fn loaded(self) -> App {
        let loaded = self.load();
        assert!(loaded.has_errors());
        loaded.app.unwrap_or_else(|| panic!("{:#?}", loaded.findings))
    }

    fn load(mut self) -> Loaded {
        let components: Vec<String> = self
            .components
            .iter()
            .map(|(kind, all)| format!("\"{kind}\": {{{}}}", all.join(", ")))
            .collect();
        let common = if self.files.contains_key("general/common.json") {
            "\"general/common.json\""
        } else {
            "null"
        };
        let manifest = format!(
            "{{\"fileVersion\": 1, \"generalCodeFiles\": {{\"base\": \"general/base.iml.json\", \
             \"common\": {common}, \"readme\": null, \"groups\": null}}, \"components\": {{{}}}}}",
            components.join(", ")
        );
        self.files.insert("makecomapp.json".to_owned(), manifest);
        let files: Files =
            self.files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        load(&files)
    }
}

/// A base with the address of a server.
pub(crate) fn base(url: &str) -> String {
    format!("{{\"baseUrl\": \"{url}\", \"log\": {{\"sanitize\": []}}}}")
}

pub(crate) fn value(json: &str) -> Value {
    Value::from_json(json).unwrap()
}

pub(crate) fn json(value: &Value) -> String {
    value.to_json().unwrap()
}

pub(crate) fn secrets(secrets: &[&str]) -> Vec<Text> {
    secrets.iter().map(|secret| Text::from(*secret)).collect()
}

/// Runs the module `m` with these parameters.
pub(crate) async fn run(host: &Host, app: &App, parameters: &str) -> Result<Outcome, Failure> {
    let scene = Scene::new(app, value(parameters));
    run::module(host, &app.modules["m"], &scene).await
}

/// The bundles of the module `m` as JSON.
pub(crate) async fn bundles(host: &Host, app: &App, parameters: &str) -> Vec<String> {
    match run(host, app, parameters).await {
        Ok(outcome) => outcome.bundles.iter().map(json).collect(),
        Err(failure) => panic!("{failure}: {:#?}", failure.exchanges),
    }
}

/// Type and message of the error of the module `m`.
pub(crate) async fn error(host: &Host, app: &App, parameters: &str) -> (ErrorType, String) {
    match run(host, app, parameters).await {
        Ok(outcome) => panic!("{:?}", outcome.bundles),
        Err(failure) => (failure.error.kind, failure.error.message),
    }
}
