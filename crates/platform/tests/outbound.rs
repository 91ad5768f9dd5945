//! Requests to servers that ask who we are, and requests through proxies.
#![cfg(test)]

use std::{io, net::IpAddr};

use halyard_platform::outbound::{
    ClientCertificate, Error, Method, Options, Outbound, Proxy, Request, Resolve, Resolved, Trust,
    header::HeaderValue,
    loopback::{ALONE, AUTHORITY, CLIENT, Identity, Loopback, Reply, client_key},
    url,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};

/// Names of the tests; all others are unknown.
struct Names;

impl Resolve for Names {
    fn resolve(&self, host: &str) -> Resolved {
        let found: &[&str] = match host {
            "proxy.test" | "localhost" => &["127.0.0.1"],
            "inside.test" => &["93.184.215.14", "10.0.0.7"],
            "inner-proxy.test" => &["10.0.0.8"],
            _ => &[],
        };
        let found: Vec<IpAddr> = found.iter().map(|address| address.parse().unwrap()).collect();
        Box::pin(async move {
            match found.is_empty() {
                true => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
                false => Ok(found),
            }
        })
    }
}

fn outbound() -> Outbound {
    let allow = vec!["127.0.0.1".parse().unwrap()];
    Outbound::with_resolver(Options { allow, ..Options::default() }, Names).unwrap()
}

fn get(text: &str) -> Request {
    let trust = Trust::Also(AUTHORITY.into());
    Request { trust, ..Request::new(Method::GET, url(text).unwrap()) }
}

fn basic(user: &str, password: &str) -> String {
    use std::fmt::Write as _;
    // By hand, so that the test does not agree with the code by using it.
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = "Basic ".to_owned();
    for chunk in format!("{user}:{password}").as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let at = (bits >> (18 - 6 * place)) & 63;
            write!(out, "{}", LETTERS[at as usize] as char).unwrap();
        }
        out.push_str(&"=".repeat(3 - chunk.len()));
    }
    out
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_who_asks_for_it() {
    let server = Loopback::for_clients(|_| Reply::json("{}")).await;
    let outbound = outbound();
    let mut request = get(&server.url());
    request.certificate = Some(ClientCertificate::new(CLIENT, &client_key()));
    assert_eq!(outbound.send(request.clone()).await.unwrap().status.as_u16(), 200);
    let ours = CertificateDer::from_pem_slice(CLIENT.as_bytes()).unwrap();
    assert_eq!(server.seen()[0].certificate.as_ref(), Some(&ours));

    // Without one the server lets nobody in, and the connection of the first is not used again.
    request.certificate = None;
    let error = outbound.send(request).await.unwrap_err();
    assert!(matches!(error, Error::Unknown { .. }), "{error}");
    assert_eq!(server.seen().len(), 1);

    // Who does not ask for it does not get it.
    let other = Loopback::start(|_| Reply::json("{}")).await;
    let mut request = get(&other.url());
    request.certificate = Some(ClientCertificate::new(CLIENT, &client_key()));
    outbound.send(request).await.unwrap();
    assert_eq!(other.seen()[0].certificate, None);
}

#[tokio::test]
async fn a_client_certificate_stays_with_its_origin() {
    let server = Loopback::for_clients(|_| Reply::json("{}")).await;
    let target = server.other_url();
    let first = Loopback::start(move |_| Reply::status(302).header("Location", &target)).await;
    let mut request = get(&first.url());
    request.certificate = Some(ClientCertificate::new(CLIENT, &client_key()));
    request.redirects = 1;
    let error = outbound().send(request).await.unwrap_err();
    assert!(matches!(error, Error::Unknown { .. }), "{error}");
    assert!(server.seen().is_empty());
}

#[test]
fn what_is_no_certificate_with_its_key_is_refused_with_the_reason() {
    ClientCertificate::new(CLIENT, &client_key()).check().unwrap();
    let key = client_key();
    let middle = key.len() / 2;
    let damaged = format!("{}{}", &key[..middle], &key[middle + 8..]);
    let locked = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    for (chain, key, reason) in [
        ("", &*key, "no certificate"),
        (&*key, &*key, "no certificate"),
        (CLIENT, "", "no private key"),
        (CLIENT, CLIENT, "no private key"),
        (CLIENT, &locked, "without one"),
        (ALONE, &*key, "another certificate"),
        (CLIENT, &damaged, "cannot be used"),
    ] {
        let error = ClientCertificate::new(chain, key).check().unwrap_err();
        assert!(matches!(error, Error::ClientCertificate(_)), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        let body: String = key.lines().filter(|line| !line.contains("-----")).collect();
        assert!(body.is_empty() || !error.to_string().contains(&body), "{error}");
    }
    let debug = format!("{:?}", ClientCertificate::new(CLIENT, &client_key()));
    assert_eq!(debug, "ClientCertificate");
}

#[tokio::test]
async fn a_proxy_is_asked_in_the_place_of_the_server() {
    let server = Loopback::encrypted(Identity::Signed, |_| Reply::json("{}")).await;
    let proxy = Loopback::start(|seen| match seen.method.as_str() {
        "CONNECT" => Reply::tunnel(),
        _ => Reply::json(r#"{"by": "proxy"}"#),
    })
    .await;
    let outbound = outbound();
    let place = proxy.url();
    let through =
        Proxy::new(place.trim_start_matches("http://"), Some(("ann", "se:cret"))).unwrap();

    // Not encrypted: the proxy reads it, and is told who we are.
    let mut request = get("http://unknown-here.test/a?b=1");
    request.proxy = Some(through.clone());
    request.headers.insert("x-told", HeaderValue::from_static("1"));
    outbound.send(request).await.unwrap();
    let seen = proxy.seen().remove(0);
    assert_eq!(seen.target, "http://unknown-here.test/a?b=1");
    assert_eq!(seen.header("proxy-authorization"), Some(&*basic("ann", "se:cret")));

    // Encrypted: it passes on what it cannot read; the server is not told about the proxy's user.
    let mut request = get(&format!("{}/c", server.url()));
    request.proxy = Some(through);
    outbound.send(request).await.unwrap();
    let seen = proxy.seen().remove(1);
    assert_eq!((seen.method.as_str(), &*seen.target), ("CONNECT", &server.url()[8..]));
    assert_eq!(seen.header("proxy-authorization"), Some(&*basic("ann", "se:cret")));
    let seen = server.seen().remove(0);
    assert_eq!((seen.target.as_str(), seen.header("proxy-authorization")), ("/c", None));
}

#[tokio::test]
async fn neither_proxy_nor_server_may_be_inside() {
    let proxy = Loopback::start(|_| Reply::json("{}")).await;
    let outbound = outbound();
    let ask = async |at: &str, through: &str| {
        let mut request = get(at);
        request.proxy = Some(Proxy::new(through, None).unwrap());
        outbound.send(request).await.unwrap_err()
    };
    let place = proxy.url();
    for (at, through, host) in [
        ("http://10.1.2.3/", &*place, "10.1.2.3"),
        ("https://[fe80::1]/", &*place, "[fe80::1]"),
        // One of its addresses is public, and the proxy would choose.
        ("https://inside.test/", &*place, "inside.test"),
        ("http://unknown-here.test/", "10.1.2.4:3128", "10.1.2.4"),
        ("http://unknown-here.test/", "inner-proxy.test:3128", "inner-proxy.test"),
    ] {
        match ask(at, through).await {
            Error::Forbidden { host: named, .. } => assert_eq!(named, host, "{at} {through}"),
            other => panic!("{at} {through}: {other}"),
        }
    }
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn this_installation_as_a_target_opens_no_proxy_inside() {
    let itself = vec![url("http://unknown-here.test/").unwrap()];
    let options = Options { itself, ..Options::default() };
    let outbound = Outbound::with_resolver(options, Names).unwrap();
    let mut request = get("http://unknown-here.test/");
    request.proxy = Some(Proxy::new("127.0.0.1:9", None).unwrap());
    let error = outbound.send(request).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }), "{error}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let proxy = Loopback::start(|_| Reply::status(407)).await;
    let mut request = get("https://unknown-here.test/");
    request.proxy = Some(Proxy::new(&proxy.url(), None).unwrap());
    let error = outbound().send(request).await.unwrap_err();
    let place = proxy.url().replace("http://", "");
    assert!(matches!(&error, Error::Connect { host, .. } if host.contains(&place)), "{error}");
    assert!(error.to_string().contains("authorization"), "{error}");
}

#[test]
fn addresses_of_proxies_are_a_host_and_a_port() {
    for good in ["proxy.test", "proxy.test:3128", "http://proxy.test:3128/", " [::1]:8080 "] {
        Proxy::new(good, None).unwrap();
    }
    for wrong in [
        "",
        "https://proxy.test",
        "socks5://proxy.test",
        "http://ann:secret@proxy.test",
        "ann:secret@proxy.test:80",
        "http://proxy.test/path",
        "http://proxy.test/?a=1",
        "a b",
    ] {
        let error = Proxy::new(wrong, None).unwrap_err();
        assert!(matches!(error, Error::Proxy(_)), "{wrong}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let proxy = Proxy::new("proxy.test:3128", Some(("ann", "secret"))).unwrap();
    assert_eq!(format!("{proxy:?}"), "Proxy(proxy.test:3128)");
}
