use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::{
    Error, Limits, Method, Options, Outbound, Phase, Request, Resolve, Resolved, Take, Unencrypted,
    header::HeaderValue, url,
};

/// Answers each question about a name with the next of its lists; the last one stays.
#[derive(Default)]
struct Names(Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>);

impl Names {
    fn of(names: &[(&str, &[&[&str]])]) -> Self {
        let parse = |list: &&[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        let names = names.iter().map(|(name, answers)| {
            ((*name).to_owned(), answers.iter().map(parse).collect::<VecDeque<Vec<IpAddr>>>())
        });
        Self(Mutex::new(names.collect()))
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str) -> Resolved {
        let mut names = self.0.lock().unwrap();
        let answer = names.get_mut(host).and_then(|answers| {
            if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
        });
        Box::pin(async move {
            answer.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"))
        })
    }
}

/// A server that answers each request with what its script makes of it.
struct Sink {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    async fn start(at: &str, script: fn(&str) -> String) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (count, log) = (connections.clone(), seen.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, script, log.clone()));
            }
        });
        Self { address, connections, seen, task }
    }

    fn port(&self) -> u16 {
        self.address.port()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn last(&self) -> String {
        self.seen.lock().unwrap().last().cloned().unwrap()
    }
}

async fn serve(mut stream: TcpStream, script: fn(&str) -> String, log: Arc<Mutex<Vec<String>>>) {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while let Ok(read) = stream.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ").map(|n| n.parse().unwrap())
        });
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        log.lock().unwrap().push(text.clone());
        let answer = script(&text);
        text.clear();
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn ok(_: &str) -> String {
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned()
}

fn listed(networks: &[&str]) -> Options {
    Options { allow: networks.iter().map(|n| n.parse().unwrap()).collect(), ..Options::default() }
}

fn get(text: &str) -> Request {
    Request::new(Method::GET, url(text).unwrap())
}

#[tokio::test]
async fn addresses_that_are_not_public_are_not_connected_to() {
    let sink = Sink::start("127.0.0.1:0", ok).await;
    let port = sink.port();
    let names = Names::of(&[("inside.test", &[&["127.0.0.1", "10.0.0.7"]])]);
    let outbound = Outbound::with_resolver(Options::default(), names).unwrap();
    for host in [
        "inside.test",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ] {
        let error = outbound.send(get(&format!("http://{host}:{port}/"))).await.unwrap_err();
        assert!(matches!(error, Error::Forbidden { .. }), "{host}: {error}");
        assert!(error.to_string().contains("outbound_allow"), "{error}");
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn listed_addresses_are_reached_over_one_connection() {
    let sink = Sink::start("127.0.0.1:0", ok).await;
    let names = Names::of(&[("inside.test", &[&["10.0.0.7", "127.0.0.1"]])]);
    let outbound = Outbound::with_resolver(listed(&["127.0.0.0/8"]), names).unwrap();
    for _ in 0..3 {
        let address = format!("http://inside.test:{}/path?q=1", sink.port());
        let answer = outbound.send(get(&address)).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"hello"[..]));
        assert!(!answer.cut && answer.whole_after >= answer.head_after);
    }
    assert_eq!(sink.connections(), 1, "kept, and only to the listed one of the two addresses");
    assert!(sink.last().starts_with("GET /path?q=1 HTTP/1.1\r\n"));
    assert!(sink.last().to_lowercase().contains("user-agent: halyard/"));
}

#[tokio::test]
async fn an_address_that_changes_before_the_connection_is_judged_by_its_new_value() {
    let close =
        |_: &str| "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned();
    let allowed = Sink::start("127.0.0.1:0", close).await;
    let inside = Sink::start(&format!("127.0.0.2:{}", allowed.port()), ok).await;
    let names = Names::of(&[("moving.test", &[&["127.0.0.1"], &["127.0.0.2"]])]);
    let outbound = Outbound::with_resolver(listed(&["127.0.0.1"]), names).unwrap();
    let address = format!("http://moving.test:{}/", allowed.port());
    outbound.send(get(&address)).await.unwrap();
    let error = outbound.send(get(&address)).await.unwrap_err();
    assert!(
        matches!(error, Error::Forbidden { address, .. } if address.to_string() == "127.0.0.2")
    );
    assert_eq!((allowed.connections(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn without_encryption_only_listed_addresses_are_reached_when_asked_so() {
    let sink = Sink::start("127.0.0.1:0", ok).await;
    let names = Names::of(&[("public.test", &[&["8.8.8.8"]]), ("inside.test", &[&["127.0.0.1"]])]);
    let outbound = Outbound::with_resolver(listed(&["127.0.0.1"]), names).unwrap();
    let mut request = get(&format!("http://public.test:{}/", sink.port()));
    request.unencrypted = Unencrypted::Listed;
    let error = outbound.send(request.clone()).await.unwrap_err();
    assert!(matches!(error, Error::Unencrypted { .. }), "{error}");
    request.url = url(&format!("http://8.8.8.8:{}/", sink.port())).unwrap();
    let error = outbound.send(request.clone()).await.unwrap_err();
    assert!(matches!(error, Error::Unencrypted { .. }), "{error}");
    request.url = url(&format!("http://inside.test:{}/", sink.port())).unwrap();
    assert_eq!(outbound.send(request).await.unwrap().status.as_u16(), 200);
}

#[tokio::test]
async fn the_installation_itself_is_reached_at_its_own_port_only() {
    let (own, other) = (Sink::start("127.0.0.1:0", ok).await, Sink::start("127.0.0.1:0", ok).await);
    let names = Names::of(&[("halyard.test", &[&["127.0.0.1"]])]);
    let itself = vec![url(&format!("http://halyard.test:{}", own.port())).unwrap()];
    let options = Options { itself, ..Options::default() };
    let outbound = Outbound::with_resolver(options, names).unwrap();
    let mut request = get(&format!("http://halyard.test:{}/x", own.port()));
    request.unencrypted = Unencrypted::Listed;
    assert_eq!(outbound.send(request).await.unwrap().status.as_u16(), 200);
    let request = get(&format!("http://halyard.test:{}/x", other.port()));
    assert!(matches!(outbound.send(request).await, Err(Error::Forbidden { .. })));
}

/// Redirects as the path says: `/307/http://…`.
fn redirecting(request: &str) -> String {
    let path = request.split(' ').nth(1).unwrap();
    match path[1..].split_once('/') {
        Some((status, to)) if !to.is_empty() => {
            format!("HTTP/1.1 {status} Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
        }
        _ => ok(request),
    }
}

#[tokio::test]
async fn redirects_are_followed_only_when_asked_and_every_hop_is_checked() {
    let sink = Sink::start("127.0.0.1:0", redirecting).await;
    let inside = Sink::start("127.0.0.2:0", ok).await;
    let outbound = Outbound::with_resolver(listed(&["127.0.0.1"]), Names::of(&[])).unwrap();
    let base = format!("http://127.0.0.1:{}", sink.port());

    let answer = outbound.send(get(&format!("{base}/302/{base}/"))).await.unwrap();
    assert_eq!(answer.status.as_u16(), 302);

    let mut request = get(&format!("{base}/302/http://127.0.0.2:{}/", inside.port()));
    request.redirects = 5;
    let error = outbound.send(request).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }), "{error}");
    assert_eq!(inside.connections(), 0);

    let mut request = get(&format!("{base}/302//302//302//done"));
    request.redirects = 3;
    assert_eq!(outbound.send(request.clone()).await.unwrap().url.path(), "/done");
    request.redirects = 0;
    request.url = url(&format!("{base}/302/ftp://x/")).unwrap();
    assert_eq!(outbound.send(request.clone()).await.unwrap().status.as_u16(), 302);
    request.redirects = 1;
    let error = outbound.send(request).await.unwrap_err();
    assert!(matches!(error, Error::BadRedirect { .. }), "{error}");
}

#[tokio::test]
async fn a_redirect_loop_ends() {
    let again =
        |_: &str| "HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n".to_owned();
    let sink = Sink::start("127.0.0.1:0", again).await;
    let outbound = Outbound::with_resolver(listed(&["127.0.0.1"]), Names::of(&[])).unwrap();
    let mut request = get(&format!("http://127.0.0.1:{}/", sink.port()));
    request.redirects = 3;
    let error = outbound.send(request).await.unwrap_err();
    assert!(matches!(error, Error::TooManyRedirects { limit: 3, .. }), "{error}");
    assert_eq!(sink.seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn credentials_stay_with_their_origin_and_bodies_follow_their_method() {
    let sink = Sink::start("127.0.0.1:0", redirecting).await;
    let other = Sink::start("127.0.0.1:0", ok).await;
    let outbound = Outbound::with_resolver(listed(&["127.0.0.1"]), Names::of(&[])).unwrap();
    let base = format!("http://127.0.0.1:{}", sink.port());
    let mut request = get(&format!("{base}/307/{base}/"));
    request.method = Method::POST;
    request.body = "content".into();
    request.redirects = 1;
    let mut secret = HeaderValue::from_static("swordfish");
    secret.set_sensitive(true);
    request.headers.insert("x-api-key", secret);
    request.headers.insert("authorization", HeaderValue::from_static("Bearer abc"));
    request.headers.insert("x-plain", HeaderValue::from_static("kept"));
    request.headers.insert("content-type", HeaderValue::from_static("text/plain"));

    outbound.send(request.clone()).await.unwrap();
    let same = sink.last();
    assert!(same.starts_with("POST / ") && same.ends_with("content"), "{same}");
    assert!(same.contains("swordfish") && same.contains("Bearer abc"), "{same}");

    let elsewhere = format!("http://eve:pass@127.0.0.1:{}/", other.port());
    request.url = url(&format!("{base}/308/{elsewhere}")).unwrap();
    outbound.send(request.clone()).await.unwrap();
    let moved = other.last();
    assert!(moved.starts_with("POST / ") && moved.ends_with("content"), "{moved}");
    assert!(moved.contains("x-plain: kept") && !moved.contains("swordfish"), "{moved}");
    assert!(!moved.contains("authorization"), "{moved}");

    request.url = url(&format!("{base}/303/{elsewhere}")).unwrap();
    outbound.send(request).await.unwrap();
    let read = other.last();
    assert!(read.starts_with("GET / ") && !read.contains("content"), "{read}");
}

#[tokio::test]
async fn time_limits_end_an_exchange() {
    let silent = |_: &str| String::new();
    let stalling = |_: &str| "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello".to_owned();
    let sinks =
        (Sink::start("127.0.0.1:0", silent).await, Sink::start("127.0.0.1:0", stalling).await);
    let outbound = Outbound::with_resolver(listed(&["127.0.0.1"]), Names::of(&[])).unwrap();
    let short = Duration::from_millis(50);
    let mut request = get(&format!("http://127.0.0.1:{}/", sinks.0.port()));
    request.limits = Limits { head: short, whole: Duration::from_secs(60) };
    let error = outbound.send(request.clone()).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: Phase::Head, .. }), "{error}");
    request.url = url(&format!("http://127.0.0.1:{}/", sinks.1.port())).unwrap();
    request.limits = Limits { head: Duration::from_secs(60), whole: short };
    let error = outbound.send(request).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: Phase::Whole, .. }), "{error}");
}

#[tokio::test]
async fn no_more_of_a_body_is_read_than_asked_for() {
    let sink = Sink::start("127.0.0.1:0", ok).await;
    let outbound = Outbound::with_resolver(listed(&["127.0.0.1"]), Names::of(&[])).unwrap();
    let mut request = get(&format!("http://127.0.0.1:{}/", sink.port()));
    request.take = Take::Start(4);
    let answer = outbound.send(request.clone()).await.unwrap();
    assert_eq!((&answer.body[..], answer.cut), (&b"hell"[..], true));
    request.take = Take::Whole(4);
    let error = outbound.send(request.clone()).await.unwrap_err();
    assert!(matches!(error, Error::TooLong { limit: 4, .. }), "{error}");
    request.take = Take::Whole(5);
    assert!(!outbound.send(request).await.unwrap().cut);
}

#[tokio::test]
async fn failures_say_what_they_are() {
    let outbound = Outbound::with_resolver(listed(&["127.0.0.1"]), Names::of(&[])).unwrap();
    let error = outbound.send(get("https://nowhere.test/")).await.unwrap_err();
    assert!(matches!(error, Error::Unresolved { .. }), "{error}");
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = outbound.send(get(&format!("http://127.0.0.1:{free}/"))).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    // Speaks HTTP where a handshake is expected.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.ok();
    });
    let error = outbound.send(get(&format!("https://127.0.0.1:{port}/"))).await.unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    plain.abort();
    for wrong in ["", "/relative", "ftp://host/", "mailto:a@example.com", "http://"] {
        assert!(matches!(url(wrong), Err(Error::Url(_))), "{wrong}");
    }
}
