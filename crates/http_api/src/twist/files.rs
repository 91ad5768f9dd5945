//! Serves the bytes of attachments.

use std::{str::FromStr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, RawQuery, State},
    response::Response,
    routing::get,
};
use halyard_identity::authenticate;
use halyard_messaging::{Actor, attachment};
use halyard_platform::blobs::BlobId;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio_util::io::ReaderStream;

use super::error::{Code, Error};
use crate::{App, kit::credentials::present};

/// `/files/{attachment_id}/{file_name}`: whoever may see a post may fetch its files.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/files/{id}/{name}", get(download))
}

async fn download(
    State(app): State<Arc<App>>,
    Path((id, _)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let reply = send(&app, id, query.as_deref(), &headers).await;
    reply.unwrap_or_else(|error| error.into_response(&app.random))
}

async fn send(
    app: &Arc<App>,
    id: String,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Error> {
    let token = query.and_then(|query| {
        form_urlencoded::parse(query.as_bytes())
            .find_map(|(name, value)| (name == "token").then(|| value.into_owned()))
    });
    let presented = present(headers, token.as_deref());
    let clock = app.clock.clone();
    let file = app
        .db
        .read(move |tx| -> Result<_, Error> {
            let now = clock.now();
            let principal = authenticate(tx, &presented.credentials, now)?;
            principal.scopes.require(halyard_identity::Scope::ATTACHMENTS_READ)?;
            Ok(attachment::load(tx, &Actor { user: principal.user, now }, &id)?)
        })
        .await?;
    let blob = BlobId::from_str(&file.blob).map_err(Error::internal)?;
    let (bytes, size) = app.blobs.read(&blob).await.map_err(|error| {
        Error::internal(format_args!("attachment {} has no bytes: {error}", file.id))
    })?;
    let mut response = Response::new(Body::from_stream(ReaderStream::new(bytes)));
    let sent = response.headers_mut();
    // An uploaded page must never run as one of ours: it is downloaded, and its type is not guessed.
    let media_type = HeaderValue::from_str(&file.media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    sent.insert(header::CONTENT_TYPE, media_type);
    sent.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    sent.insert(header::CONTENT_DISPOSITION, disposition(&file.file_name)?);
    sent.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    sent.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400"));
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}

/// `attachment` with the name twice: plain for old clients, percent-encoded for the others.
fn disposition(file_name: &str) -> Result<HeaderValue, Error> {
    let plain: String = file_name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ' { c } else { '_' })
        .collect();
    let encoded: String = form_urlencoded::byte_serialize(file_name.as_bytes()).collect();
    let encoded = encoded.replace('+', "%20").replace('*', "%2A");
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .map_err(|_| Error::new(Code::NotFound))
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn names_cannot_break_out_of_the_header() {
        let text = |name| disposition(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(text("a b.txt"), "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt");
        let odd = text("a\"\r\nX: y.txt");
        assert_eq!(odd.matches('"').count(), 2, "{odd}");
        assert!(text("日本.txt").contains("filename=\"__.txt\""));
    }
}
