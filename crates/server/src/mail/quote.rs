//! What somebody has written, without what their mail program has put around it: the mail that
//! they answer, and their signature.
//!
//! A rule fires only on what mail programs write, in the languages of the product; where none
//! fires the text stays whole. Losing words is worse than keeping a quotation.

/// The part of a mail's text that is new.
pub(super) fn strip(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\u{a0}', " ");
    let lines: Vec<&str> = text.lines().collect();
    let mut kept: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim();
        if is_signature(lines[at]) || is_divider(line) || is_header_block(&lines[at..]) {
            break;
        }
        if let Some(length) = attribution(&lines[at..]) {
            let behind = skip_quote(&lines[at + length..]);
            let rest = &lines[at + length + behind..];
            if behind == 0 || is_end(rest) {
                // What follows is the other mail, with or without marks.
                break;
            }
            // Answers stand between the quoted lines: they are kept, the quotation is not.
            at += length + behind;
            continue;
        }
        if line.starts_with('>') {
            at += 1;
            continue;
        }
        if is_sent_from(line) && is_end(&lines[at + 1..]) {
            break;
        }
        kept.push(lines[at].trim_end());
        at += 1;
    }
    fold_blank_lines(&kept)
}

/// Lines of a quotation and blank ones between them.
fn skip_quote(lines: &[&str]) -> usize {
    let mut end = 0;
    for (number, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with('>') {
            end = number + 1;
        } else if !line.trim().is_empty() {
            break;
        }
    }
    end
}

/// Nothing more that somebody has written.
fn is_end(lines: &[&str]) -> bool {
    lines.iter().all(|line| line.trim().is_empty() || line.trim_start().starts_with('>'))
        || lines.iter().find(|line| !line.trim().is_empty()).is_some_and(|line| is_signature(line))
}

/// RFC 3676: two dashes and a blank, which some programs trim.
fn is_signature(line: &str) -> bool {
    line == "-- " || line == "--"
}

/// `-----Original Message-----` in the languages of Outlook and its like, and its long line.
fn is_divider(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "original message",
        "forwarded message",
        "ursprüngliche nachricht",
        "originalnachricht",
        "weitergeleitete nachricht",
        "message d'origine",
        "message d’origine",
        "message original",
        "message transféré",
        "mensaje original",
        "mensaje reenviado",
        "元のメッセージ",
        "元のメール",
        "オリジナルメッセージ",
        "转发邮件",
        "原始邮件",
        "原始郵件",
        "邮件原件",
    ];
    let inner = line.trim_matches(['-', '_', '—', '－', ' ']);
    let marked = line.starts_with("--") || line.starts_with("——") || line.starts_with("－－");
    if marked && WORDS.contains(&inner.to_lowercase().as_str()) {
        return true;
    }
    line.len() >= 30 && line.chars().all(|c| c == '_')
}

/// `From: …`, `Sent: …`, `Subject: …` in lines of their own: how Outlook begins a quotation.
fn is_header_block(lines: &[&str]) -> bool {
    const FROM: &[&str] = &["from", "von", "de", "差出人", "发件人", "寄件者", "寄件人"];
    const OTHERS: &[&str] = &[
        "sent",
        "date",
        "to",
        "subject",
        "gesendet",
        "datum",
        "an",
        "betreff",
        "envoyé",
        "à",
        "objet",
        "enviado",
        "fecha",
        "para",
        "asunto",
        "送信日時",
        "日時",
        "宛先",
        "件名",
        "发送时间",
        "发送日期",
        "收件人",
        "主题",
        "寄件日期",
        "傳送時間",
        "收件者",
        "主旨",
    ];
    let name = |line: &str| {
        let line = line.trim().trim_start_matches('*');
        let end = line.find([':', '：'])?;
        Some(line[..end].trim_matches(['*', ' ', '\u{3000}']).to_lowercase())
    };
    let Some(first) = lines.first().and_then(|line| name(line)) else { return false };
    if !FROM.contains(&first.as_str()) {
        return false;
    }
    let next = lines.iter().skip(1).filter(|line| !line.trim().is_empty()).take(3);
    next.filter(|line| name(line).is_some_and(|name| OTHERS.contains(&name.as_str()))).count() >= 2
}

/// `On Friday, Ann wrote:` in the languages of the product: how many lines it takes, at most
/// three, because programs break long lines.
fn attribution(lines: &[&str]) -> Option<usize> {
    let mut joined = String::new();
    for (number, line) in lines.iter().take(3).enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('>') {
            return None;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(line);
        if joined.chars().count() > 300 {
            return None;
        }
        if is_attribution(&joined) {
            return Some(number + 1);
        }
    }
    None
}

fn is_attribution(line: &str) -> bool {
    // How the line begins and how it ends. Beside them stands a date or an address, so that
    // a sentence of somebody who tells a story is not cut.
    const FORMS: &[(&[&str], &[&str])] = &[
        (&["on ", "at ", ""], &[" wrote:"]),
        (&["am ", "um ", ""], &[" schrieb:"]),
        (&["am ", "um ", "schrieb "], &[" geschrieben:", " schrieb:", ">:"]),
        (&["le ", ""], &[" a écrit :", " a écrit:"]),
        (&["el ", ""], &[" escribió:", " escribió :"]),
        (&["em ", ""], &[" escreveu:"]),
        (&[""], &["のメール:", "のメール：", "書きました:", "書きました：", "書いた:", "wrote："]),
        (&[""], &["写道：", "写道:", "寫道：", "寫道:", "於寫道：", "编写："]),
    ];
    let lower = line.to_lowercase();
    let is_form = FORMS.iter().any(|(starts, ends)| {
        starts.iter().any(|start| lower.starts_with(start))
            && ends.iter().any(|end| lower.ends_with(end))
    });
    let says_when = line.chars().filter(char::is_ascii_digit).count() >= 3;
    is_form && (says_when || line.contains('@'))
}

fn is_sent_from(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "sent from my ",
        "sent from outlook",
        "get outlook for ",
        "von meinem ",
        "gesendet von ",
        "envoyé de mon ",
        "envoyé depuis ",
        "enviado desde ",
        "iphoneから送信",
        "androidから送信",
        "发自我的",
        "從我的",
        "傳送自我的",
    ];
    let lower = line.to_lowercase();
    STARTS.iter().any(|start| lower.starts_with(start)) && line.chars().count() < 80
}

fn fold_blank_lines(lines: &[&str]) -> String {
    let mut out = String::new();
    let mut blank = 0;
    for line in lines {
        if line.trim().is_empty() {
            blank += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        blank = 0;
        out.push_str(line);
    }
    out
}

/// The same for pages: quotations are elements there, which the text would not show any more.
pub(super) fn strip_html(html: &str) -> String {
    // What follows these belongs to the mail that is answered.
    const ENDS: &[&str] = &[
        "<div class=\"gmail_quote",
        "<div class=\"gmail_attr",
        "<div id=\"divrplyfwdmsg\"",
        "<div id=\"appendonsend\"",
        "<div class=\"moz-cite-prefix\"",
        "<div class=\"yahoo_quoted",
        "<div class=\"protonmail_quote",
        "<div id=\"mail-editor-reference-message-container\"",
        "<div class=\"moz-signature\"",
        "<div class=\"gmail_signature\"",
    ];
    // ASCII only, so that positions are the same.
    let lower = html.to_ascii_lowercase();
    let end = ENDS.iter().filter_map(|mark| lower.find(mark)).min().unwrap_or(html.len());
    let (html, lower) = (&html[..end], &lower[..end]);
    let mut out = String::new();
    let (mut depth, mut at, mut from) = (0_usize, 0, 0);
    while let Some(next) = lower[at..].find('<').map(|next| at + next) {
        at = next + 1;
        if lower[next..].starts_with("<blockquote") {
            if depth == 0 {
                out.push_str(&html[from..next]);
            }
            depth += 1;
        } else if lower[next..].starts_with("</blockquote") && depth > 0 {
            depth -= 1;
            from = lower[next..].find('>').map_or(html.len(), |close| next + close + 1);
        }
    }
    if depth == 0 {
        out.push_str(&html[from..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_new_words_are_kept() {
        for (name, mail, expected) in [
            ("nothing to strip", "Hello\n\nWorld", "Hello\n\nWorld"),
            (
                "English",
                "Yes.\n\nOn Fri, Jan 15, 2027 at 8:00 AM Ann <ann@example.com> wrote:\n> No?\n> Why",
                "Yes.",
            ),
            (
                "English over two lines",
                "Yes.\n\nOn Fri, Jan 15, 2027 at 8:00 AM Ann Ablative\n<ann@example.com> wrote:\n\n> No?",
                "Yes.",
            ),
            (
                "German",
                "Ja.\n\nAm 15.01.2027 um 08:00 schrieb Ann <ann@example.com>:\n> Nein?",
                "Ja.",
            ),
            (
                "German, other order",
                "Ja.\n\nAm Fr., 15. Jan. 2027 um 08:00 Uhr hat Ann geschrieben:\n\n> Nein?",
                "Ja.",
            ),
            (
                "French",
                "Oui.\n\nLe ven. 15 janv. 2027 à 08:00, Ann <ann@example.com> a écrit :\n> Non ?",
                "Oui.",
            ),
            (
                "Spanish",
                "Sí.\n\nEl vie, 15 ene 2027 a las 8:00, Ann (<ann@example.com>) escribió:\n> ¿No?",
                "Sí.",
            ),
            (
                "Japanese",
                "はい。\n\n2027年1月15日(金) 8:00 Ann <ann@example.com>:のメール:\n> いいえ",
                "はい。",
            ),
            (
                "Japanese, written",
                "はい。\n\n2027/01/15 8:00、Annさんは書きました:\n> いいえ",
                "はい。",
            ),
            (
                "Chinese",
                "好的。\n\nAnn <ann@example.com> 于2027年1月15日周五 08:00写道：\n> 不",
                "好的。",
            ),
            (
                "Chinese, traditional",
                "好的。\n\nAnn <ann@example.com> 於 2027年1月15日 週五 08:00 寫道：\n> 不",
                "好的。",
            ),
            ("Outlook", "Yes.\n\n-----Original Message-----\nFrom: Ann\nSent: Friday\nNo?", "Yes."),
            ("Outlook, German", "Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: Ann\nNein?", "Ja."),
            ("Outlook, French", "Oui.\n\n-----Message d'origine-----\nDe : Ann\nNon ?", "Oui."),
            ("Outlook, Japanese", "はい\n\n-----元のメッセージ-----\nいいえ", "はい"),
            ("Outlook, Chinese", "好\n\n-----原始邮件-----\n不", "好"),
            (
                "headers",
                "Yes.\n\nFrom: Ann <ann@example.com>\nSent: Friday\nTo: Bo\nSubject: T\n\nNo?",
                "Yes.",
            ),
            (
                "headers, German",
                "Ja.\n\nVon: Ann\nGesendet: Freitag\nAn: Bo\nBetreff: T\n\nNein?",
                "Ja.",
            ),
            (
                "headers, Chinese",
                "好\n\n发件人: Ann\n发送时间: 2027\n收件人: Bo\n主题: T\n\n不",
                "好",
            ),
            ("long line", "Yes.\n________________________________\nFrom: Ann\nNo?", "Yes."),
            ("signature", "Yes.\n-- \nBo\nExample Inc.", "Yes."),
            ("telephone", "Yes.\n\nSent from my iPhone", "Yes."),
            ("telephone, German", "Ja.\n\nVon meinem iPhone gesendet\n\n> Nein?", "Ja."),
            (
                "answers between",
                "On Fri, Jan 15, 2027, Ann wrote:\n> One?\n\nYes.\n\n> Two?\n\nNo.\n",
                "Yes.\n\nNo.",
            ),
            ("a quotation without a line", "> One?\nYes.", "Yes."),
            ("a story", "Ann came in and wrote:\nnothing", "Ann came in and wrote:\nnothing"),
            (
                "a letter's from",
                "From: here to there\nis a long way",
                "From: here to there\nis a long way",
            ),
            ("a list", "- one\n- two\n\n---\n\nthree", "- one\n- two\n\n---\n\nthree"),
            ("blank lines", "\n\n One\n\n\n\nTwo \n\n", " One\n\nTwo"),
            ("only a quotation", "> One", ""),
            ("line ends of mail", "Yes.\r\n\r\nOn 2027-01-15, Ann wrote:\r\n> No?\r\n", "Yes."),
        ] {
            assert_eq!(strip(mail), expected, "{name}");
        }
    }

    #[test]
    fn pages_lose_their_quotations() {
        for (html, expected) in [
            ("<p>Yes</p>", "<p>Yes</p>"),
            (
                "<p>Yes</p><div class=\"gmail_quote\">On Friday<blockquote>No</blockquote></div>",
                "<p>Yes</p>",
            ),
            (
                "<p>a</p><BLOCKQUOTE type=cite>x<blockquote>y</blockquote>z</BLOCKQUOTE><p>b</p>",
                "<p>a</p><p>b</p>",
            ),
            ("<p>a</p><blockquote>never closed", "<p>a</p>"),
            ("</blockquote><p>ü</p>", "</blockquote><p>ü</p>"),
        ] {
            assert_eq!(strip_html(html), expected);
        }
    }
}
