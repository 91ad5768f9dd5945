//! One keep-alive HTTP/1.1 connection with the smallest response reader that is still correct.
//!
//! A full client costs several times what the servers under test spend on a request, and here it
//! would take that from the same two cores.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of the read buffer; a response head must fit.
const BUFFER_BYTES: usize = 32 * 1024;
/// How much of a failed answer's body is kept for the report, in bytes.
const ERROR_BODY_BYTES: usize = 4 * 1024;

/// Which bodies an exchange keeps for `Connection::body`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Every body, whole.
    All,
    /// Only the start of the body of an answer other than 200.
    Failures,
}

/// The outcome of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Whether another request may follow on this connection.
    pub reusable: bool,
}

/// A connection on which requests and answers alternate.
pub struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
    /// Unread bytes are `buffer[start..end]`.
    start: usize,
    end: usize,
    body: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    framing: Framing,
    reusable: bool,
    bytes: usize,
}

impl Connection {
    /// Connects to a server on this machine.
    pub async fn open(target: SocketAddr) -> Result<Self> {
        let stream =
            TcpStream::connect(target).await.with_context(|| format!("connect to {target}"))?;
        stream.set_nodelay(true).context("set TCP_NODELAY")?;
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Ok(Self { stream, buffer, start: 0, end: 0, body: Vec::new() })
    }

    /// Sends one encoded request and reads its whole answer.
    ///
    /// An error means that the connection is unusable: it broke, or the answer was not HTTP/1.1.
    pub async fn exchange(&mut self, request: &[u8], keep: Keep) -> Result<Answer> {
        ensure!(self.start == self.end, "bytes follow the end of the previous answer");
        self.stream.write_all(request).await.context("send the request")?;
        let head = loop {
            let head = self.read_head().await?;
            // Interim answers (1xx) precede the real one.
            if head.status >= 200 {
                break head;
            }
        };
        self.body.clear();
        let kept_bytes = match keep {
            Keep::All => usize::MAX,
            Keep::Failures if head.status == 200 => 0,
            Keep::Failures => ERROR_BODY_BYTES,
        };
        match head.framing {
            Framing::Length(length) => self.read_exactly(length, kept_bytes).await?,
            Framing::Chunked => self.read_chunks(kept_bytes).await?,
            Framing::UntilClose => self.read_until_close(kept_bytes).await?,
        }
        Ok(Answer { status: head.status, reusable: head.reusable })
    }

    /// The kept body of the last answer.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    async fn read_head(&mut self) -> Result<Head> {
        loop {
            if let Some(head) = parse_head(&self.buffer[self.start..self.end])? {
                self.start += head.bytes;
                return Ok(head);
            }
            self.fill_or_fail().await?;
        }
    }

    async fn read_exactly(&mut self, length: u64, kept_bytes: usize) -> Result<()> {
        let mut left = length;
        while left > 0 {
            if self.start == self.end {
                self.fill_or_fail().await?;
            }
            let available = self.end - self.start;
            let taken = usize::try_from(left).map_or(available, |left| left.min(available));
            self.consume(taken, kept_bytes);
            left -= taken as u64;
        }
        Ok(())
    }

    async fn read_chunks(&mut self, kept_bytes: usize) -> Result<()> {
        loop {
            let line = self.read_line().await?;
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let digits = std::str::from_utf8(digits).context("chunk size is not text")?.trim();
            let length = u64::from_str_radix(digits, 16)
                .with_context(|| format!("chunk size {digits:?} is not hexadecimal"))?;
            if length == 0 {
                // Trailer fields, then an empty line.
                while !self.read_line().await?.is_empty() {}
                return Ok(());
            }
            self.read_exactly(length, kept_bytes).await?;
            ensure!(self.read_line().await?.is_empty(), "a chunk is longer than its size");
        }
    }

    async fn read_until_close(&mut self, kept_bytes: usize) -> Result<()> {
        loop {
            self.consume(self.end - self.start, kept_bytes);
            if self.fill().await? == 0 {
                return Ok(());
            }
        }
    }

    /// The next line without its line break.
    async fn read_line(&mut self) -> Result<Vec<u8>> {
        loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(length) = unread.iter().position(|byte| *byte == b'\n') {
                let line = without_carriage_return(&unread[..length]).to_vec();
                self.start += length + 1;
                return Ok(line);
            }
            self.fill_or_fail().await?;
        }
    }

    fn consume(&mut self, count: usize, kept_bytes: usize) {
        let kept = count.min(kept_bytes.saturating_sub(self.body.len()));
        self.body.extend_from_slice(&self.buffer[self.start..self.start + kept]);
        self.start += count;
    }

    async fn fill_or_fail(&mut self) -> Result<()> {
        ensure!(self.fill().await? > 0, "the server closed the connection within an answer");
        Ok(())
    }

    /// Reads more bytes behind the unread ones; 0 means that the server closed the connection.
    async fn fill(&mut self) -> Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            ensure!(self.start > 0, "a head or line exceeds {BUFFER_BYTES} bytes");
            self.buffer.copy_within(self.start.., 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let count = self.stream.read(&mut self.buffer[self.end..]).await.context("read")?;
        self.end += count;
        Ok(count)
    }
}

/// Parses a response head at the start of `bytes`; `None` when it is not complete yet.
fn parse_head(bytes: &[u8]) -> Result<Option<Head>> {
    let mut head = Head { status: 0, framing: Framing::UntilClose, reusable: true, bytes: 0 };
    let mut length = None;
    let mut chunked = false;
    loop {
        let rest = &bytes[head.bytes..];
        let Some(line_length) = rest.iter().position(|byte| *byte == b'\n') else {
            return Ok(None);
        };
        let line = without_carriage_return(&rest[..line_length]);
        let is_first = head.bytes == 0;
        head.bytes += line_length + 1;
        if is_first {
            head.status = parse_status_line(line)?;
        } else if line.is_empty() {
            break;
        } else if let Some(value) = field(line, b"content-length") {
            length = Some(value.parse().with_context(|| format!("content-length {value:?}"))?);
        } else if let Some(value) = field(line, b"transfer-encoding") {
            chunked = value.eq_ignore_ascii_case("chunked");
        } else if let Some(value) = field(line, b"connection") {
            head.reusable = !value.eq_ignore_ascii_case("close");
        }
    }
    head.framing = match length {
        _ if head.status < 200 || matches!(head.status, 204 | 304) => Framing::Length(0),
        _ if chunked => Framing::Chunked,
        Some(length) => Framing::Length(length),
        None => {
            head.reusable = false;
            Framing::UntilClose
        }
    };
    Ok(Some(head))
}

fn parse_status_line(line: &[u8]) -> Result<u16> {
    let line = String::from_utf8_lossy(line);
    let Some(rest) = line.strip_prefix("HTTP/1.1 ") else { bail!("not HTTP/1.1: {line:?}") };
    let digits = rest.split(' ').next().unwrap_or_default();
    digits.parse().with_context(|| format!("status of {line:?}"))
}

/// The value when `line` is the header field `name` (lower case).
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a str> {
    if line.get(name.len()) != Some(&b':') || !line[..name.len()].eq_ignore_ascii_case(name) {
        return None;
    }
    std::str::from_utf8(&line[name.len() + 1..]).ok().map(str::trim)
}

fn without_carriage_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_parsed_only_when_complete() {
        let text = b"HTTP/1.1 200 OK\r\nContent-LENGTH: 12\r\nConnection: Close\r\n\r\nbody";
        let head_bytes = text.len() - 4;
        for end in 0..head_bytes {
            assert_eq!(parse_head(&text[..end]).unwrap(), None, "{end}");
        }
        let expected =
            Head { status: 200, framing: Framing::Length(12), reusable: false, bytes: head_bytes };
        assert_eq!(parse_head(text).unwrap(), Some(expected));
    }

    #[test]
    fn framing_follows_status_and_fields() {
        for (text, framing, reusable) in [
            ("HTTP/1.1 204 No Content\r\n\r\n", Framing::Length(0), true),
            ("HTTP/1.1 100 Continue\r\n\r\n", Framing::Length(0), true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Framing::Chunked, true),
            ("HTTP/1.1 200 OK\r\n\r\n", Framing::UntilClose, false),
        ] {
            let head = parse_head(text.as_bytes()).unwrap().unwrap();
            assert_eq!((head.framing, head.reusable), (framing, reusable), "{text}");
        }
    }

    #[test]
    fn what_is_not_http_is_refused() {
        assert!(parse_head(b"SSH-2.0-x\r\n").is_err());
        assert!(parse_head(b"HTTP/1.1 abc\r\n").is_err());
        assert!(parse_head(b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n").is_err());
    }
}
