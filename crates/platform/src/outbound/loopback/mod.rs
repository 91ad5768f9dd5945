//! A server on this machine for tests: answers what the test says and remembers what it was asked.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustls::{
    RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// The certificate of the authority that [`Identity::Signed`] is signed by.
pub const AUTHORITY: &str = include_str!("ca.pem");
/// The certificate of [`Identity::Alone`].
pub const ALONE: &str = include_str!("alone.pem");

/// The certificate of the authority whose clients [`Loopback::for_clients`] lets in.
pub const CLIENTS: &str = include_str!("clients.pem");
/// A certificate that [`CLIENTS`] has signed.
pub const CLIENT: &str = include_str!("client.pem");

/// The private key of [`CLIENT`], in PEM.
#[must_use]
pub fn client_key() -> String {
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD.encode(include_bytes!("client.der"));
    // In parts, so that nobody takes this file for one with a key.
    let line = |word| format!("-----{word} PRIVATE {}-----", "KEY");
    format!("{}\n{key}\n{}\n", line("BEGIN"), line("END"))
}

/// The certificate that a server shows. Both are for `localhost` and 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// One that [`AUTHORITY`] has signed.
    Signed,
    /// One that nobody else has signed.
    Alone,
}

/// A request, as it came.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names with the case that they came in.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How many bytes of body came; more than `body` has when it was a long one.
    pub body_bytes: usize,
    /// The certificate that the client has shown.
    pub certificate: Option<CertificateDer<'static>>,
    /// The number of the connection, from 0.
    pub connection: usize,
}

/// Of longer bodies only this much is remembered.
const REMEMBERED: usize = 1024 * 1024;

impl Seen {
    /// The value of a header, by its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Bytes(Vec<u8>),
    /// This many bytes that are not held in memory.
    Zeros(u64),
    /// A beginning, and then nothing while the connection stays open.
    Stalled(Vec<u8>),
    /// More and more.
    Endless,
    /// Not even a head.
    Silent,
    /// What a proxy does: from here on the connection is one to where the request asks for.
    Tunnel,
}

impl Reply {
    /// One with this status and no body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes(Vec::new()) }
    }

    /// 200 with JSON.
    #[must_use]
    pub fn json(json: impl Into<String>) -> Self {
        Self::status(200).header("Content-Type", "application/json").body(json.into())
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// With a body.
    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Body::Bytes(body.into()), ..self }
    }

    /// With a body of this many zero bytes.
    #[must_use]
    pub fn zeros(self, bytes: u64) -> Self {
        Self { body: Body::Zeros(bytes), ..self }
    }

    /// With a body that begins like this and never goes on.
    #[must_use]
    pub fn stalled(self, beginning: impl Into<Vec<u8>>) -> Self {
        Self { body: Body::Stalled(beginning.into()), ..self }
    }

    /// With a body that never ends.
    #[must_use]
    pub fn endless(self) -> Self {
        Self { body: Body::Endless, ..self }
    }

    /// What a proxy answers to CONNECT: 200, and from then on the other server.
    #[must_use]
    pub fn tunnel() -> Self {
        Self { body: Body::Tunnel, ..Self::status(200) }
    }

    /// Nothing at all while the connection stays open.
    #[must_use]
    pub fn silent() -> Self {
        Self { body: Body::Silent, ..Self::status(200) }
    }
}

/// The most memory that this process has held so far, in bytes.
///
/// # Panics
/// When the system does not tell.
#[must_use]
pub fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
    kib * 1024
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

/// A server on this machine. It ends when it is dropped.
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    scheme: &'static str,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Loopback {
    /// Starts one that answers by this script.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::run(Arc::new(script), None).await
    }

    /// Starts one that is reached by `https://`.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn encrypted(
        identity: Identity,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::run(Arc::new(script), Some(acceptor(identity, None))).await
    }

    /// Starts one that lets in only who shows a certificate of [`CLIENTS`].
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn for_clients(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let authority = CertificateDer::from_pem_slice(CLIENTS.as_bytes());
        let mut roots = RootCertStore::empty();
        roots.add(authority.expect("our certificate is one")).expect("it is an authority");
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider()))
                .build()
                .expect("there is an authority");
        Self::run(Arc::new(script), Some(acceptor(Identity::Signed, Some(verifier)))).await
    }

    async fn run(script: Arc<Script>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (log, count) = (seen.clone(), connections.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                // Head and body are written apart; without this each answer would wait.
                if stream.set_nodelay(true).is_err() {
                    continue;
                }
                let (script, log, tls) = (script.clone(), log.clone(), tls.clone());
                tokio::spawn(async move {
                    // A client that goes away early is part of what is tested.
                    let _ = match tls {
                        None => serve(stream, &*script, &log, number, None).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => {
                                let shown = stream.get_ref().1.peer_certificates();
                                let shown = shown.and_then(|chain| chain.first()).cloned();
                                let shown = shown.map(CertificateDer::into_owned);
                                serve(stream, &*script, &log, number, shown).await
                            }
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self { address, scheme, seen, connections, task }
    }

    /// Its address without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The same by the name `localhost`: another origin, the same server.
    #[must_use]
    pub fn other_url(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.address.port())
    }

    /// What it was asked so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many connections were made to it.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

fn acceptor(identity: Identity, clients: Option<Arc<dyn ClientCertVerifier>>) -> TlsAcceptor {
    let (certificate, key) = match identity {
        Identity::Signed => (include_str!("server.pem"), &include_bytes!("server.der")[..]),
        Identity::Alone => (ALONE, &include_bytes!("alone.der")[..]),
    };
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes());
    let key = PrivateKeyDer::try_from(key);
    let builder = rustls::ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows the versions that rustls asks for");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => builder.with_client_cert_verifier(clients),
    };
    let config = builder
        .with_single_cert(
            vec![certificate.expect("our certificate is one")],
            key.expect("our key is one"),
        )
        .expect("our certificate and key belong together");
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: &Script,
    log: &Mutex<Vec<Seen>>,
    connection: usize,
    certificate: Option<CertificateDer<'static>>,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let Some(mut seen) = head(&mut stream, &mut buffer).await? else { return Ok(()) };
        seen.connection = connection;
        seen.certificate.clone_from(&certificate);
        body(&mut stream, &mut buffer, &mut seen).await?;
        let (reply, target) = (script(&seen), seen.target.clone());
        log.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        if let Body::Tunnel = reply.body {
            let mut other = TcpStream::connect(target).await?;
            stream.write_all(b"HTTP/1.1 200 Whatever\r\n\r\n").await?;
            tokio::io::copy_bidirectional(&mut stream, &mut other).await?;
            return Ok(());
        }
        answer(&mut stream, reply).await?;
    }
}

async fn more(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> io::Result<bool> {
    let mut chunk = vec![0; 64 * 1024];
    let read = stream.read(&mut chunk).await?;
    buffer.extend_from_slice(&chunk[..read]);
    Ok(read > 0)
}

async fn head(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Seen>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if !more(stream, buffer).await? {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end + 4);
    let mut lines = text.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut next = || first.next().unwrap_or_default().to_owned();
    let (method, target) = (next(), next());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    Ok(Some(Seen { method, target, headers, ..Seen::default() }))
}

async fn body(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    seen: &mut Seen,
) -> io::Result<()> {
    let take = |seen: &mut Seen, bytes: &[u8]| {
        let room = REMEMBERED.saturating_sub(seen.body.len()).min(bytes.len());
        seen.body.extend_from_slice(&bytes[..room]);
        seen.body_bytes += bytes.len();
    };
    if let Some(length) = seen.header("content-length").and_then(|length| length.parse().ok()) {
        let mut left: usize = length;
        while left > 0 {
            if buffer.is_empty() && !more(stream, buffer).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let now = left.min(buffer.len());
            take(seen, &buffer[..now]);
            buffer.drain(..now);
            left -= now;
        }
        return Ok(());
    }
    if !seen.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        return Ok(());
    }
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            if !more(stream, buffer).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let size = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
        while buffer.len() < end + 2 + size + 2 {
            if !more(stream, buffer).await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        take(seen, &buffer[end + 2..end + 2 + size]);
        buffer.drain(..end + 2 + size + 2);
        if size == 0 {
            return Ok(());
        }
    }
}

async fn answer(stream: &mut (impl AsyncWrite + Unpin), reply: Reply) -> io::Result<()> {
    if let Body::Silent = reply.body {
        return std::future::pending().await;
    }
    let mut head = format!("HTTP/1.1 {} Whatever\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = match &reply.body {
        Body::Bytes(bytes) => Some(bytes.len() as u64),
        Body::Zeros(count) => Some(*count),
        Body::Stalled(beginning) => Some(beginning.len() as u64 + 1),
        Body::Endless | Body::Silent | Body::Tunnel => None,
    };
    match length {
        Some(length) => head.push_str(&format!("content-length: {length}\r\n\r\n")),
        None => head.push_str("transfer-encoding: chunked\r\n\r\n"),
    }
    stream.write_all(head.as_bytes()).await?;
    match reply.body {
        Body::Bytes(bytes) => stream.write_all(&bytes).await?,
        Body::Zeros(mut left) => {
            let zeros = vec![0; 64 * 1024];
            while left > 0 {
                let now = left.min(zeros.len() as u64);
                stream.write_all(&zeros[..usize::try_from(now).unwrap_or(0)]).await?;
                left -= now;
            }
        }
        Body::Stalled(beginning) => {
            stream.write_all(&beginning).await?;
            stream.flush().await?;
            return std::future::pending().await;
        }
        Body::Endless => {
            let mut chunk = b"10000\r\n".to_vec();
            chunk.resize(chunk.len() + 0x10000, b' ');
            chunk.extend_from_slice(b"\r\n");
            loop {
                stream.write_all(&chunk).await?;
            }
        }
        Body::Silent | Body::Tunnel => {}
    }
    stream.flush().await
}
