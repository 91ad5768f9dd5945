//! Who sends a request, when it comes through a proxy. What a proxy says about its client stands in
//! headers that every client can send, so they count only from addresses that the operator trusts.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use halyard_platform::outbound::Network;
use http::{HeaderMap, HeaderName, HeaderValue, header};

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where proxies write about their clients. One of them counts: a proxy that writes the one passes
/// the other on as the client has sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, `-Host` and `-Proto`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// What the operator says about proxies.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Addresses of proxies whose word counts.
    pub trusted: Vec<Network>,
    /// Where they write it.
    pub header: ProxyHeader,
}

/// What trusted proxies say about a request.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    client: Option<IpAddr>,
    host: Option<String>,
    https: bool,
}

impl Proxies {
    /// Puts the client into the place of a trusted proxy: its address as the peer, and the host that
    /// it has asked. What is left of these headers afterwards is true.
    pub(crate) fn settle(&self, request: &mut Request) {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let said = match peer {
            Some(peer) if self.trusts(peer.ip()) => self.read(request.headers()),
            _ => Said::default(),
        };
        let headers = request.headers_mut();
        for name in [&FORWARDED_FOR, &FORWARDED_HOST, &FORWARDED_PROTO, &header::FORWARDED] {
            headers.remove(name);
        }
        if said.https {
            headers.insert(&FORWARDED_PROTO, HeaderValue::from_static("https"));
        }
        if let Some(host) = said.host.and_then(|host| HeaderValue::try_from(host).ok()) {
            headers.insert(header::HOST, host);
        }
        if let (Some(peer), Some(client)) = (peer, said.client) {
            let client = SocketAddr::new(client, peer.port());
            request.extensions_mut().insert(ConnectInfo(client));
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    fn read(&self, headers: &HeaderMap) -> Said {
        match self.header {
            ProxyHeader::XForwarded => {
                let last = |name| all(headers, name).pop();
                Said {
                    client: self.client(&all(headers, &FORWARDED_FOR)),
                    host: last(&FORWARDED_HOST),
                    https: last(&FORWARDED_PROTO).is_some_and(|proto| is_https(&proto)),
                }
            }
            ProxyHeader::Forwarded => {
                let hops = all(headers, &header::FORWARDED);
                let hops: Vec<Vec<(String, String)>> = hops.iter().map(|hop| pairs(hop)).collect();
                let named = |hop: &Vec<(String, String)>, name: &str| {
                    let found = hop.iter().find(|(key, _)| key == name);
                    found.map(|(_, value)| value.clone()).unwrap_or_default()
                };
                // The last hop was written by whoever is connected to us.
                let last = |name| hops.last().map(|hop| named(hop, name));
                Said {
                    client: self
                        .client(&hops.iter().map(|hop| named(hop, "for")).collect::<Vec<_>>()),
                    host: last("host").filter(|host| !host.is_empty()),
                    https: last("proto").is_some_and(|proto| is_https(&proto)),
                }
            }
        }
    }

    /// The last address that is no trusted proxy. Each proxy adds whom it has been asked by, so
    /// what stands before that was written by somebody whom nobody trusts.
    fn client(&self, chain: &[String]) -> Option<IpAddr> {
        let mut client = None;
        for text in chain.iter().rev() {
            let Some(address) = address(text) else { break };
            client = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        client
    }
}

/// The entries of a list that may be in several headers, in their order.
fn all(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let mut entries = Vec::new();
    for value in headers.get_all(name) {
        // A line that is no text hides who is in it.
        let text = value.to_str().unwrap_or("unknown");
        entries.extend(split(text, ',').map(|entry| entry.trim().to_owned()));
    }
    entries.retain(|entry| !entry.is_empty());
    entries
}

/// Splits where no quotes are open.
fn split(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == at && !quoted
    })
}

/// The parameters of one hop: names in lower case, values without quotes.
fn pairs(hop: &str) -> Vec<(String, String)> {
    let pairs = split(hop, ';').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| {
            (key.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned())
        })
        .collect()
}

/// An address, with or without a port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

fn is_https(proto: &str) -> bool {
    proto.eq_ignore_ascii_case("https")
}

/// Whether the client has come to a trusted proxy by `https`.
pub(crate) fn came_by_https(headers: &HeaderMap) -> bool {
    headers.get(&FORWARDED_PROTO).is_some_and(|proto| proto == "https")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn settled(
        header: ProxyHeader,
        peer: &str,
        headers: &[(&str, &str)],
    ) -> (String, String, bool) {
        let trusted = ["10.0.0.0/8", "::1"].map(|network| network.parse().unwrap()).to_vec();
        let mut request = http::Request::builder().header("host", "inside");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        request.extensions_mut().insert(ConnectInfo(peer));
        Proxies { trusted, header }.settle(&mut request);
        let now = request.extensions().get::<ConnectInfo<SocketAddr>>().unwrap().0;
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        (now.ip().to_string(), host, came_by_https(request.headers()))
    }

    #[test]
    fn the_last_address_that_nobody_trusts_is_the_client() {
        for (peer, lines, client) in [
            ("9.9.9.9", &["1.1.1.1"][..], "9.9.9.9"),
            ("10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
            ("::ffff:10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
            ("::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.3.3.3"], "1.1.1.1"),
            ("10.0.0.1", &["6.6.6.6", "1.1.1.1", "10.3.3.3,"], "1.1.1.1"),
            ("10.0.0.1", &["10.2.2.2, 10.3.3.3"], "10.2.2.2"),
            ("10.0.0.1", &["1.1.1.1:4711"], "1.1.1.1"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["1.1.1.1, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["1.1.1.1, unknown, 10.3.3.3"], "10.3.3.3"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            let headers: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            assert_eq!(settled(ProxyHeader::XForwarded, peer, &headers).0, client, "{lines:?}");
        }
    }

    #[test]
    fn the_standard_header_is_read_where_it_is_wanted() {
        let line =
            "for=6.6.6.6;host=evil, For=\"[2001:db8::7]:4711\"; proto=HTTPS;host=\"out:8;x,y\"";
        let both =
            [("forwarded", line), ("x-forwarded-for", "7.7.7.7"), ("x-forwarded-host", "no")];
        let read = |header, peer| settled(header, peer, &both);
        let (client, host, https) = read(ProxyHeader::Forwarded, "10.0.0.1");
        assert_eq!((client.as_str(), host.as_str(), https), ("2001:db8::7", "out:8;x,y", true));
        assert_eq!(
            read(ProxyHeader::XForwarded, "10.0.0.1"),
            ("7.7.7.7".to_owned(), "no".to_owned(), false)
        );
        assert_eq!(
            read(ProxyHeader::Forwarded, "9.9.9.9"),
            ("9.9.9.9".to_owned(), "inside".to_owned(), false)
        );
    }

    #[test]
    fn what_strangers_say_about_the_host_does_not_count() {
        let headers = [("x-forwarded-host", "out"), ("x-forwarded-proto", "https")];
        let out = |peer| settled(ProxyHeader::XForwarded, peer, &headers);
        assert_eq!(out("10.0.0.1"), ("10.0.0.1".to_owned(), "out".to_owned(), true));
        assert_eq!(out("9.9.9.9"), ("9.9.9.9".to_owned(), "inside".to_owned(), false));
    }
}
