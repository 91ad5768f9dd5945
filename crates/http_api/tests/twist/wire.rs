//! The server on a loopback port, and requests written byte by byte: what a client's library would
//! tidy up, such as the case of header names, arrives as the real client sends it.

use std::net::SocketAddr;

use halyard_http_api::router;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::support::TestApp;

/// A server that listens until this is dropped.
pub(crate) struct Wire {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What came back.
pub(crate) struct Raw {
    pub(crate) status: u16,
    /// Exactly as sent, empty when missing.
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    /// The JSON of a success as the strictest clients accept it: status exactly 200 and a content
    /// type without parameters.
    pub(crate) fn strict(&self) -> Result<Value, String> {
        self.with_status(200)
    }

    /// The same, with another status.
    pub(crate) fn with_status(&self, expected: u16) -> Result<Value, String> {
        let text = String::from_utf8_lossy(&self.body);
        if self.status != expected {
            return Err(format!("status {}: {text}", self.status));
        }
        if self.content_type != "application/json" {
            return Err(format!("content type {:?}", self.content_type));
        }
        serde_json::from_slice(&self.body).map_err(|error| format!("{error}: {text}"))
    }
}

impl Wire {
    pub(crate) async fn start(app: &TestApp) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = router(&app.app).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, server }
    }

    /// Where it is.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends these header lines, each without its end, and this body. `Host` comes by itself.
    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        host: &str,
        headers: &[String],
        body: &[u8],
    ) -> Raw {
        let mut request = format!("{method} {target} HTTP/1.1\r\n{host}: {}\r\n", self.address);
        for line in headers {
            request.push_str(line);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&[request.as_bytes(), body].concat()).await.unwrap();
        read(&mut stream).await
    }
}

async fn read(stream: &mut TcpStream) -> Raw {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the answer ends in its head");
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let header = |wanted: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let mut values =
            lines.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
        values.next().unwrap_or_default()
    };
    let length: usize = header("content-length").parse().expect("an answer with a length");
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        assert_ne!(stream.read_buf(&mut body).await.unwrap(), 0, "the answer ends in its body");
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Raw { status, content_type: header("content-type").to_owned(), body }
}
