//! Compiling the parts of an app and putting them together.

use std::{cell::RefCell, collections::BTreeSet};

use halyard_iml::{Text, Value};

use super::{
    documents::Documents,
    module::module,
    outline::{Code, Entry, Outline},
    references,
};
use crate::apps::{
    app::{App, Component, Connection, ConnectionKind, Function, Group, Rpc, Webhook},
    compile::{Compiler, ConnectionType, Place, combine, parameters::parameters, restrict, scopes},
    files::Files,
    node::NodeKind,
    notes::{Notes, Site},
    parameter::Parameters,
    plan::{Communication, Request},
    rules::{
        BAD_IDENTIFIER, ENCODING, INCOMPLETE, MISSING_CONNECTION, MISSING_PART, MISSING_SANITIZE,
        NOT_SUPPORTED, TOO_LONG, UNKNOWN_TYPE, WRONG_KIND,
    },
};

const METADATA: &str = "metadata.json";
const MOST_CODE: usize = 5000;

/// Name, label and version, where the folder tells them.
pub(super) fn describe(
    files: &Files,
    documents: &mut Documents,
    outline: &mut Outline,
    notes: &Notes,
) {
    documents.read(files, METADATA, notes);
    let Some(site) = documents.site(METADATA, notes) else { return };
    let text = |name| site.node.get(name).and_then(|node| node.as_text()).map(ToString::to_string);
    outline.name = text("name").or(outline.name.take());
    outline.label = text("label");
    if let Some(NodeKind::Number(version)) = site.node.get("version").map(|node| &node.kind) {
        outline.version = Some(*version as u32);
    }
}

/// What all components are compiled with.
pub(super) struct Shop<'a> {
    pub(super) outline: &'a Outline,
    pub(super) documents: &'a Documents,
    pub(super) notes: &'a Notes,
    pub(super) compiler: Compiler<'a>,
    pub(super) base: Request,
}

/// The app. None when what all of it hangs on cannot be read.
pub(super) fn app(
    files: &Files,
    documents: &mut Documents,
    outline: &Outline,
    notes: &Notes,
) -> Option<App> {
    let general = [&outline.base, &outline.common, &outline.groups];
    let codes = outline.entries.iter().flat_map(|entry| {
        entry.codes.iter().filter(|(code, _)| code.is_json()).map(|(_, path)| path)
    });
    for path in general.into_iter().flatten().chain(codes) {
        documents.read(files, path, notes);
    }
    let is_broken = |path: &Option<String>| path.as_ref().is_some_and(|p| documents.is_broken(p));
    if is_broken(&outline.base) || is_broken(&outline.common) {
        return None;
    }
    let (functions, endpoints) =
        (outline.ids(Component::Function), outline.ids(Component::Endpoint));
    let compiler = Compiler {
        functions: &functions,
        endpoints: &endpoints,
        called: RefCell::new(BTreeSet::new()),
    };
    let documents = &*documents;
    let errors = notes.errors();
    let base_site = site(documents, &outline.base, notes);
    let base = base_site.as_ref().map(|site| compiler.request(site, Place::Base));
    if notes.errors() > errors {
        return None;
    }
    if let (Some(site), Some(Request { sanitize: None, .. })) = (&base_site, &base) {
        site.report(MISSING_SANITIZE, "The base says nothing about what to hide in logs.");
    }
    let name = outline.name.clone().or_else(|| files.name().map(str::to_owned)).unwrap_or_default();
    let mut app = App {
        label: outline.label.clone().unwrap_or_else(|| name.clone()),
        name,
        version: outline.version.unwrap_or(1),
        common: site(documents, &outline.common, notes)
            .map(|site| site.node.to_value())
            .unwrap_or_default(),
        groups: site(documents, &outline.groups, notes)
            .map(|site| groups(&site, outline))
            .unwrap_or_default(),
        readme: outline.readme.as_ref().and_then(|path| text(files, path, notes)),
        ..App::default()
    };
    let shop = Shop { outline, documents, notes, compiler, base: base.unwrap_or_default() };
    for entry in &outline.entries {
        shop.component(entry, files, &mut app);
    }
    references::check(&shop, files, &app);
    Some(app)
}

fn site<'a>(
    documents: &'a Documents,
    path: &'a Option<String>,
    notes: &'a Notes,
) -> Option<Site<'a>> {
    documents.site(path.as_ref()?, notes).filter(|site| !site.is_empty())
}

fn text(files: &Files, path: &str, notes: &Notes) -> Option<Text> {
    let text = std::str::from_utf8(files.get(path)?);
    if text.is_err() {
        notes.add(ENCODING, path, "$", None, "The file is not UTF-8.");
    }
    text.ok().map(Into::into)
}

fn groups(site: &Site<'_>, outline: &Outline) -> Vec<Group> {
    let group = |site: Site<'_>| {
        let label = site.node.get("label").and_then(|node| node.as_text().cloned());
        let modules = site.get("modules");
        let modules = modules.iter().flat_map(Site::items).filter_map(|item| {
            let name = item.node.as_text().cloned()?;
            references::check_module(&item, &name, outline);
            Some(name)
        });
        Group { label: label.unwrap_or_default(), modules: modules.collect() }
    };
    site.items().map(group).collect()
}

impl<'a> Shop<'a> {
    /// Compiles a component and adds it to the app, unless something keeps it from being used: a broken
    /// request keeps only what it belongs to.
    fn component(&self, entry: &'a Entry, files: &Files, app: &mut App) {
        let before = self.notes.len();
        let already = self.notes.unbearable();
        check_identifier(entry, self.notes);
        let id = entry.id.clone();
        let usable = || self.notes.unbearable() == already && !self.is_broken(entry);
        let added = match entry.component {
            Component::Connection => {
                let connection = self.connection(entry).filter(|_| usable());
                connection.map(|c| drop(app.connections.insert(id, c)))
            }
            Component::Webhook => {
                let webhook = self.webhook(entry).filter(|_| usable());
                webhook.map(|w| drop(app.webhooks.insert(id, w)))
            }
            Component::Module => {
                let module = module(self, entry).filter(|_| usable());
                module.map(|m| drop(app.modules.insert(id, m)))
            }
            Component::Rpc => {
                let rpc = Some(self.rpc(entry)).filter(|_| usable());
                rpc.map(|r| drop(app.rpcs.insert(id, r)))
            }
            Component::Function => {
                let function = self.function(entry, files).filter(|_| usable());
                function.map(|f| drop(app.functions.insert(id, f)))
            }
            Component::Endpoint => {
                let communication = self.communication(entry, Code::Communication, Place::Endpoint);
                let communication = Some(communication).filter(|_| usable());
                communication.map(|c| drop(app.endpoints.insert(id, c)))
            }
        };
        if added.is_none() {
            let found = self.notes.errors_since(before).into_iter().next();
            let found = found.or_else(|| self.notes.error_in(entry.codes.values()));
            app.unusable.extend(found.map(|why| ((entry.component, entry.id.clone()), why)));
        }
    }

    pub(super) fn is_broken(&self, entry: &Entry) -> bool {
        entry.is_unusable || entry.codes.values().any(|path| self.documents.is_broken(path))
    }

    /// A file of a component, unless it is missing or empty.
    pub(super) fn site(&self, entry: &'a Entry, code: Code) -> Option<Site<'a>>
    where
        Self: 'a,
    {
        let site = self.documents.site(entry.codes.get(&code)?, self.notes)?;
        (!site.is_empty()).then_some(site)
    }

    pub(super) fn parameters(&self, entry: &'a Entry, code: Code) -> Parameters {
        self.site(entry, code).map(|site| parameters(&site)).unwrap_or_default()
    }

    pub(super) fn scope(&self, entry: &'a Entry) -> Vec<Text> {
        self.site(entry, Code::Scope).map(|site| scopes(&site)).unwrap_or_default()
    }

    /// The requests of a file, each with the base below it.
    pub(super) fn communication(
        &self,
        entry: &'a Entry,
        code: Code,
        place: Place,
    ) -> Communication {
        let Some(site) = self.site(entry, code) else { return Communication::default() };
        let requests = self.compiler.requests(&site, place);
        let combined = |request| {
            let mut request = combine(&self.base, request);
            restrict(place, &mut request);
            self.check_sanitize(&site, &request);
            request
        };
        Communication { requests: requests.into_iter().map(combined).collect() }
    }

    fn check_sanitize(&self, site: &Site<'_>, request: &Request) {
        // A base without it has been told so once.
        let told = self.outline.base.is_some();
        if request.url.is_some() && request.sanitize.is_none() && !told {
            site.report(MISSING_SANITIZE, "Nothing says what to hide in logs.");
        }
    }

    /// The connections of a component, by the names that the app has them under.
    pub(super) fn connections(&self, entry: &Entry) -> Vec<String> {
        let mut names = Vec::new();
        for name in &entry.connections {
            match self.outline.find(Component::Connection, name) {
                Some(connection) => names.push(connection.id.clone()),
                None => entry.report(
                    self.notes,
                    MISSING_CONNECTION,
                    format!("The app has no connection `{name}`."),
                ),
            }
        }
        names
    }

    fn connection(&self, entry: &'a Entry) -> Option<Connection> {
        let file = self.site(entry, Code::Communication);
        // Some keep everything in one file.
        let whole = file.clone().filter(|site| site.get("communication").is_some());
        let part = |name: &str| whole.as_ref().and_then(|site| site.get(name));
        let communication = match &whole {
            Some(whole) => whole.get("communication").filter(|site| !site.is_empty()),
            None => file,
        };
        let said =
            entry.kind.clone().or_else(|| part("type").and_then(|s| s.node.as_text().cloned()));
        for code in [Code::InstallSpec, Code::InstallDirectives] {
            if let Some(site) = self.site(entry, code) {
                site.report(
                    NOT_SUPPORTED,
                    "Installing for an organisation is up to the vendor's platform.",
                );
            }
        }
        let kind = match said.as_deref() {
            Some("oauth" | "oauth2" | "oauth1") => ConnectionType::OAuth,
            Some("basic" | "apikey" | "other") => ConnectionType::Basic,
            _ => ConnectionType::Unsaid,
        };
        let mut kind = match &communication {
            Some(site) => self.compiler.connection(site, kind),
            None => ConnectionKind::Basic(Communication::default()),
        };
        if let ConnectionKind::OAuth2(oauth) = &mut kind {
            oauth.default_scope = self.scope(entry);
            oauth.scopes = self.scope_list(entry);
        }
        let sections: Vec<&Request> = match &kind {
            ConnectionKind::Basic(communication) => communication.requests.iter().collect(),
            ConnectionKind::OAuth2(oauth) => {
                [&oauth.token, &oauth.info, &oauth.refresh].into_iter().flatten().collect()
            }
            ConnectionKind::OAuth1(sections) => sections.values().collect(),
        };
        if let Some(site) = &communication
            && sections.iter().any(|request| request.url.is_some() && request.sanitize.is_none())
        {
            let message = "A request of the connection does not say what to hide in logs.";
            site.report(MISSING_SANITIZE, message);
        }
        let label =
            entry.label.clone().or_else(|| part("label").and_then(|s| s.node.as_text().cloned()));
        let own_parameters = part("parameters").map(|site| parameters(&site));
        Some(Connection {
            label: label.map_or_else(|| entry.id.clone(), |label| label.to_string()),
            parameters: own_parameters.unwrap_or_else(|| self.parameters(entry, Code::Parameters)),
            common: self.site(entry, Code::Common).map(|site| site.node.to_value()),
            kind,
        })
    }

    fn scope_list(&self, entry: &'a Entry) -> Vec<(Text, Text)> {
        let Some(site) = self.site(entry, Code::Scopes) else { return Vec::new() };
        if !site.is_object() {
            site.report(WRONG_KIND, "An object of scopes with their descriptions is expected.");
        }
        let words = |(name, site): (&str, Site<'_>)| {
            (Text::from(name), site.node.as_text().cloned().unwrap_or_else(|| name.into()))
        };
        site.members().map(words).collect()
    }

    fn webhook(&self, entry: &'a Entry) -> Option<Webhook> {
        let shared = match entry.kind.as_deref() {
            Some("web-shared") => true,
            Some("web") | None => false,
            Some(other) => {
                let message = format!("There is no type of webhooks `{other}`: web, web-shared.");
                entry.report(self.notes, UNKNOWN_TYPE, message);
                return None;
            }
        };
        if let Some(site) = self.site(entry, Code::Publish) {
            site.report(NOT_SUPPORTED, "Publishing a webhook is up to the vendor's platform.");
        }
        let communication = self.site(entry, Code::Communication);
        let reception = communication.map(|s| self.compiler.reception(&s)).unwrap_or_default();
        if shared && (entry.connections.is_empty() || reception.uid.is_none()) {
            let message = "A shared webhook needs a connection, and `uid` in its communication.";
            entry.report(self.notes, INCOMPLETE, message);
        }
        Some(Webhook {
            label: entry.shown(),
            shared,
            connections: self.connections(entry),
            parameters: self.parameters(entry, Code::Parameters),
            reception,
            attach: self.communication(entry, Code::Attach, Place::Attach),
            detach: self.communication(entry, Code::Detach, Place::Detach),
            update: self.communication(entry, Code::Update, Place::Detach),
            scope: self.scope(entry),
        })
    }

    fn rpc(&self, entry: &'a Entry) -> Rpc {
        Rpc {
            label: entry.shown(),
            connections: self.connections(entry),
            communication: self.communication(entry, Code::Communication, Place::Rpc),
            parameters: self.parameters(entry, Code::Parameters),
        }
    }

    fn function(&self, entry: &Entry, files: &Files) -> Option<Function> {
        let read = |code| entry.codes.get(&code).and_then(|path| text(files, path, self.notes));
        let Some(code) = read(Code::Source).filter(|code| !code.trim().is_empty()) else {
            entry.report(self.notes, MISSING_PART, "The function has no code.");
            return None;
        };
        let length = code.chars().count();
        if let (Some(path), true) = (entry.codes.get(&Code::Source), length > MOST_CODE) {
            let message = format!("{length} characters; the vendor allows {MOST_CODE}.");
            self.notes.add(TOO_LONG, path, "$", None, message);
        }
        Some(Function { code, test: read(Code::Test) })
    }
}

// Lengths and letters that the vendor accepts for new components.
fn check_identifier(entry: &Entry, notes: &Notes) {
    let (least, most, dash) = match entry.component {
        Component::Module | Component::Rpc => (3, 64, false),
        Component::Function => (3, 96, false),
        Component::Webhook | Component::Connection => (3, 35, true),
        Component::Endpoint => (3, 128, false),
    };
    let id = entry.id.as_str();
    let letters = id.starts_with(|c: char| c.is_ascii_alphabetic())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || (dash && c == '-'))
        && !id.ends_with('-');
    if !letters || !(least..=most).contains(&id.len()) {
        let dashes = if dash { ", digits and dashes" } else { " and digits" };
        let message = format!(
            "`{id}`: the vendor wants {least} to {most} letters{dashes}, beginning with a letter."
        );
        entry.report(notes, BAD_IDENTIFIER, message);
    }
}

/// Values of files that are read for nobody but `metadata` in expressions.
pub(super) fn raw(site: Option<Site<'_>>) -> Value {
    site.map_or_else(|| Value::array(Vec::new()), |site| site.node.to_value())
}
