//! The HTTP clients, one for each way of connecting. Each keeps its own connections.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    Error, Options, Trust,
    guard::{Guard, Resolve, Rule},
    trust,
};

/// A way of connecting.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) rule: Rule,
    pub(super) title_case: bool,
    pub(super) trust: Trust,
}

/// How many are kept. Only authorities that users bring along can make them many.
const KEPT: usize = 64;

pub(super) struct Clients {
    options: Options,
    resolver: Arc<dyn Resolve>,
    ready: RwLock<HashMap<Kind, (Guard, reqwest::Client)>>,
}

impl Clients {
    pub(super) fn new(options: Options, resolver: Arc<dyn Resolve>) -> Result<Self, Error> {
        let clients = Self { options, resolver, ready: RwLock::default() };
        for rule in [Rule::Public, Rule::Listed, Rule::Itself] {
            clients.of(Kind { rule, title_case: false, trust: Trust::Usual })?;
        }
        Ok(clients)
    }

    /// The client of a kind, made when it is asked for first.
    pub(super) fn of(&self, kind: Kind) -> Result<(Guard, reqwest::Client), Error> {
        // A panic while the lock was held cannot have left half an entry.
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = ready.get(&kind) {
            return Ok(found.clone());
        }
        drop(ready);
        let allow = self.options.allow.clone().into();
        let guard = Guard { rule: kind.rule, allow, resolver: self.resolver.clone() };
        let client = self.client(&kind, guard.clone())?;
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        if ready.len() >= KEPT {
            ready.retain(|kind, _| !matches!(kind.trust, Trust::Also(_)));
        }
        Ok(ready.entry(kind).or_insert((guard, client)).clone())
    }

    fn client(&self, kind: &Kind, guard: Guard) -> Result<reqwest::Client, Error> {
        let options = &self.options;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(trust::config(&kind.trust)?)
            .dns_resolver(Arc::new(guard))
            .user_agent(&options.user_agent)
            .connect_timeout(options.connect)
            .pool_idle_timeout(options.idle)
            .pool_max_idle_per_host(options.idle_per_host)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // A proxy from the environment would resolve names by itself, past the guard.
            .no_proxy()
            .tcp_nodelay(true)
            .http1_only();
        if kind.title_case {
            builder = builder.http1_title_case_headers();
        }
        builder.build().map_err(|error| Error::Broken {
            host: "the HTTP client".to_owned(),
            reason: error.to_string(),
        })
    }
}
