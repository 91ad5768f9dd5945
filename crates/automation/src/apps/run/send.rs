//! From a prepared request to the values of its answer.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use halyard_iml::{Collection, Key, Stored, Value};
use halyard_platform::{
    blobs::Blobs,
    clock::Millis,
    outbound::{
        self, Answer,
        header::{
            CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, RETRY_AFTER, SET_COOKIE,
        },
    },
};
use tokio::time::Instant;

use super::{
    Cookies, Exchange, Shown,
    call::{Call, place},
    decode::Format,
    judge::Verdict,
    prepare::{Prepared, carries},
    sanitize::{Paths, Sanitizer},
    scope::{Frame, Page, Scope},
    text::{read_http_date, text},
    unpack::unpack,
};
use crate::apps::{
    AppError, ErrorType,
    plan::{Decode, Request},
};

/// An answer, decoded.
pub(super) struct Answered {
    pub(super) page: Page,
    pub(super) verdict: Verdict,
}

impl Call<'_> {
    /// Sends a request and decodes the answer.
    pub(super) async fn send(
        &mut self,
        frame: &Frame,
        plan: &Request,
        mut prepared: Prepared,
    ) -> Result<Answered, AppError> {
        self.requests += 1;
        let mut note = self.note(plan, &prepared);
        let (at, started) = (self.host().clock.now(), Instant::now());
        let result = self.exchange(frame, plan, &mut prepared, &mut note).await;
        let problem = result.as_ref().err().map(|error| self.mask.hide(&error.message));
        let Note { status, shown } = note;
        let shown = shown.map(|(shown, _)| shown);
        self.exchanges.push(Exchange { at, took: started.elapsed(), status, problem, shown });
        result
    }

    fn sanitizer<'s>(&'s self, paths: &'s Paths) -> Sanitizer<'s> {
        Sanitizer { mask: &self.mask, paths, bytes: self.host().bounds.shown_bytes }
    }

    fn note(&self, plan: &Request, prepared: &Prepared) -> Note {
        let paths = plan.sanitize.as_deref().map(Paths::of);
        let shown = paths.map(|paths| {
            let mut shown = Shown::default();
            let request = &prepared.request;
            let (method, url) = (request.method.as_str(), &request.url);
            let sanitizer = self.sanitizer(&paths);
            sanitizer.request(&mut shown, method, url, &request.headers, &prepared.body);
            (shown, paths)
        });
        Note { status: None, shown }
    }

    async fn exchange(
        &mut self,
        frame: &Frame,
        plan: &Request,
        prepared: &mut Prepared,
        note: &mut Note,
    ) -> Result<Answered, AppError> {
        let mut answer = self.follow(prepared).await?;
        let status = answer.status.as_u16();
        note.status = Some(status);
        let content_type = header(&answer.headers, CONTENT_TYPE.as_str());
        let decode = self.format(frame, plan, status)?;
        let format = decode.unwrap_or_else(|| Format::of_content_type(&content_type));
        let body = self.body(&mut answer, format).await;
        let headers = std::mem::take(&mut answer.headers);
        let body = match body {
            Ok(body) => body,
            Err(error) => {
                self.show(note, &headers, b"", None);
                return Err(AppError { status: Some(status), ..error });
            }
        };
        let values = self.host().bounds.values;
        let (body, value) = match body {
            Body::Stored(stored) => (Bytes::new(), Ok(Value::Stored(Arc::new(stored)))),
            Body::Memory(body) => {
                let value = format.read(&body, &content_type, values);
                (body, value)
            }
        };
        let value = match value {
            Ok(value) => value,
            // An error page need not be what the answer would have been.
            Err(_) if status >= 400 => Value::from(&*super::decode::text(&body, &content_type)),
            Err(cause) => {
                self.show(note, &headers, &body, None);
                let error = AppError::new(ErrorType::DataError, cause);
                return Err(AppError { status: Some(status), ..error });
            }
        };
        self.show(note, &headers, &body, Some(&value));
        let retry_after = match status {
            429 => {
                let now = self.host().clock.now();
                retry_after(&headers, now).or_else(|| counted_anew(&headers, now))
            }
            503 => retry_after(&headers, self.host().clock.now()),
            _ => None,
        };
        Ok(Answered {
            page: Page {
                body: value,
                headers: root_of(&headers),
                status_code: Value::Number(f64::from(status)),
                iterate: Value::Undefined,
            },
            verdict: Verdict { status: Some(status), retry_after },
        })
    }

    fn show(&self, note: &mut Note, headers: &HeaderMap, bytes: &[u8], body: Option<&Value>) {
        if let Some((shown, paths)) = &mut note.shown {
            self.sanitizer(paths).response(shown, headers, bytes, body);
        }
    }

    /// Sends, and sends again where answers redirect to.
    async fn follow(&mut self, prepared: &mut Prepared) -> Result<Answer, AppError> {
        let (started, whole) = (Instant::now(), prepared.request.limits.whole);
        let allowed = self.host().bounds.redirects;
        let mut redirects = 0;
        loop {
            let request = &mut prepared.request;
            let jar = prepared.shares_cookies.then(|| self.cookies.get_or_insert_default().clone());
            cookies(request, prepared.cookie.as_deref(), jar.as_ref(), self.host().clock.now())?;
            let left = whole.saturating_sub(started.elapsed()).min(self.left()?);
            request.limits = outbound::Limits { head: left, whole: left };
            let answer = self.host().outbound.open(request).await;
            let answer = answer.map_err(|error| self.unanswered(&error, whole))?;
            if let Some(jar) = jar {
                jar.take(&answer.url, &answer.headers, self.host().clock.now());
            }
            if !prepared.follows {
                return Ok(answer);
            }
            let next = match outbound::location(answer.status, &answer.headers, &request.url) {
                None => return Ok(answer),
                Some(next) => next.ok_or_else(|| {
                    let place = place(&answer.url);
                    self.unreachable(format!("{place} redirects without a usable Location."))
                })?,
            };
            if redirects == allowed {
                let place = place(&answer.url);
                let text = format!("{place} redirects more often than {allowed} times.");
                return Err(self.unreachable(text));
            }
            redirects += 1;
            if next.origin() != request.url.origin() {
                prepared.cookie = None;
                let keeps_body = matches!(answer.status.as_u16(), 307 | 308);
                if keeps_body && carries(&self.mask, &request.body, &request.pieces) {
                    let (from, to) = (place(&request.url), place(&next));
                    return Err(self.unreachable(format!(
                        "{from} redirects to {to}, and the body that would go there holds \
                         credentials. Use the address of {to}, if that is right."
                    )));
                }
            }
            request.headers.remove(COOKIE);
            request.redirected(answer.status, next);
        }
    }

    fn unreachable(&self, message: String) -> AppError {
        AppError::new(ErrorType::ConnectionError, message)
    }

    fn unanswered(&self, error: &outbound::Error, limit: Duration) -> AppError {
        match error {
            outbound::Error::Timeout { host, phase, .. } if *phase != outbound::Phase::Connect => {
                let limit = limit.as_millis();
                let message = format!("{host} took longer than {limit} ms to answer.");
                AppError::new(ErrorType::ModuleTimeoutError, message)
            }
            outbound::Error::Url(_)
            | outbound::Error::ClientCertificate(_)
            | outbound::Error::Proxy(_) => {
                AppError::new(ErrorType::InvalidConfigurationError, error.to_string())
            }
            other => self.unreachable(other.to_string()),
        }
    }

    /// Reads and unpacks a body. A long file goes to the store of files.
    async fn body(&mut self, answer: &mut Answer, format: Format) -> Result<Body, AppError> {
        let bounds = &self.host().bounds;
        let encoding = header(&answer.headers, CONTENT_ENCODING.as_str());
        let plain = matches!(encoding.trim().to_ascii_lowercase().as_str(), "" | "identity");
        let blobs = self.host().blobs.as_ref().filter(|_| plain && format == Format::Binary);
        let limit = match blobs {
            Some(_) => bounds.memory_bytes,
            None => bounds.body_bytes,
        };
        let whole = self.left()?;
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk(answer, whole).await? {
            if body.len() + chunk.len() > limit {
                return match blobs {
                    Some(blobs) => {
                        body.extend_from_slice(&chunk);
                        self.store(answer, blobs, body, whole).await.map(Body::Stored)
                    }
                    None => Err(too_long(limit as u64)),
                };
            }
            body.extend_from_slice(&chunk);
        }
        match unpack(&encoding, &body, bounds.body_bytes) {
            None => Ok(Body::Memory(body.freeze())),
            Some(Ok(unpacked)) => Ok(Body::Memory(unpacked.into())),
            Some(Err(cause)) => Err(AppError::new(ErrorType::DataError, cause)),
        }
    }

    async fn chunk(&self, answer: &mut Answer, whole: Duration) -> Result<Option<Bytes>, AppError> {
        answer.chunk().await.map_err(|error| self.unanswered(&error, whole))
    }

    /// Writes a body to the store of files while it comes. What is not finished leaves nothing.
    async fn store(
        &mut self,
        answer: &mut Answer,
        blobs: &Blobs,
        beginning: BytesMut,
        whole: Duration,
    ) -> Result<Stored, AppError> {
        let failed = |error: std::io::Error| {
            let message = format!("The file cannot be stored: {error}.");
            AppError::new(ErrorType::RuntimeError, message)
        };
        let limit = self.host().bounds.file_bytes;
        let mut writer = blobs.create().await.map_err(failed)?;
        writer.write(&beginning).await.map_err(failed)?;
        drop(beginning);
        while let Some(chunk) = self.chunk(answer, whole).await? {
            if writer.size() + chunk.len() as u64 > limit {
                return Err(too_long(limit));
            }
            writer.write(&chunk).await.map_err(failed)?;
        }
        let blob = writer.finish().await.map_err(failed)?;
        self.stored.push(blob.id.clone());
        Ok(Stored { id: blob.id.as_str().into(), bytes: blob.size })
    }

    /// The format that `response.type` tells for a status; nothing for the automatic choice.
    fn format(
        &self,
        frame: &Frame,
        plan: &Request,
        status: u16,
    ) -> Result<Option<Format>, AppError> {
        let template = match &plan.response.decode {
            None => return Ok(None),
            Some(Decode::Always(template)) => template,
            Some(Decode::ByStatus(ranges)) => {
                let narrowest = ranges
                    .iter()
                    .filter(|(from, to, _)| (*from..=*to).contains(&status))
                    .min_by_key(|(from, to, _)| to - from);
                let Some((_, _, template)) = narrowest else { return Ok(None) };
                template
            }
        };
        let value = self.expressions.value(template, frame.scope())?;
        if value.is_empty() {
            return Ok(None);
        }
        let name = text(&value);
        Format::named(&name).ok_or_else(|| {
            let message = format!("{name} is no type that an answer can have.");
            AppError::new(ErrorType::InvalidConfigurationError, message)
        })
    }

    /// Lets `response.temp` remember, and judges the answer.
    pub(super) fn accept(
        &mut self,
        frame: &mut Frame,
        plan: &Request,
        page: &Page,
        verdict: Verdict,
    ) -> Result<(), AppError> {
        for layer in &plan.response.temp {
            let value = self.expressions.value(layer, frame.scope().page(page));
            match value.and_then(|value| frame.remember(&value)) {
                Ok(()) => {}
                // What the service has to say matters more.
                Err(error) if verdict.status.is_some_and(|status| status >= 400) => {
                    self.warn(format!("response.temp fails: {}", error.message));
                }
                Err(error) => return Err(error),
            }
        }
        let scope: Scope<'_> = frame.scope().page(page);
        super::judge::judge(self.expressions, &plan.response, scope, verdict, &mut self.warnings)
    }
}

/// Writes the header `Cookie`: what the author says, and what the jar has.
fn cookies(
    request: &mut outbound::Request,
    own: Option<&str>,
    jar: Option<&Cookies>,
    now: Millis,
) -> Result<(), AppError> {
    let kept = jar.and_then(|jar| jar.header(&request.url, now));
    let all: Vec<&str> = own.into_iter().chain(kept.as_deref()).collect();
    if all.is_empty() {
        return Ok(());
    }
    let mut value = HeaderValue::from_str(&all.join("; ")).map_err(|_| {
        let message = "The header cookie has a value that cannot be sent.";
        AppError::new(ErrorType::InvalidConfigurationError, message)
    })?;
    value.set_sensitive(true);
    request.headers.insert(COOKIE, value);
    Ok(())
}

/// Where a body has gone.
enum Body {
    Memory(Bytes),
    Stored(Stored),
}

fn too_long(limit: u64) -> AppError {
    let message = format!("The answer is longer than {limit} bytes.");
    AppError::new(ErrorType::MaxFileSizeExceededError, message)
}

/// What is known of an exchange before it has ended.
struct Note {
    status: Option<u16>,
    shown: Option<(Shown, Paths)>,
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .unwrap_or_default()
}

/// The root `headers`: names in any case; of several values of a name only cookies stay apart.
fn root_of(headers: &HeaderMap) -> Value {
    let mut entries = Vec::with_capacity(headers.keys_len());
    for name in headers.keys() {
        let values: Vec<String> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        let value = if *name == SET_COOKIE {
            Value::array(values.into_iter().map(Value::from).collect())
        } else {
            Value::from(values.join(", "))
        };
        entries.push((Key::new(name.as_str()), value));
    }
    Value::collection(Collection::new(entries).in_any_case())
}

/// The time that a service asks to be left alone.
fn retry_after(headers: &HeaderMap, now: i64) -> Option<Duration> {
    let value = header(headers, RETRY_AFTER.as_str());
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let wait = read_http_date(value)?.saturating_sub(now).max(0);
    u64::try_from(wait).ok().map(Duration::from_millis)
}

/// The time until requests are counted anew, which is what some services tell instead: in Unix
/// seconds, or in seconds from now. One that is days away is none that anybody waits for.
fn counted_anew(headers: &HeaderMap, now: i64) -> Option<Duration> {
    const UNIX: i64 = 1_000_000_000;
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    let seconds: i64 = header(headers, "x-ratelimit-reset").trim().parse().ok()?;
    let wait = if seconds < UNIX {
        seconds.checked_mul(1000)?
    } else {
        seconds.checked_mul(1000)?.saturating_sub(now)
    };
    let wait = Duration::from_millis(u64::try_from(wait.max(0)).ok()?);
    (wait <= LONGEST).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_count_anew_say_how_long_to_wait() {
        let now = 1_750_000_000_500;
        for (said, wait) in [
            ("1750000010", Some(9_500)),
            ("1749999999", Some(0)),
            ("30", Some(30_000)),
            // Far away, or no number.
            ("1760000000", None),
            ("9223372036854775807", None),
            ("soon", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-ratelimit-reset", HeaderValue::from_static(said));
            let found = counted_anew(&headers, now);
            assert_eq!(found, wait.map(Duration::from_millis), "{said}");
        }
    }
}
