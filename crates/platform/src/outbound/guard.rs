//! The check of addresses, at the only place where a name becomes an address to connect to.
//!
//! The HTTP client connects to exactly the addresses that the guard lets through. A name that has
//! another address at the time of the connection than it had before is therefore judged by that
//! other address.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolving};

use super::{
    Network,
    address::special,
    error::{Error, Refused},
};

/// The addresses of a name, at some time.
pub type Resolved = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Turns names into addresses.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses that the name has now.
    fn resolve(&self, host: &str) -> Resolved;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Resolve for System {
    fn resolve(&self, host: &str) -> Resolved {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// What a connection may be made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// Public addresses and those that the operator lists.
    Public,
    /// Only those that the operator lists.
    Listed,
    /// This installation itself: wherever its own name leads.
    Itself,
}

/// A rule with the operator's list.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) rule: Rule,
    pub(super) allow: Arc<[Network]>,
    pub(super) resolver: Arc<dyn Resolve>,
}

impl Guard {
    /// Judges one address of a host.
    pub(super) fn check(&self, host: &str, address: IpAddr) -> Result<(), Error> {
        let listed = || self.allow.iter().any(|network| network.contains(address));
        if self.rule == Rule::Itself || listed() {
            return Ok(());
        }
        let host = host.to_owned();
        match special(address) {
            Some(why) => Err(Error::Forbidden { host, address, why }),
            None if self.rule == Rule::Listed => Err(Error::Unencrypted { host, address }),
            None => Ok(()),
        }
    }

    /// Judges the host of a request that a proxy connects to in our place. One address that is not
    /// allowed is too many, since the proxy chooses. A name that is unknown here may be known there.
    pub(super) async fn check_all(&self, host: &str) -> Result<(), Error> {
        match self.resolver.resolve(host).await {
            Ok(found) => found.into_iter().try_for_each(|address| self.check(host, address)),
            Err(_) => Ok(()),
        }
    }

    async fn addresses(self, host: String) -> Result<Vec<SocketAddr>, Error> {
        let unresolved = |reason: String| Error::Unresolved { host: host.clone(), reason };
        let found = self.resolver.resolve(&host).await;
        let found = found.map_err(|error| unresolved(error.to_string()))?;
        let mut refused = None;
        let mut usable = Vec::new();
        for address in found {
            match self.check(&host, address) {
                // The client puts the port of the request in the place of 0.
                Ok(()) => usable.push(SocketAddr::new(address, 0)),
                Err(error) => refused = Some(error),
            }
        }
        match (usable.is_empty(), refused) {
            (false, _) => Ok(usable),
            (true, Some(refused)) => Err(refused),
            (true, None) => Err(unresolved("it has no address".to_owned())),
        }
    }
}

impl reqwest::dns::Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move {
            let found = looking.await.map_err(Refused)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
