//! What a mail is, by its headers, and what it says.

use halyard_messaging::text::MAX_CONTENT;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::{
    quote::{strip, strip_html},
    render::OWN,
};

/// Longest title of a thread, in characters.
const MAX_TITLE: usize = 300;
/// Files that a post can have.
const MAX_FILES: usize = 50;
/// Name of the file with the whole text, when it is too long for a post.
const WHOLE: &str = "message.txt";

/// What the headers of a mail say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    /// The one address of its `From`; none when there is none or several.
    pub(super) from: Option<String>,
    pub(super) message_id: Option<String>,
    /// Why nothing is to be made of it: a program has sent it, or it is ours.
    pub(super) machine: Option<&'static str>,
}

/// Reads the headers at the start of a mail. `host` is that of our own message ids.
pub(super) fn about(head: &[u8], host: &str) -> Option<About> {
    let mail = MessageParser::default().parse_headers(head)?;
    let mut from = mail.from().into_iter().flat_map(|from| from.iter());
    let from = match (from.next(), from.next()) {
        (Some(only), None) => only.address().map(str::to_owned),
        _ => None,
    };
    let message_id = mail.message_id().map(str::to_owned);
    let machine = machine(&mail, message_id.as_deref(), host);
    Some(About { from, message_id, machine })
}

fn machine(mail: &Message<'_>, id: Option<&str>, host: &str) -> Option<&'static str> {
    let text = |name: &'static str| {
        mail.header_raw(name).map(|value| value.trim().to_ascii_lowercase()).unwrap_or_default()
    };
    let submitted = text("Auto-Submitted");
    if !submitted.is_empty() && !submitted.starts_with("no") {
        return Some("Auto-Submitted");
    }
    if ["bulk", "junk", "list", "auto_reply"].contains(&text("Precedence").as_str()) {
        return Some("Precedence");
    }
    if !text("X-Autoreply").is_empty() || !text("X-Autorespond").is_empty() {
        return Some("X-Autoreply");
    }
    if text("Return-Path") == "<>" || text("Content-Type").starts_with("multipart/report") {
        return Some("a bounce");
    }
    let ours = |id: &str| id.starts_with(OWN) && id.ends_with(&format!("@{host}"));
    id.is_some_and(ours).then_some("a mail of ours")
}

/// A file in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) files: Vec<File>,
}

/// Takes a mail apart. None for what is no mail at all.
pub(super) fn said(raw: &[u8]) -> Option<Said> {
    let mail = MessageParser::default().parse(raw)?;
    let mut text = strip(&body(&mail));
    // Text that PostgreSQL cannot store is none that anybody has written.
    text.retain(|c| c != '\0');
    let mut files: Vec<File> = mail.attachments().filter_map(file).collect();
    files.truncate(MAX_FILES - 1);
    if text.chars().count() > MAX_CONTENT {
        files.push(File { name: WHOLE.to_owned(), content: text.clone().into_bytes() });
        text = text.chars().take(MAX_CONTENT - 1).chain(['…']).collect();
    }
    Some(Said { subject: subject(mail.subject().unwrap_or_default()), text, files })
}

fn body(mail: &Message<'_>) -> String {
    let mut whole = String::new();
    for part in mail.text_bodies() {
        let text = match &part.body {
            PartType::Text(text) => text.to_string(),
            PartType::Html(html) => mail_parser::decoders::html::html_to_text(&strip_html(html)),
            _ => continue,
        };
        if !whole.is_empty() {
            whole.push_str("\n\n");
        }
        whole.push_str(text.trim_end());
    }
    whole
}

fn file(part: &MessagePart<'_>) -> Option<File> {
    let kind = part.content_type().map(|kind| {
        format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase()
    });
    let kind = kind.unwrap_or_default();
    // Proofs about the mail, which nobody can check once it is taken apart.
    if ["application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"]
        .contains(&kind.as_str())
    {
        return None;
    }
    let name = part.attachment_name().unwrap_or(match &part.body {
        PartType::Message(_) => "message.eml",
        PartType::Html(_) => "page.html",
        PartType::Text(_) => "text.txt",
        _ => "attachment",
    });
    Some(File { name: name.to_owned(), content: part.contents().to_vec() })
}

/// Without the marks of answers and forwarding, in one line, not longer than a title.
fn subject(text: &str) -> String {
    const MARKS: &[&str] = &[
        "re", "fwd", "fw", "aw", "wg", "antw", "tr", "rv", "回复", "答复", "转发", "回覆", "轉寄",
        "返信", "転送",
    ];
    let mut rest = text.trim();
    while let Some((mark, behind)) = rest.split_once([':', '：']) {
        if !MARKS.contains(&mark.trim().to_lowercase().as_str()) {
            break;
        }
        rest = behind.trim_start();
    }
    rest.replace(char::is_control, " ").chars().take(MAX_TITLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(headers: &str, body: &str) -> Vec<u8> {
        format!("{headers}\r\n\r\n{body}").replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
    }

    #[test]
    fn machines_are_known_by_their_headers() {
        for (header, expected) in [
            ("Subject: x", None),
            ("Auto-Submitted: no", None),
            ("Auto-Submitted: auto-replied", Some("Auto-Submitted")),
            ("Precedence: bulk", Some("Precedence")),
            ("Return-Path: <>", Some("a bounce")),
            ("Content-Type: multipart/report; boundary=x", Some("a bounce")),
            ("X-Autoreply: yes", Some("X-Autoreply")),
            ("Message-ID: <halyard.7.5@h.example.com>", Some("a mail of ours")),
            ("Message-ID: <halyard.7.5@other.example.com>", None),
        ] {
            let raw = mail(&format!("From: Ann <ann@example.com>\n{header}"), "x");
            let about = about(&raw, "h.example.com").unwrap();
            assert_eq!((about.machine, about.from.as_deref()), (expected, Some("ann@example.com")));
        }
        let two = about(&mail("From: a@b.co, c@d.co", "x"), "h").unwrap();
        assert_eq!(two.from, None);
    }

    #[test]
    fn a_mail_with_everything_is_taken_apart() {
        let raw = mail(
            "From: a@b.co\nSubject: =?utf-8?B?UmU6IEFXOiBHcsO8w59l?=\nMIME-Version: 1.0\n\
             Content-Type: multipart/mixed; boundary=o",
            "--o\nContent-Type: multipart/alternative; boundary=i\n\n\
             --i\nContent-Type: text/plain; charset=iso-8859-1\n\
             Content-Transfer-Encoding: quoted-printable\n\n\
             Sch=F6n.\n\nOn Fri, Jan 15, 2027 at 8:00 AM Ann wrote:\n> Nun?\n\
             --i\nContent-Type: text/html\n\n<p>other</p>\n--i--\n\
             --o\nContent-Type: image/png; name=\"a.png\"\nContent-Disposition: attachment\n\
             Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n\
             --o\nContent-Type: application/pgp-signature; name=sig.asc\n\nx\n--o--",
        );
        let said = said(&raw).unwrap();
        assert_eq!((said.subject.as_str(), said.text.as_str()), ("Grüße", "Schön."));
        let png = b"\x89PNG\r\n\x1a\n".to_vec();
        assert_eq!(said.files, [File { name: "a.png".to_owned(), content: png }]);
    }

    #[test]
    fn a_page_becomes_text_in_any_character_set() {
        let mut raw = mail("From: a@b.co\nContent-Type: text/html; charset=shift_jis", "");
        raw.extend(b"<p>\x93\xfa\x96\x7b</p><p>two &amp; three</p><blockquote>old</blockquote>");
        let said = said(&raw).unwrap();
        assert!(said.text.contains("日本") && said.text.contains("two & three"), "{said:?}");
        assert!(!said.text.contains("old"));
    }

    #[test]
    fn a_text_that_is_too_long_comes_as_a_file_too() {
        let said = said(&mail("From: a@b.co", &"word ".repeat(4_000))).unwrap();
        assert_eq!(said.text.chars().count(), MAX_CONTENT);
        assert_eq!((said.files[0].name.as_str(), said.files[0].content.len()), (WHOLE, 19_999));
    }

    #[test]
    fn subjects_lose_the_marks_of_answers() {
        for (text, expected) in [
            ("Re: Fwd: AW: T: x", "T: x"),
            ("回复：T", "T"),
            ("Regarding: T", "Regarding: T"),
            ("", ""),
        ] {
            assert_eq!(subject(text), expected);
        }
    }
}
