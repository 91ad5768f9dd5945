//! Mails as RFC 5322 text.

use halyard_identity::Mail;
use halyard_platform::clock::Millis;
use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};

/// Longest line of a header or body that every mail program accepts.
const LINE: usize = 76;

/// The start of every message id of ours, by which a mail that comes back is known.
pub(super) const OWN: &str = "halyard.";

/// Who sends, and under which host our message ids are unique.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    /// Name shown.
    pub(super) name: String,
    /// Address.
    pub(super) address: String,
    /// Host part of message ids.
    pub(super) host: String,
}

/// The text of a mail: the same for the same job, so that a mail that is sent twice has one
/// message id.
pub(super) fn render((id, at): (i64, Millis), sender: &Sender, mail: &Mail) -> String {
    let date = Timestamp::from_millisecond(at)
        .ok()
        .and_then(|at| rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).ok())
        .unwrap_or_else(|| "Thu, 01 Jan 1970 00:00:00 +0000".to_owned());
    let host = &sender.host;
    let mut text = format!(
        "From: {name} <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: {date}\r\n\
         Message-ID: <{OWN}{id}.{at}@{host}>\r\n",
        name = header(&sender.name, "From: ".len()),
        from = sender.address,
        to = address(&mail.to),
        subject = header(&mail.subject, "Subject: ".len()),
    );
    if let Some(about) = &mail.about {
        // A parent that nobody has seen joins the mails about one thing all the same.
        let root = format!("<{OWN}{}@{host}>", address(about));
        text.push_str(&format!("In-Reply-To: {root}\r\nReferences: {root}\r\n"));
    }
    if let Some(reply_to) = &mail.reply_to {
        text.push_str(&format!("Reply-To: <{}>\r\n", address(reply_to)));
    }
    if let Some(url) = &mail.unsubscribe {
        text.push_str(&format!(
            "List-Unsubscribe: <{}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            address(url)
        ));
    }
    text.push_str("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
    match &mail.html {
        None => part(&mut text, "plain", &mail.text),
        Some(html) => {
            // No encoded line can hold `=_`.
            let boundary = format!("=_{id}.{at}");
            text.push_str(&format!(
                "Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n\
                 --{boundary}\r\n"
            ));
            part(&mut text, "plain", &mail.text);
            text.push_str(&format!("--{boundary}\r\n"));
            part(&mut text, "html", html);
            text.push_str(&format!("--{boundary}--\r\n"));
        }
    }
    text
}

fn part(text: &mut String, kind: &str, content: &str) {
    text.push_str(&format!(
        "Content-Type: text/{kind}; charset=utf-8\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ));
    text.push_str(&quoted_printable(content));
}

/// What may stand between angle brackets.
fn address(text: &str) -> String {
    text.replace(|c: char| c.is_control() || c == ' ' || "<>".contains(c), "")
}

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
            ..Mail::default()
        }
    }

    fn sender(host: &str) -> Sender {
        Sender {
            name: "Halyard".to_owned(),
            address: format!("halyard@{host}"),
            host: host.to_owned(),
        }
    }

    #[test]
    fn a_plain_mail_reads_as_it_is() {
        let text = render(
            (7, 1_800_000_000_000),
            &sender("halyard.example.com"),
            &mail("Hello", "Hi\nthere"),
        );
        assert_eq!(
            text,
            "From: Halyard <halyard@halyard.example.com>\r\nTo: <ann@example.com>\r\n\
             Subject: Hello\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n\
             Message-ID: <halyard.7.1800000000000@halyard.example.com>\r\n\
             Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\nHi\r\nthere\r\n"
        );
    }

    #[test]
    fn no_header_can_be_smuggled_in() {
        let evil = Mail { to: "a@b.co>\r\nBcc: <x@y.zz".to_owned(), ..mail("S\r\nBcc: q", "t") };
        let text = render((1, 0), &sender("h"), &evil);
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
    }

    #[test]
    fn a_mail_with_everything_can_be_read_by_others() {
        let full = Mail {
            html: Some("<p>Grüße = <b>x</b></p>".to_owned()),
            reply_to: Some("re-1@in.example.com".to_owned()),
            about: Some("thread-17".to_owned()),
            unsubscribe: Some("https://h.example.com/mail/unsubscribe/un-1".to_owned()),
            ..mail("Grüße", "Grüße = x")
        };
        let text = render((7, 5), &sender("h.example.com"), &full);
        let read = mail_parser::MessageParser::default().parse(text.as_bytes()).unwrap();
        assert_eq!(read.subject(), Some("Grüße"));
        assert_eq!(read.message_id(), Some("halyard.7.5@h.example.com"));
        assert_eq!(read.references().as_text(), Some("halyard.thread-17@h.example.com"));
        assert_eq!(read.in_reply_to().as_text(), Some("halyard.thread-17@h.example.com"));
        assert_eq!(
            read.reply_to().unwrap().first().unwrap().address(),
            Some("re-1@in.example.com")
        );
        assert!(text.contains("List-Unsubscribe: <https://h.example.com/mail/unsubscribe/un-1>"));
        assert_eq!(read.body_text(0).unwrap().trim_end(), "Grüße = x");
        assert_eq!(read.body_html(0).unwrap().trim_end(), "<p>Grüße = <b>x</b></p>");
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
}
