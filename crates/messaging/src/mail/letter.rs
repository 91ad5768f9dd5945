//! What the mails say.

use halyard_identity::{Mail, UserId};
use halyard_platform::{clock::Millis, db::Tx};

use super::{
    Place,
    address::{self, Target},
    person::Person,
    posts::Told,
};
use crate::{Error, WorkspaceId};

/// Characters of a post that a mail shows.
const SHOWN: usize = 3_000;
/// Bytes of randomness in an address.
const RANDOM: usize = 16;

/// A mail to a member, except for the addresses in it, which are made when it is sent.
#[derive(Debug, Clone)]
pub struct Letter {
    mail: Mail,
    who: (WorkspaceId, UserId),
    /// Where answers go, when it is about one place.
    target: Option<Target>,
}

impl Letter {
    /// What is sent.
    pub fn mail(&self) -> &Mail {
        &self.mail
    }

    pub(super) fn new(mail: Mail, who: (WorkspaceId, UserId)) -> Self {
        Self { mail, who, target: None }
    }

    /// Has it sent once the transaction has committed.
    pub(super) fn send(&self, tx: &mut Tx<'_>, place: &Place, now: Millis) -> Result<(), Error> {
        let mut mail = self.mail.clone();
        if let (Some(target), Some(domain)) = (self.target, &place.domain) {
            let local = format!("re-{}", place.random.hex(RANDOM));
            let local = address::of_person(tx, target, self.who.1, &local, now)?;
            mail.reply_to = Some(format!("{local}@{domain}"));
        }
        if let Some(base) = &place.base {
            let code = format!("un-{}", place.random.hex(RANDOM));
            let code = address::to_unsubscribe(tx, self.who, &code, now)?;
            let url = format!("{base}/mail/unsubscribe/{code}");
            let text = "You get this mail because it concerns you and you have not read it.";
            mail.text.push_str(&format!("\n-- \n{text}\nNo more such mails: {url}\n"));
            if let Some(html) = &mut mail.html {
                let url = escape(&url);
                html.push_str(&format!(
                    "<hr>\n<p><small>{text} <a href=\"{url}\">No more such mails</a></small></p>\n"
                ));
            }
            mail.unsubscribe = Some(url);
        }
        Ok(mail.enqueue(tx, now)?)
    }
}

/// A mail about one post.
pub(super) fn about_one(
    person: &Person,
    who: (WorkspaceId, UserId),
    post: &Told,
    place: &Place,
) -> Letter {
    about_many(person, who, std::slice::from_ref(post), false, place)
}

/// One mail about posts, at least one, in their order.
pub(super) fn about_many(
    person: &Person,
    who: (WorkspaceId, UserId),
    posts: &[Told],
    more: bool,
    place: &Place,
) -> Letter {
    let first = &posts[0];
    let one_place = posts.iter().all(|post| post.target == first.target) && !more;
    let answers = one_place && place.domain.is_some();
    let mut text = String::new();
    let mut html = String::from("<!doctype html>\n<meta charset=\"utf-8\">\n");
    let mut at: Option<Target> = None;
    for post in posts {
        if at != Some(post.target) {
            at = Some(post.target);
            let heading = heading(post);
            text.push_str(&format!("{heading}\n{}\n\n", "=".repeat(heading.chars().count())));
            html.push_str(&format!("<h3>{}</h3>\n", escape(&heading)));
        }
        show(post, place, &mut text, &mut html);
    }
    if more {
        text.push_str("There is more that you have not read.\n");
        html.push_str("<p>There is more that you have not read.</p>\n");
    }
    if answers {
        text.push_str("Answer this mail to write there.\n");
        html.push_str("<p>Answer this mail to write there.</p>\n");
    }
    let subject = if one_place {
        match &first.channel {
            Some(channel) => format!("[{channel}] {}", title(first)),
            None => format!("[{}] {}", person.workspace, title(first)),
        }
    } else {
        let many = if more { "more than " } else { "" };
        format!("[{}] {many}{} unread posts", person.workspace, posts.len())
    };
    let mail = Mail {
        to: person.email.clone(),
        subject,
        text,
        html: Some(html),
        about: one_place.then(|| name(first.target)),
        ..Mail::default()
    };
    Letter { mail, who, target: answers.then_some(first.target) }
}

/// By which mail programs group the mails about one place.
fn name(target: Target) -> String {
    match target {
        Target::Channel(id) => format!("channel-{id}"),
        Target::Thread(id) => format!("thread-{id}"),
        Target::Conversation(id) => format!("conversation-{id}"),
    }
}

fn title(post: &Told) -> &str {
    if post.title.is_empty() { "(no title)" } else { &post.title }
}

fn heading(post: &Told) -> String {
    match &post.channel {
        Some(channel) => format!("{} – {channel}", title(post)),
        None => title(post).to_owned(),
    }
}

fn show(post: &Told, place: &Place, text: &mut String, html: &mut String) {
    let base = place.base.as_deref().unwrap_or_default();
    let url = format!("{base}{}", post.path);
    let content = readable(&post.content);
    let mut shown: String = content.chars().take(SHOWN).collect();
    if shown.len() < content.len() {
        shown.push('…');
    }
    let files = if post.has_files { "(with attachments)" } else { "" };
    text.push_str(&format!("{}: {files}\n\n{shown}\n\n{url}\n\n", post.author));
    let paragraphs: String = shown
        .split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty())
        .map(|paragraph| format!("<p>{}</p>\n", escape(paragraph.trim()).replace('\n', "<br>\n")))
        .collect();
    let author = escape(&post.author);
    // A path alone leads nowhere in a mail.
    let author = match place.base {
        Some(_) => format!("<a href=\"{}\"><b>{author}</b></a>", escape(&url)),
        None => format!("<b>{author}</b>"),
    };
    html.push_str(&format!("<p>{author} {files}</p>\n<blockquote>\n{paragraphs}</blockquote>\n"));
}

/// Markdown as it is, except that a mention is only a name.
fn readable(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        let mention = after.split_once("](").and_then(|(label, target)| {
            let (target, behind) = target.split_once(')')?;
            let is = ["twist-mention://", "twist-group-mention://"];
            (!label.contains(['[', '\n']) && is.iter().any(|scheme| target.starts_with(scheme)))
                .then_some((label, behind))
        });
        match mention {
            Some((label, behind)) => {
                out.push_str(label);
                rest = behind;
            }
            None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn mentions_are_names() {
        for (markdown, expected) in [
            (
                "hi [Ann](twist-mention://7), [docs](http://127.0.0.1)",
                "hi Ann, [docs](http://127.0.0.1)",
            ),
            ("[Team](twist-group-mention://7)[x", "Team[x"),
            ("[a [Ann](twist-mention://7)", "[a Ann"),
            ("no", "no"),
        ] {
            assert_eq!(readable(markdown), expected);
        }
    }
}
