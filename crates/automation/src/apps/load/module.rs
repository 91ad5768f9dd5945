use halyard_iml::{Collection, Value};

use super::{
    assemble::{Shop, raw},
    outline::{Code, Entry},
};
use crate::apps::{
    app::{Component, Crud, Module, ModuleKind, Samples},
    compile::{
        Place, combine, overlay,
        parameters::{parameters, rpc_call},
        restrict,
    },
    notes::Site,
    plan::Communication,
    rules::{
        INCOMPLETE, LEFT_OUT, MISPLACED_DIRECTIVE, MISSING_PART, MISSING_WEBHOOK, REQUEST_LESS,
        UNKNOWN_TYPE, UNKNOWN_VALUE, WRONG_KIND,
    },
};

const KINDS: &[(&str, ModuleKind, Place)] = &[
    ("action", ModuleKind::Action, Place::Action),
    ("search", ModuleKind::Search, Place::Search),
    ("trigger", ModuleKind::Trigger, Place::Trigger),
    ("instant_trigger", ModuleKind::InstantTrigger, Place::Instant),
    ("responder", ModuleKind::Responder, Place::Responder),
    ("universal", ModuleKind::Universal, Place::Universal),
];

/// A module. None when nobody knows what kind of module it is.
pub(super) fn module<'a>(shop: &Shop<'a>, entry: &'a Entry) -> Option<Module> {
    let said = entry.kind.as_deref();
    let Some((_, kind, place)) = KINDS.iter().find(|(name, ..)| Some(*name) == said) else {
        let names: Vec<_> = KINDS.iter().map(|(name, ..)| *name).collect();
        let message = match said {
            Some(said) => format!("There is no type of modules `{said}`: {}.", names.join(", ")),
            None => format!("The module needs a type: {}.", names.join(", ")),
        };
        entry.report(shop.notes, UNKNOWN_TYPE, message);
        return None;
    };
    let site = shop.site(entry, Code::Communication);
    let (communication, respond) = match place {
        Place::Responder => {
            let respond = site.as_ref().and_then(|site| shop.compiler.responder(site));
            (Communication::default(), respond)
        }
        _ => (shop.communication(entry, Code::Communication, *place), None),
    };
    let left_out = entry.left_out.contains(&Code::Communication);
    if left_out {
        entry.report(shop.notes, LEFT_OUT, "The communication is kept out of the folder.");
    } else if !shop.is_broken(entry) && communication.broken().is_none() {
        check(shop, entry, *place, site.as_ref(), &communication);
    }
    let epoch = epoch(shop, entry, *place, site.as_ref());
    let interface = shop.site(entry, Code::Interface);
    let metadata =
        [("expect", raw(shop.site(entry, Code::Expect))), ("interface", raw(interface.clone()))];
    Some(Module {
        label: entry.shown(),
        description: entry.description.as_ref().map(ToString::to_string).unwrap_or_default(),
        kind: *kind,
        crud: crud(shop, entry),
        connections: shop.connections(entry),
        connection_optional: entry.connection_optional,
        webhook: webhook(shop, entry, *kind),
        communication,
        respond,
        parameters: shop.parameters(entry, Code::Parameters),
        expect: shop.parameters(entry, Code::Expect),
        interface: interface.map(|site| parameters(&site)).unwrap_or_default(),
        metadata: Value::collection(Collection::of(metadata)),
        samples: shop.site(entry, Code::Samples).and_then(|site| samples(&site)),
        scope: shop.scope(entry),
        epoch,
    })
}

fn crud(shop: &Shop<'_>, entry: &Entry) -> Option<Crud> {
    match entry.crud.as_deref()? {
        "create" => Some(Crud::Create),
        "read" => Some(Crud::Read),
        "update" => Some(Crud::Update),
        "delete" => Some(Crud::Delete),
        other => {
            let message = format!("`{other}` is none of: create, read, update, delete.");
            entry.report(shop.notes, UNKNOWN_VALUE, message);
            None
        }
    }
}

fn webhook(shop: &Shop<'_>, entry: &Entry, kind: ModuleKind) -> Option<String> {
    let Some(name) = &entry.webhook else {
        if kind == ModuleKind::InstantTrigger {
            entry.report(shop.notes, MISSING_PART, "An instant trigger needs a `webhook`.");
        }
        return None;
    };
    let found = shop.outline.find(Component::Webhook, name).map(|webhook| webhook.id.clone());
    if found.is_none() {
        entry.report(shop.notes, MISSING_WEBHOOK, format!("The app has no webhook `{name}`."));
    }
    found
}

// What a module of its kind cannot do without.
fn check(
    shop: &Shop<'_>,
    entry: &Entry,
    place: Place,
    site: Option<&Site<'_>>,
    communication: &Communication,
) {
    let report = |rule, message: &str| match site {
        Some(site) => site.report(rule, message),
        None => entry.report(shop.notes, rule, message),
    };
    let has_url = communication
        .requests
        .iter()
        .any(|request| request.url.is_some() || request.endpoint.is_some());
    let triggers =
        communication.requests.last().is_some_and(|request| request.response.trigger.is_some());
    match place {
        Place::Trigger if !has_url => report(MISSING_PART, "A trigger needs a `url`."),
        Place::Trigger if !triggers => {
            report(MISSING_PART, "The last request of a trigger needs `response.trigger`.");
        }
        Place::Search if !has_url => report(REQUEST_LESS, "The search has no `url`."),
        Place::Action | Place::Universal if communication.requests.is_empty() => {
            report(INCOMPLETE, "The module has no communication; it does nothing.");
        }
        _ => {}
    }
}

// The communication of the trigger with what the epoch says in the place of it, on the base.
fn epoch<'a>(
    shop: &Shop<'a>,
    entry: &'a Entry,
    place: Place,
    communication: Option<&Site<'_>>,
) -> Option<Communication> {
    let site = shop.site(entry, Code::Epoch)?;
    if place != Place::Trigger {
        site.report(MISPLACED_DIRECTIVE, "Only a polling trigger has an epoch; it is ignored.");
        return None;
    }
    let output = site.get("response").and_then(|response| response.get("output"));
    let has = |name| output.as_ref().is_some_and(|output| output.get(name).is_some());
    let is_expression = output.as_ref().is_some_and(|output| !output.is_object());
    let is_complete = is_expression || (has("label") && has("date"));
    if !is_complete {
        let place = output.as_ref().unwrap_or(&site);
        place.report(INCOMPLETE, "`response.output` of an epoch needs `label` and `date`.");
    }
    let epoch = shop.compiler.requests(&site, Place::Epoch).into_iter().next()?;
    // Compiled once more, as it stands in the file: its findings are known already.
    let mut requests = match communication {
        Some(communication) => {
            let quiet = crate::apps::notes::Notes::default();
            let again = Site { notes: &quiet, ..communication.clone() };
            shop.compiler.requests(&again, place)
        }
        None => Vec::new(),
    };
    let last = requests.pop().unwrap_or_default();
    requests.push(overlay(&last, epoch));
    let combined = |request| {
        let mut request = combine(&shop.base, request);
        restrict(Place::Epoch, &mut request);
        request
    };
    Some(Communication { requests: requests.into_iter().map(combined).collect() })
}

fn samples(site: &Site<'_>) -> Option<Samples> {
    match site.node.as_text() {
        Some(text) => match rpc_call(text) {
            Some(call) => Some(Samples::Rpc(call)),
            None => {
                site.report(WRONG_KIND, "An example bundle is expected, or rpc:// with a name.");
                None
            }
        },
        None => Some(Samples::Fixed(site.node.to_value())),
    }
}
