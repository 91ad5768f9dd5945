//! Waiting for the browser that a service sends back.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail};
use axum::{
    Router,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use halyard_platform::outbound::{self, Url};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

/// The path that is listened on unless another one is asked for.
const PATH: &str = "/oauth/cb/app";

/// A callback that has come in.
pub(crate) struct Callback {
    /// Its query.
    pub(crate) query: Vec<(String, String)>,
    shown: oneshot::Sender<(StatusCode, String)>,
}

impl Callback {
    /// Shows the person in the browser how it went.
    pub(crate) fn show(self, well: bool, text: &str) {
        let status = if well { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        // A browser that has gone away misses nothing: the terminal says the same.
        self.shown.send((status, text.to_owned())).ok();
    }
}

/// Listens for one callback on this machine.
pub(crate) struct Waiting {
    /// Where the service has to send the browser to.
    pub(crate) redirect_uri: String,
    callbacks: mpsc::Receiver<Callback>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Waiting {
    /// Begins to listen at `redirect_uri`, or at an address of our choice.
    pub(crate) async fn begin(redirect_uri: Option<&str>) -> anyhow::Result<Self> {
        let (listen, path) = match redirect_uri {
            None => (SocketAddr::from(([127, 0, 0, 1], 0)), PATH.to_owned()),
            Some(text) => place(text)?,
        };
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("redirect-uri: cannot listen on {listen}"))?;
        let local = listener.local_addr()?;
        let (say, callbacks) = mpsc::channel(1);
        let routes = Router::new().route(&path, get(take)).with_state(say);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "waiting for the browser");
            }
        });
        let redirect_uri = match redirect_uri {
            Some(text) => text.to_owned(),
            None => format!("http://{local}{path}"),
        };
        Ok(Self { redirect_uri, callbacks, server })
    }

    /// Waits for the browser.
    pub(crate) async fn wait(&mut self, limit: Duration) -> anyhow::Result<Callback> {
        match tokio::time::timeout(limit, self.callbacks.recv()).await {
            Ok(Some(callback)) => Ok(callback),
            Ok(None) => bail!("the listener for the browser has ended"),
            Err(_) => bail!(
                "nobody came back from the service within {} seconds; try again, with --wait for \
                 more time, or with --print-only if the browser cannot reach this machine",
                limit.as_secs()
            ),
        }
    }

    /// Lets the answer reach the browser before the process ends.
    pub(crate) async fn settle() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Where to listen for an address that a service sends browsers to.
fn place(text: &str) -> anyhow::Result<(SocketAddr, String)> {
    let url = outbound::url(text).context("redirect-uri")?;
    let ip = match url.host_str().unwrap_or_default() {
        "localhost" | "127.0.0.1" => [127, 0, 0, 1].into(),
        "[::1]" => std::net::Ipv6Addr::LOCALHOST.into(),
        _ => std::net::IpAddr::from([0, 0, 0, 0]),
    };
    if url.scheme() != "http" || !ip.is_loopback() {
        bail!(
            "redirect-uri: {text} does not lead to this machine; add --print-only, and paste the \
             address that the browser ends at"
        );
    }
    let port = url.port_or_known_default().unwrap_or(80);
    Ok((SocketAddr::new(ip, port), url.path().to_owned()))
}

async fn take(State(say): State<mpsc::Sender<Callback>>, RawQuery(query): RawQuery) -> Response {
    let (shown, showing) = oneshot::channel();
    let query = pairs(&query.unwrap_or_default());
    let callback = Callback { query, shown };
    let (status, text) = match say.try_send(callback) {
        Ok(()) => showing.await.unwrap_or_else(|_| gone()),
        Err(_) => gone(),
    };
    ([(header::CACHE_CONTROL, "no-store")], (status, format!("{text}\n"))).into_response()
}

fn gone() -> (StatusCode, String) {
    (StatusCode::GONE, "Nobody waits for this any more. You can close this window.".to_owned())
}

/// The names and values of a query.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let mut url: Url = "http://localhost/".parse().expect("it is an address");
    url.set_query(Some(query));
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_listened_on() {
        let (listen, path) = place("http://127.0.0.1:8914/back").unwrap();
        assert_eq!((listen.to_string().as_str(), path.as_str()), ("127.0.0.1:8914", "/back"));
        for elsewhere in ["https://127.0.0.1/", "http://app.example/cb", "ftp://localhost/", "x"] {
            assert!(format!("{:#}", place(elsewhere).unwrap_err()).contains("redirect-uri"));
        }
    }

    #[test]
    fn a_query_is_decoded() {
        let expected = [("a".to_owned(), "b c".to_owned()), ("d".to_owned(), "é&".to_owned())];
        assert_eq!(pairs("a=b+c&d=%C3%A9%26"), expected);
        assert!(pairs("").is_empty());
    }
}
