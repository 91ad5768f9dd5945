//! The bare HTTP limit: a server in the shape of ours whose handler does nothing.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::get;

/// Path of the handler that answers a few bytes.
pub const PATH: &str = "/bare/http";

/// Serves until the process ends, on as many threads as the machine has cores.
pub fn serve(listen: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("build the runtime")?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .with_context(|| format!("listen on {listen}"))?;
        axum::serve(listener, router()).await.context("serve")
    })
}

/// The handler and the readiness answer.
pub fn router() -> Router {
    Router::new().route(PATH, get(|| async { "{}" })).route("/readyz", get(|| async { "ready" }))
}
