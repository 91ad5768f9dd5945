//! What holds for every call, in words: one text for the document and for the page.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{Settings, kit::session::COOKIE, twist::error::Code};

/// A part of the introduction. Paragraphs may have `code` between grave accents, nothing else.
#[derive(Serialize)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) paragraphs: Vec<String>,
}

/// Stands above the sections.
pub(super) const OPENING: &str = "This server speaks the Twist API, versions 2, 3 and 4. Existing \
    clients work with it once its address is their base URL.";

/// The `info` of the document.
pub(super) fn info() -> Value {
    let mut text = format!("{OPENING}\n");
    for section in sections() {
        text.push_str(&format!("\n## {}\n", section.title));
        for paragraph in section.paragraphs {
            text.push_str(&format!("\n{paragraph}\n"));
        }
    }
    text.push_str("\n| error_code | HTTP status | meaning |\n|---|---|---|\n");
    for code in Code::ALL {
        text.push_str(&format!("| {} | {} | {} |\n", code.number(), code.status(), code.text()));
    }
    json!({
        "title": "Halyard: the Twist API",
        "version": env!("CARGO_PKG_VERSION"),
        "description": text,
        "license": {"name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE")},
    })
}

/// The introduction; the table of errors follows its last section.
pub(super) fn sections() -> Vec<Section> {
    let section = |title, paragraphs: &[&str]| Section {
        title,
        paragraphs: paragraphs.iter().map(|&text| text.to_owned()).collect(),
    };
    vec![
        section(
            "Addresses and versions",
            &[
                "Calls are described under `/api/v3/`. The same calls are under `/api/v2/` and \
             `/api/v4/`: the version decides how objects look, nothing else. Version 2 has some \
             flags as 0 and 1 and some dates as text; where its object is another one, the call \
             names it. Versions 3 and 4 are alike.",
                "Each call is shown with GET when it reads and with POST when it changes something. \
             Both are accepted everywhere, because clients in use send either. A path in front of \
             `/api/` and a slash at the end do no harm.",
            ],
        ),
        Section {
            title: "Tokens, sessions, scopes",
            paragraphs: vec![
                "Send `Authorization: Bearer TOKEN`. A prefix `oauth2:` is part of the token. The \
                 token alone in that header, and the parameter `token`, work as well; the \
                 parameter can end up in logs, so prefer the header."
                    .to_owned(),
                format!(
                    "A browser that has signed in sends the cookie `{COOKIE}` instead. With it, \
                     calls shown with POST are only accepted from pages of this server."
                ),
                "A token has scopes, for example `threads:write`. Within an area `remove` includes \
                 `write`, and `write` includes `read`. The token of a person, and a session, have \
                 all of them. A missing and an unknown token answer code 200, a missing scope code \
                 109 with the scope in `error_extra`."
                    .to_owned(),
            ],
        },
        section(
            "Programs that act for people",
            &[
                "A program gets its token by OAuth 2: it sends the person to `/oauth/authorize` \
             with `client_id`, `scope` (names separated by blanks or commas), `state`, \
             `redirect_uri` and, for PKCE, `code_challenge` with the method S256, and exchanges the \
             code that comes back at `/oauth/token` (or `/oauth/access_token`). Tokens last until \
             the person takes the consent back, or the program ends them at `/oauth/revoke`.",
                "People register programs at `/settings/applications`; a program registers itself at \
             `/oauth/register` (RFC 7591) or has the address of its metadata document as \
             `client_id`. `/.well-known/oauth-authorization-server` names all addresses. Errors of \
             these calls have `error`, `error_message` and `error_description` besides the keys of \
             other errors.",
            ],
        ),
        section(
            "Sending parameters",
            &[
                "Parameters may be in the query string, in a form (`application/x-www-form-urlencoded` \
             or `multipart/form-data`) and in a JSON object. They are merged; the body wins. \
             Parameters that a call does not know are ignored. Text is UTF-8.",
                "Numbers may be sent as text, `\"12\"`. Booleans are `true`, `false`, `1`, `0`. A list \
             of integers is a JSON array, `1,2`, a repeated key, `key[]`, or one number; empty text \
             is the empty list. Objects and lists of objects are JSON, or text that holds JSON. \
             Words of a choice may be in any case. JSON null and, except in text and lists of integers, \
             empty text mean \"not given\"; where null removes something, the parameter says so.",
            ],
        ),
        section(
            "Answers",
            &["Answers are JSON in UTF-8, without an envelope: the object itself, or an array of \
             objects. Calls without a result answer `{\"status\": \"ok\"}`. No key is left out: \
             what is not set is null. Keys may be added to objects at any time."],
        ),
        section(
            "Times and ids",
            &[
                "Times are Unix seconds in UTC, in keys that end in `_ts`. Parameters may have a \
             fraction.",
                "Ids are positive integers and never used again; 1 and 2 are no ids of groups, because \
             in lists of groups they stand for everyone in the channel and everyone in the thread.",
                "With `temp_id` a client gives something that it adds a negative number of its own. \
             For one day the same person can use that number where the id of a workspace, channel, \
             thread or comment is expected, also before the answer has arrived. Codes 111 to 113 \
             are about these numbers.",
            ],
        ),
        limits(),
        section(
            "Repeating a call safely",
            &[
                "A POST with the header `Idempotency-Key` (1 to 255 visible ASCII characters) happens \
             once. For 24 hours a repeat of the same call, in the same version, by the same person \
             and with the same key gets the stored answer. A call that failed is not stored, and \
             runs again. So do the calls of the area `users` that answer with a token: tokens are \
             stored nowhere.",
                "Status 503 means that nothing was done and trying again makes sense, 429 that there \
             were too many attempts to sign in. Both come with `Retry-After` in seconds.",
            ],
        ),
        section(
            "Errors",
            &[
                "Every failure has the same body: `error_code` from the table below, `error_string` in \
             English, `error_extra` with details, and `error_uuid`, which the log of the server \
             shows beside the cause of an internal error. The status is that of the table, except \
             for the 503 and 429 above.",
                "To test a client, add the parameter `chaos` with a code, or with `random`: the call \
             fails with that error and does nothing else.",
            ],
        ),
    ]
}

fn limits() -> Section {
    let limits = Settings::default();
    Section {
        title: "Limits",
        paragraphs: vec![
            format!(
                "A body has at most {} bytes and an uploaded file {}, unless the operator has \
                 chosen otherwise. JSON is nested at most 64 levels deep. A list answers at most \
                 500 items.",
                grouped(limits.body_limit),
                grouped(limits.upload_limit),
            ),
            "A thread's title has at most 300 characters, the content of a post 15,000, the name \
             of a channel 1 to 80. A post carries at most 50 attachments and 20 buttons."
                .to_owned(),
        ],
    }
}

/// `5,242,880`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
