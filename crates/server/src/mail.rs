//! Mails as RFC 5322 text, written into the data directory for another program to send.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use halyard_identity::Mail;
use halyard_platform::clock::Millis;
use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};

/// Longest line of a header or body that every mail program accepts.
const LINE: usize = 76;

/// Writes the mail of a job, named by its id and the time when it was due, to
/// `<data_dir>/mail/<job id>.eml`.
///
/// Idempotent: the name and the text follow from the job alone, and the file appears as a whole
/// or not at all.
///
/// # Errors
/// What the file system says.
pub(crate) fn write(
    data_dir: &Path,
    host: &str,
    (id, at): (i64, Millis),
    mail: &Mail,
) -> std::io::Result<PathBuf> {
    let folder = data_dir.join("mail");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{id}.eml"));
    // Two workers may run the same job when one has stalled: each writes a file of its own.
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    file.write_all(render(id, at, host, mail).as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    std::fs::File::open(&folder)?.sync_all()?;
    Ok(path)
}

/// The host part of an address such as `https://halyard.example.com:8443`, for sender and message
/// id; `localhost` when there is none.
pub(crate) fn host_of(public_url: Option<&str>) -> String {
    let rest = public_url.and_then(|url| url.split_once("://")).map_or("", |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    if host.is_empty() { "localhost".to_owned() } else { host.to_owned() }
}

fn render(id: i64, at: Millis, host: &str, mail: &Mail) -> String {
    let date = Timestamp::from_millisecond(at)
        .ok()
        .and_then(|at| rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).ok())
        .unwrap_or_else(|| "Thu, 01 Jan 1970 00:00:00 +0000".to_owned());
    format!(
        "From: Halyard <halyard@{host}>\r\n\
         To: <{to}>\r\n\
         Subject: {subject}\r\n\
         Date: {date}\r\n\
         Message-ID: <{id}.{at}@{host}>\r\n\
         Auto-Submitted: auto-generated\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\
         \r\n\
         {body}",
        to = mail.to.replace(|c: char| c.is_control() || "<>".contains(c), ""),
        subject = header(&mail.subject, "Subject: ".len()),
        body = quoted_printable(&mail.text),
    )
}

/// The text of a header: as it is when it is short printable ASCII, else as encoded words
/// (RFC 2047) of at most 75 characters, one a line. `used` is what the line holds already.
fn header(text: &str, used: usize) -> String {
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain && !text.contains("=?") && used + text.len() <= LINE && text.trim() == text {
        return text.to_owned();
    }
    let (start, end) = ("=?utf-8?Q?", "?=");
    let mut words = vec![String::new()];
    let mut room = LINE - used - start.len() - end.len();
    for character in text.chars() {
        let mut bytes = [0; 4];
        let encoded: String = character
            .encode_utf8(&mut bytes)
            .bytes()
            .map(|byte| match byte {
                b' ' => "_".to_owned(),
                b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
                b => format!("={b:02X}"),
            })
            .collect();
        if encoded.len() > room {
            words.push(String::new());
            room = LINE - 1 - start.len() - end.len();
        }
        room -= encoded.len();
        if let Some(word) = words.last_mut() {
            word.push_str(&encoded);
        }
    }
    let words: Vec<_> = words.iter().map(|word| format!("{start}{word}{end}")).collect();
    words.join("\r\n ")
}

/// RFC 2045, with line ends as mails want them.
fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line).as_bytes();
        let mut length = 0;
        for (at, byte) in line.iter().enumerate() {
            let is_last = at + 1 == line.len();
            let blank_at_end = matches!(byte, b' ' | b'\t') && is_last;
            let plain = (matches!(byte, b' '..=b'~' | b'\t') && *byte != b'=') && !blank_at_end;
            let width = if plain { 1 } else { 3 };
            // One column stays free for the `=` that goes on to the next line.
            if length + width >= LINE {
                out.push_str("=\r\n");
                length = 0;
            }
            if plain {
                out.push(char::from(*byte));
            } else {
                out.push_str(&format!("={byte:02X}"));
            }
            length += width;
        }
        out.push_str("\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str, text: &str) -> Mail {
        Mail {
            to: "ann@example.com".to_owned(),
            subject: subject.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn writing_twice_leaves_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let mail = mail("Hello", "Hi");
        let path = write(directory.path(), "h", (7, 5), &mail).unwrap();
        let first = std::fs::read_to_string(&path).unwrap();
        assert_eq!(first, render(7, 5, "h", &mail));
        assert_eq!(write(directory.path(), "h", (7, 5), &mail).unwrap(), path);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
        let files: Vec<_> = std::fs::read_dir(directory.path().join("mail")).unwrap().collect();
        assert_eq!(files.len(), 1, "nothing temporary is left: {files:?}");
    }

    #[test]
    fn a_plain_mail_reads_as_it_is() {
        let text = render(7, 1_800_000_000_000, "halyard.example.com", &mail("Hello", "Hi\nthere"));
        assert_eq!(
            text,
            "From: Halyard <halyard@halyard.example.com>\r\nTo: <ann@example.com>\r\n\
             Subject: Hello\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n\
             Message-ID: <7.1800000000000@halyard.example.com>\r\n\
             Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\nHi\r\nthere\r\n"
        );
    }

    #[test]
    fn no_header_can_be_smuggled_in() {
        let evil = Mail { to: "a@b.co>\r\nBcc: <x@y.zz".to_owned(), ..mail("S\r\nBcc: q", "t") };
        let text = render(1, 0, "h", &evil);
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
    }

    #[test]
    fn subjects_beyond_ascii_are_encoded_words() {
        assert_eq!(header("Grüße", 9), "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=");
        assert_eq!(header("a =?b", 9), "=?utf-8?Q?a_=3D=3Fb?=");
        let long = header(&"日本語 ".repeat(20), 9);
        assert!(long.split("\r\n ").count() > 5);
        for (number, line) in long.split("\r\n").enumerate() {
            let used = if number == 0 { 9 } else { 0 };
            assert!(used + line.len() <= LINE, "{line}");
            let word = line.trim().strip_prefix("=?utf-8?Q?").unwrap().strip_suffix("?=").unwrap();
            // No character is cut in two.
            let bytes: Vec<u8> = decode(&word.replace('_', " "));
            assert!(std::str::from_utf8(&bytes).is_ok(), "{word}");
        }
    }

    #[test]
    fn bodies_come_back() {
        let text = format!("Grüße = x  \n\n{} ende\t\n.", "lang ".repeat(40));
        let encoded = quoted_printable(&text);
        assert!(
            encoded.split("\r\n").all(|line| line.len() <= LINE && line.is_ascii()),
            "{encoded}"
        );
        assert!(!encoded.contains(" \r\n") && !encoded.contains("\t\r\n"));
        let joined = encoded.replace("=\r\n", "").replace("\r\n", "\n");
        assert_eq!(String::from_utf8(decode(&joined)).unwrap(), format!("{text}\n"));
    }

    fn decode(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first == b'=' {
                let hex = std::str::from_utf8(&tail[..2]).unwrap();
                bytes.push(u8::from_str_radix(hex, 16).unwrap());
                rest = &tail[2..];
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        bytes
    }

    #[test]
    fn the_host_of_an_address() {
        for (url, host) in [
            (None, "localhost"),
            (Some("https://h.example.com"), "h.example.com"),
            (Some("http://h.example.com:8080/x"), "h.example.com"),
            (Some("http://[::1]:80"), "[::1]"),
        ] {
            assert_eq!(host_of(url), host);
        }
    }
}
