//! The HTTP clients, one for each way of connecting. Each keeps its own connections.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    ClientCertificate, Error, Options, Proxy, Trust,
    guard::{Guard, Resolve, Rule},
    trust,
};

/// A way of connecting.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) rule: Rule,
    pub(super) title_case: bool,
    pub(super) trust: Trust,
    pub(super) certificate: Option<ClientCertificate>,
    pub(super) proxy: Option<Proxy>,
}

impl Kind {
    /// One of the few that do not depend on what users bring along.
    fn is_ours(&self) -> bool {
        !matches!(self.trust, Trust::Also(_)) && self.certificate.is_none() && self.proxy.is_none()
    }
}

/// How many are kept. Only what users bring along can make them many.
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
            clients.of(Kind {
                rule,
                title_case: false,
                trust: Trust::Usual,
                certificate: None,
                proxy: None,
            })?;
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
        let guard = self.guard(kind.rule);
        let client = self.client(&kind, guard.clone())?;
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        if ready.len() >= KEPT {
            ready.retain(|kind, _| kind.is_ours());
        }
        Ok(ready.entry(kind).or_insert((guard, client)).clone())
    }

    /// A guard with a rule, for what no client connects to by itself.
    pub(super) fn guard(&self, rule: Rule) -> Guard {
        let allow = self.options.allow.clone().into();
        Guard { rule, allow, resolver: self.resolver.clone() }
    }

    fn client(&self, kind: &Kind, guard: Guard) -> Result<reqwest::Client, Error> {
        let broken = |error: reqwest::Error| Error::Broken {
            host: "the HTTP client".to_owned(),
            reason: error.to_string(),
        };
        let options = &self.options;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(trust::config(&kind.trust, kind.certificate.as_ref())?)
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
        if let Some(proxy) = &kind.proxy {
            builder = builder.proxy(proxy.of_client().map_err(broken)?);
        }
        builder.build().map_err(broken)
    }
}
