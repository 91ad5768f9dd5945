//! Serves the pictures of people.

use std::{io::Cursor, str::FromStr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use halyard_identity::avatar_in_use;
use halyard_platform::blobs::BlobId;
use http::{HeaderValue, header};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::error::{Code, Error};
use crate::{App, kit::params::HEAD};

/// `/avatars/{avatar_id}/{size}`: open to whoever has the address, which nobody can guess, because
/// pages show pictures without a token. One picture serves every size.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/avatars/{id}/{size}", get(picture))
}

async fn picture(
    State(app): State<Arc<App>>,
    Path((id, size)): Path<(String, String)>,
) -> Response {
    let reply = send(&app, &id, &size).await;
    reply.unwrap_or_else(|error| error.into_response(&app.random))
}

async fn send(app: &App, id: &str, size: &str) -> Result<Response, Error> {
    let blob = BlobId::from_str(id).map_err(|_| Error::new(Code::NotFound))?;
    if !["s35", "s60", "s195", "s640"].contains(&size) {
        return Err(Error::new(Code::NotFound));
    }
    // Other blobs, such as attachments, are not for everybody.
    let id = id.to_owned();
    if !app.db.read(move |tx| avatar_in_use(tx, &id)).await? {
        return Err(Error::new(Code::NotFound));
    }
    let missing = |error| Error::internal(format_args!("picture {blob} has no bytes: {error}"));
    let (mut file, size) = app.blobs.read(&blob).await.map_err(missing)?;
    let mut head = Vec::new();
    (&mut file).take(HEAD as u64).read_to_end(&mut head).await.map_err(missing)?;
    let image = ImageType::of(&head).ok_or_else(|| Error::new(Code::NotFound))?;
    let bytes = Cursor::new(head).chain(file);
    let mut response = Response::new(Body::from_stream(ReaderStream::new(bytes)));
    for (name, value) in [
        (header::CONTENT_TYPE, image.media_type()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        // Another picture has another address.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    Ok(response)
}

/// The kinds of pictures that are accepted (vendor documentation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageType {
    Gif,
    Jpeg,
    Png,
    Bmp,
    Tiff,
}

impl ImageType {
    /// Recognises a picture by its first bytes.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let begins = |start: &[u8]| head.starts_with(start);
        if begins(b"GIF87a") || begins(b"GIF89a") {
            Some(Self::Gif)
        } else if begins(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if begins(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if begins(b"BM") && head.get(6..10) == Some(&[0; 4]) {
            // Two letters alone may begin a text; the four reserved bytes are always 0.
            Some(Self::Bmp)
        } else if begins(b"II*\0") || begins(b"MM\0*") {
            Some(Self::Tiff)
        } else {
            None
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Gif => "image/gif",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ImageType;

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        for (head, image) in [
            (&b"GIF89a.........."[..], Some(ImageType::Gif)),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some(ImageType::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some(ImageType::Png)),
            (b"BM\x36\0\0\0\0\0\0\0\x36\0", Some(ImageType::Bmp)),
            (b"II*\0\x08\0\0\0", Some(ImageType::Tiff)),
            (b"MM\0*\0\0\0\x08", Some(ImageType::Tiff)),
            (b"BMW is a car", None),
            (b"BM", None),
            (b"<svg xmlns=\"http", None),
            (b"<!doctype html>", None),
            (b"", None),
        ] {
            assert_eq!(ImageType::of(head), image, "{head:?}");
        }
    }
}
