//! Reads multipart bodies: fields into memory, the file straight to the blob store.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::Stream;
use halyard_platform::blobs::{Blob, BlobWriter, Blobs};
use http::header::CONTENT_DISPOSITION;
use percent_encoding::percent_decode_str;
use sha2::Sha256;

use super::{Kind, Param, Problem, Raw, ReadError, ReadLimits, feed};

/// What a field costs beside its name and value, so that a flood of empty ones is too large as well.
const FIELD_OVERHEAD: u64 = 64;
/// How far the parser may read ahead, in bytes, before it has to deliver something. This bounds the
/// memory that a part header without end, or a body without its boundary, can take.
const READ_AHEAD: u64 = 256 * 1024;
/// How many bytes at the start of a file [`Upload::head`] keeps.
pub const HEAD: usize = 16;
/// Longest kept file name and content type, in characters.
const NAME_LENGTH: usize = 255;

/// A file that came with a request. It is not stored yet: dropping it removes what was received.
#[derive(Debug)]
pub struct Upload {
    /// The last component of the name that the client gave, without control characters; `file`
    /// when nothing is left of it. At most 255 characters.
    pub file_name: String,
    /// The content type that the client claims.
    pub content_type: Option<String>,
    head: Vec<u8>,
    content: BlobWriter,
}

impl Upload {
    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.content.size()
    }

    /// Adds it to the fingerprint of a request.
    pub(super) fn feed(&self, digest: &mut Sha256) {
        feed(digest, b"file", self.file_name.as_bytes());
        feed(digest, b"size", &self.size().to_le_bytes());
        feed(digest, b"head", &self.head);
    }

    /// Its first [`HEAD`] bytes, or all of them: enough to tell what kind of file it is.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Stores it durably.
    ///
    /// # Errors
    ///
    /// When the file system refuses, for example because it is full.
    pub async fn store(self) -> std::io::Result<Blob> {
        self.content.finish().await
    }
}

impl Param for Upload {
    fn kind() -> Kind {
        Kind::File
    }

    fn parse(raw: Raw) -> Result<Option<Upload>, Problem> {
        match raw {
            Raw::File(upload) => Ok(Some(*upload)),
            _ => Err(Problem::Invalid { expected: "a file" }),
        }
    }
}

/// What a multipart body holds.
pub(super) struct Multipart {
    pub(super) fields: Vec<(String, Raw)>,
    pub(super) upload: Option<Upload>,
}

pub(super) async fn read(
    content_type: &str,
    body: Body,
    announced: Option<u64>,
    limits: &ReadLimits,
    blobs: Option<&Blobs>,
) -> Result<Multipart, ReadError> {
    let (limit, whole) = match blobs {
        Some(_) => (limits.upload, limits.upload.saturating_add(limits.body)),
        None => (limits.body, limits.body),
    };
    if announced.is_some_and(|length| length > whole) {
        return Err(ReadError::TooLarge { limit });
    }
    let boundary = multer::parse_boundary(content_type).map_err(read_error)?;
    let read_ahead = Arc::new(AtomicU64::new(0));
    let source = Metered {
        inner: body.into_data_stream(),
        left: whole,
        limit,
        read_ahead: read_ahead.clone(),
        pause: false,
    };
    let mut parts = multer::Multipart::new(source, boundary);
    let mut found = Multipart { fields: Vec::new(), upload: None };
    let mut text_left = limits.body;

    while let Some(field) = parts.next_field().await.map_err(read_error)? {
        let field = Part { field, read_ahead: &read_ahead };
        match field.file_name()? {
            Some(file_name) => {
                // Clients send one file; a second one is skipped, as any unknown parameter.
                let blobs = blobs.filter(|_| found.upload.is_none());
                let upload = field.receive(&file_name, blobs, limits.upload).await?;
                found.upload = found.upload.or(upload);
            }
            None => {
                let name = field.field.name().unwrap_or_default().to_owned();
                let too_large = ReadError::TooLarge { limit: limits.body };
                let Some(rest) = text_left.checked_sub(name.len() as u64 + FIELD_OVERHEAD) else {
                    return Err(too_large);
                };
                let Some(text) = field.text(rest).await? else { return Err(too_large) };
                text_left = rest - text.len() as u64;
                if !name.is_empty() {
                    found.fields.push((name, Raw::Text(text)));
                }
            }
        }
    }
    Ok(found)
}

/// One part of the body.
struct Part<'a> {
    field: multer::Field<'static>,
    read_ahead: &'a AtomicU64,
}

impl Part<'_> {
    async fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        self.read_ahead.store(0, Ordering::Relaxed);
        self.field.chunk().await.map_err(read_error)
    }

    /// The name of the file as it was sent; `None` when this part is no file.
    fn file_name(&self) -> Result<Option<String>, ReadError> {
        let Some(disposition) = self.field.headers().get(CONTENT_DISPOSITION) else {
            return Ok(None);
        };
        let disposition = str::from_utf8(disposition.as_bytes()).map_err(|_| ReadError::NotUtf8)?;
        if let Some(name) = self.field.file_name() {
            return Ok(Some(name.to_owned()));
        }
        // Older Python clients send names beyond ASCII only as `filename*=utf-8''…`.
        let mut attributes = disposition.split(';').map(str::trim);
        let Some(value) = attributes.find_map(|a| a.strip_prefix("filename*=")) else {
            return Ok(None);
        };
        let value = value.trim_matches('"');
        let encoded = value.splitn(3, '\'').nth(2).unwrap_or(value);
        let name = percent_decode_str(encoded).decode_utf8().map_err(|_| ReadError::NotUtf8)?;
        Ok(Some(name.into_owned()))
    }

    /// Reads a text of at most `limit` bytes; `None` when it is longer.
    async fn text(mut self, limit: u64) -> Result<Option<String>, ReadError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if (bytes.len() + chunk.len()) as u64 > limit {
                return Ok(None);
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map(Some).map_err(|_| ReadError::NotUtf8)
    }

    /// Streams the file into the blob store, or reads past it when there is none.
    async fn receive(
        mut self,
        file_name: &str,
        blobs: Option<&Blobs>,
        limit: u64,
    ) -> Result<Option<Upload>, ReadError> {
        let Some(blobs) = blobs else {
            while self.chunk().await?.is_some() {}
            return Ok(None);
        };
        let content_type = self.field.content_type().map(ToString::to_string);
        let mut head = Vec::with_capacity(HEAD);
        let mut content = blobs.create().await.map_err(ReadError::UploadFailed)?;
        while let Some(chunk) = self.chunk().await? {
            if content.size() + chunk.len() as u64 > limit {
                return Err(ReadError::TooLarge { limit });
            }
            head.extend(chunk.iter().take(HEAD - head.len()));
            content.write(&chunk).await.map_err(ReadError::UploadFailed)?;
        }
        // Browsers send this for a file input that was left empty.
        if file_name.is_empty() && content.size() == 0 {
            return Ok(None);
        }
        Ok(Some(Upload {
            file_name: self::file_name(file_name),
            content_type: content_type.filter(|text| text.len() <= NAME_LENGTH),
            head,
            content,
        }))
    }
}

/// The last component of a path in the spelling of any system, without control characters and with
/// at most 255 characters; `file` when nothing is left of it.
pub fn file_name(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_LENGTH).collect();
    match name.trim() {
        "" | "." | ".." => "file".to_owned(),
        name => name.to_owned(),
    }
}

fn read_error(error: multer::Error) -> ReadError {
    match error {
        multer::Error::StreamReadFailed(source) => match source.downcast::<ReadError>() {
            Ok(ours) => *ours,
            Err(source) => ReadError::Interrupted(source),
        },
        malformed => ReadError::BadMultipart(malformed.to_string()),
    }
}

/// The body, counted. The parser takes whatever it can get before it looks at any of it, so this
/// hands out one piece at a time: otherwise a fast sender would be buffered whole.
struct Metered {
    inner: BodyDataStream,
    left: u64,
    limit: u64,
    read_ahead: Arc<AtomicU64>,
    pause: bool,
}

impl Stream for Metered {
    type Item = Result<Bytes, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.pause) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.read_ahead.load(Ordering::Relaxed) > READ_AHEAD {
            let reason = "a part header or boundary is missing".to_owned();
            return Poll::Ready(Some(Err(ReadError::BadMultipart(reason))));
        }
        let next = std::task::ready!(Pin::new(&mut self.inner).poll_next(cx));
        Poll::Ready(next.map(|piece| {
            self.pause = true;
            let piece = piece.map_err(|error| ReadError::Interrupted(error.into()))?;
            let length = piece.len() as u64;
            self.read_ahead.fetch_add(length, Ordering::Relaxed);
            match self.left.checked_sub(length) {
                Some(left) => self.left = left,
                None => return Err(ReadError::TooLarge { limit: self.limit }),
            }
            Ok(piece)
        }))
    }
}
