//! Reads query string and body into [`Params`].

use std::io;

use axum::body::Body;
use bytes::Bytes;
use halyard_platform::blobs::Blobs;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::{Params, Raw, multipart};

/// JSON that is nested deeper than this is refused.
const MAX_DEPTH: usize = 64;

/// How much one request may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of a body, an uploaded file not counted.
    pub body: u64,
    /// Bytes of an uploaded file, where one is accepted.
    pub upload: u64,
}

/// Why a request could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The body or the file in it is too large.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit that was passed, in bytes.
        limit: u64,
    },
    /// Text is not UTF-8, possibly after percent decoding.
    #[error("not UTF-8")]
    NotUtf8,
    /// A JSON body is malformed, not an object, or nested too deeply.
    #[error("malformed JSON: {0}")]
    BadJson(String),
    /// A multipart body is malformed or ends early.
    #[error("malformed multipart body: {0}")]
    BadMultipart(String),
    /// The uploaded file could not be stored.
    #[error("the upload could not be stored")]
    UploadFailed(#[source] io::Error),
    /// The client went away before the body was complete.
    #[error("the body ended early")]
    Interrupted(#[source] axum::BoxError),
}

impl Params {
    /// Reads and merges everything that a request sends; the body wins over the query string. With
    /// `blobs` the file of a multipart body is streamed there, without them it is skipped.
    ///
    /// A body without a content type that we know counts when it is a JSON object, otherwise it is
    /// ignored: clients send JSON as text, and junk where no body is expected.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. The rest of the body is not read then.
    pub async fn read(
        parts: &Parts,
        body: Body,
        limits: &ReadLimits,
        blobs: Option<&Blobs>,
    ) -> Result<Params, ReadError> {
        let mut params = Params::default();
        params.merge(decode_pairs(parts.uri.query().unwrap_or_default().as_bytes())?);

        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default();
        let format = Format::of(content_type);
        let announced = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let announced = announced.and_then(|length| length.parse::<u64>().ok());

        if format == Format::Multipart && announced != Some(0) {
            let multipart = multipart::read(content_type, body, announced, limits, blobs).await?;
            params.merge(multipart.fields);
            params.upload = multipart.upload;
            return Ok(params);
        }
        let body = collect(body, announced, limits.body).await?;
        match format {
            Format::Json => params.merge(decode_json(&body)?),
            // curl labels whatever it is given a form, JSON too.
            Format::Form => match json_object(&body) {
                Some(object) => params.merge(json_pairs(object)),
                None => params.merge(decode_pairs(&body)?),
            },
            Format::Other | Format::Multipart => {
                params.merge(json_object(&body).into_iter().flat_map(json_pairs));
            }
        }
        Ok(params)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Form,
    Multipart,
    Other,
}

impl Format {
    fn of(content_type: &str) -> Format {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/x-www-form-urlencoded" => Format::Form,
            "multipart/form-data" => Format::Multipart,
            "application/json" | "text/json" => Format::Json,
            other if other.starts_with("application/") && other.ends_with("+json") => Format::Json,
            _ => Format::Other,
        }
    }
}

async fn collect(body: Body, announced: Option<u64>, limit: u64) -> Result<Bytes, ReadError> {
    if announced.is_some_and(|length| length > limit) {
        return Err(ReadError::TooLarge { limit });
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ReadError::TooLarge { limit }),
        Err(error) => Err(ReadError::Interrupted(error)),
    }
}

/// Decodes a query string or a form.
fn decode_pairs(bytes: &[u8]) -> Result<Vec<(String, Raw)>, ReadError> {
    let pairs = bytes.split(|&b| b == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = match pair.iter().position(|&b| b == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &b""[..]),
            };
            Ok((decode_text(key)?, Raw::Text(decode_text(value)?)))
        })
        .collect()
}

/// Undoes percent encoding. `form_urlencoded` would replace invalid UTF-8 instead of reporting it.
fn decode_text(bytes: &[u8]) -> Result<String, ReadError> {
    let bytes: Vec<u8> = bytes.iter().map(|&b| if b == b'+' { b' ' } else { b }).collect();
    String::from_utf8(percent_decode(&bytes).collect()).map_err(|_| ReadError::NotUtf8)
}

/// Decodes a body that says it is JSON; an empty one is fine.
fn decode_json(bytes: &[u8]) -> Result<impl Iterator<Item = (String, Raw)> + use<>, ReadError> {
    let text = str::from_utf8(bytes).map_err(|_| ReadError::NotUtf8)?;
    let text = text.trim_start_matches('\u{feff}');
    let object = if text.trim().is_empty() {
        Map::new()
    } else {
        match parse_json(text).map_err(ReadError::BadJson)? {
            Value::Object(object) => object,
            _ => return Err(ReadError::BadJson("not an object".to_owned())),
        }
    };
    Ok(json_pairs(object))
}

/// The body as a JSON object, if it is one.
fn json_object(bytes: &[u8]) -> Option<Map<String, Value>> {
    // Looking at the first byte spares ordinary forms the attempt.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    match parse_json(str::from_utf8(bytes).ok()?) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

fn json_pairs(object: Map<String, Value>) -> impl Iterator<Item = (String, Raw)> {
    object.into_iter().map(|(key, value)| (key, Raw::Json(value)))
}

/// Parses JSON that is not nested too deeply; the error says what is wrong and where.
pub(super) fn parse_json(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if is_deeper(&value, MAX_DEPTH) {
        return Err(format!("nested deeper than {MAX_DEPTH} levels"));
    }
    Ok(value)
}

/// The parser itself stops at 128 levels, so this cannot exhaust the stack.
fn is_deeper(value: &Value, levels: usize) -> bool {
    let mut inner: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(object) => Box::new(object.values()),
        _ => return false,
    };
    levels == 0 || inner.any(|value| is_deeper(value, levels - 1))
}
