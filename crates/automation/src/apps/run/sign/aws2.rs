//! Signature version 2 as the storage service takes it in a header.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    aws::{Settings, Unsigned},
    hmac_sha1,
};
use crate::apps::run::text::http_date;

/// Parts of a query that name something of their own (vendor documentation).
const NAMED_IN_QUERY: [&str; 24] = [
    "accelerate",
    "acl",
    "cors",
    "delete",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
];

/// Parts of a query that name something of their own and are not in the list above by age.
const ALSO_NAMED_IN_QUERY: [&str; 3] = ["versioning", "versions", "website"];

pub(super) fn sign(settings: &Settings, request: &Unsigned<'_>) -> Vec<(String, String)> {
    let mut added = Vec::new();
    let own_date = request.header("x-amz-date").is_some();
    let date = match request.header("date") {
        Some(date) => date.to_owned(),
        None if own_date => String::new(),
        None => {
            let date = http_date(request.now);
            added.push(("date".to_owned(), date.clone()));
            date
        }
    };
    if let Some(session) = &settings.session {
        added.push(("x-amz-security-token".to_owned(), session.clone()));
    }
    let mut amz: Vec<(&str, &str)> = request
        .headers
        .iter()
        .chain(&added)
        .filter(|(name, _)| name.starts_with("x-amz-"))
        .map(|(name, value)| (name.as_str(), value.trim()))
        .collect();
    amz.sort_by_key(|(name, _)| *name);
    let mut text = format!(
        "{}\n{}\n{}\n{}\n",
        request.method,
        request.header("content-md5").unwrap_or_default(),
        request.header("content-type").unwrap_or_default(),
        if own_date { "" } else { &date }
    );
    let mut at = 0;
    while at < amz.len() {
        let name = amz[at].0;
        let values: Vec<&str> =
            amz.iter().filter(|(other, _)| *other == name).map(|(_, value)| *value).collect();
        text.push_str(&format!("{name}:{}\n", values.join(",")));
        at += values.len();
    }
    text.push_str(&resource(settings, request));
    let signature = STANDARD.encode(hmac_sha1(settings.secret.as_bytes(), text.as_bytes()));
    added.push(("authorization".to_owned(), format!("AWS {}:{signature}", settings.key)));
    added
}

fn resource(settings: &Settings, request: &Unsigned<'_>) -> String {
    let mut out = String::new();
    if let Some(bucket) = &settings.bucket {
        out.push('/');
        out.push_str(bucket);
    }
    out.push_str(request.url.path());
    let mut named: Vec<(String, String)> = request
        .url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .filter(|(name, _)| {
            NAMED_IN_QUERY.contains(&name.as_str()) || ALSO_NAMED_IN_QUERY.contains(&name.as_str())
        })
        .collect();
    named.sort();
    for (at, (name, value)) in named.iter().enumerate() {
        out.push(if at == 0 { '?' } else { '&' });
        out.push_str(name);
        if !value.is_empty() {
            out.push('=');
            out.push_str(value);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use halyard_iml::{Collection, Date, Value};
    use halyard_platform::outbound;

    use super::*;

    /// The key of the examples, in two parts: it looks like a real one.
    const KEY: &str = concat!("AKIA", "IOSFODNN7EXAMPLE");

    /// The examples of the vendor's documentation.
    fn signature(method: &str, url: &str, headers: &[(&str, &str)]) -> String {
        let settings = Settings::of(&Collection::of([
            ("key", Value::from(KEY)),
            ("secret", Value::from("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
            ("bucket", Value::from("johnsmith")),
        ]))
        .unwrap();
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let request = Unsigned {
            method,
            url: &outbound::url(url).unwrap(),
            headers: &headers,
            body: b"",
            now: Date::from_ms(0).unwrap(),
        };
        settings.sign(&request).pop().unwrap().1
    }

    #[test]
    fn the_published_examples_are_signed_alike() {
        let host = "https://johnsmith.s3.amazonaws.com";
        assert_eq!(
            signature(
                "GET",
                &format!("{host}/photos/puppy.jpg"),
                &[("date", "Tue, 27 Mar 2007 19:36:42 +0000")]
            ),
            format!("AWS {KEY}:bWq2s1WEIj+Ydj0vQ697zp+IXMU=")
        );
        assert_eq!(
            signature(
                "PUT",
                &format!("{host}/photos/puppy.jpg"),
                &[("content-type", "image/jpeg"), ("date", "Tue, 27 Mar 2007 21:15:45 +0000")]
            ),
            format!("AWS {KEY}:MyyxeRY7whkBe+bq8fHCL/2kKUg=")
        );
        assert_eq!(
            signature(
                "GET",
                &format!("{host}/?prefix=photos&max-keys=50&marker=puppy"),
                &[("date", "Tue, 27 Mar 2007 19:42:41 +0000")]
            ),
            format!("AWS {KEY}:htDYFYduRNen8P9ZfE/s9SuKy0U=")
        );
        assert_eq!(
            signature(
                "GET",
                &format!("{host}/?acl"),
                &[("date", "Tue, 27 Mar 2007 19:44:46 +0000")]
            ),
            format!("AWS {KEY}:c2WLPFtWHVgbEmeEG93a4cG37dM=")
        );
    }
}
