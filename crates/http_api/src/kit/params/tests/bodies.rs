//! Where parameters come from, and what is refused while reading.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use proptest::prelude::*;

use super::{FORM, JSON, LIMITS, MULTIPART, head, multipart, read, store};
use crate::kit::params::{Params, Raw, ReadError};

/// The named values as text, `-` for what is not there.
fn shown(params: &Params, names: &[&str]) -> String {
    let text = |name: &&str| match params.peek(name) {
        None => "-".to_owned(),
        Some(raw) => raw.text().map_or_else(|| format!("{raw:?}"), str::to_owned),
    };
    names.iter().map(text).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn every_place_counts_and_the_body_wins() {
    for (query, content_type, body, expected) in [
        ("a=1&b=2", "", "", "1 2"),
        ("a=1", FORM, "b=2", "1 2"),
        ("a=1&b=1", FORM, "b=2", "1 2"),
        ("a=1&b=1", JSON, r#"{"b":"2"}"#, "1 2"),
        ("a=1", "Application/JSON; charset=utf-8", r#" {"b":"2"} "#, "1 2"),
        ("a=1", "application/vnd.api+json", "\u{feff}{\"b\":\"2\"}", "1 2"),
        // An empty body is fine whatever it claims to be.
        ("a=1", JSON, "", "1 -"),
        ("a=1", JSON, " \r\n", "1 -"),
        ("a=1", FORM, "", "1 -"),
        // JSON under another label.
        ("a=1", "", r#"{"b":"2"}"#, "1 2"),
        ("a=1", "text/plain", r#"{"b":"2"}"#, "1 2"),
        ("a=1", FORM, r#"{"b":"2"}"#, "1 2"),
        // Neither parameters nor JSON.
        ("a=1", "text/plain", "b=2", "1 -"),
        ("a=1", "text/plain", r#"["b"]"#, "1 -"),
        ("a=1", "application/octet-stream", "{\"b\":", "1 -"),
        // Odd but harmless.
        ("&&a=1&=&b", "", "", "1 "),
        ("a=%31+&b=%", "", "", "1  %"),
        ("a=x%3Dy=z&b=%zz", "", "", "x=y=z %zz"),
        ("%61=1&b%5B%5D=2", "", "", "1 2"),
    ] {
        let params = read(query, content_type, body).await.unwrap();
        assert_eq!(shown(&params, &["a", "b"]), expected, "{query} {content_type} {body}");
    }
}

#[tokio::test]
async fn multipart_fields_are_parameters_and_files_are_skipped_where_none_is_expected() {
    let body = multipart(&[
        ("Content-Disposition: form-data; name=\"a\"", b"1"),
        ("Content-Disposition: form-data; name=\"f\"; filename=\"f.txt\"", b"\xff\xff"),
        (
            "Content-Disposition: form-data; name=\"b[]\"\r\nContent-Type: text/plain",
            "ü".as_bytes(),
        ),
        ("Content-Disposition: form-data", b"nameless"),
    ]);
    let params = read("a=0", MULTIPART, body).await.unwrap();
    assert_eq!(shown(&params, &["a", "b", "f", ""]), "1 ü - -");
}

#[tokio::test]
async fn an_announced_empty_multipart_body_is_fine() {
    let mut head = head("a=1", MULTIPART);
    head.headers.insert("Content-Length", "0".parse().unwrap());
    let params = Params::read(&head, Body::empty(), &LIMITS, None).await.unwrap();
    assert_eq!(shown(&params, &["a"]), "1");
}

#[tokio::test]
async fn a_get_with_a_json_type_and_no_body_is_fine() {
    let (mut head, ()) = http::Request::get("/x?id=1").body(()).unwrap().into_parts();
    head.headers.insert("Content-Type", JSON.parse().unwrap());
    let params = Params::read(&head, Body::empty(), &LIMITS, None).await.unwrap();
    assert_eq!(shown(&params, &["id"]), "1");
}

#[tokio::test]
async fn repeated_keys_collect_within_one_place_only() {
    let many = |params: &Params| match params.peek("k") {
        Some(Raw::Many(values)) => values.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(many(&read("k=1&k=2&k[]=3", "", "").await.unwrap()), 3);
    assert_eq!(many(&read("k[]=1&k=2", "", "").await.unwrap()), 2);
    assert_eq!(many(&read("k=0&k=0", FORM, "k%5B%5D=1").await.unwrap()), 1);
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused_wherever_it_stands() {
    let part = |headers: &[u8], content: &[u8]| {
        let mut body = b"--XX\r\nContent-Disposition: form-data; ".to_vec();
        body.extend([headers, b"\r\n\r\n", content, b"\r\n--XX--\r\n"].concat());
        body
    };
    for (query, content_type, body) in [
        ("a=%ff", "", vec![]),
        ("%c3=1", "", vec![]),
        ("a=%ed%a0%80", "", vec![]), // half a surrogate pair
        ("", FORM, b"a=%ff".to_vec()),
        ("", FORM, b"a=\xff".to_vec()),
        ("", JSON, b"{\"a\":\"\xff\"}".to_vec()),
        ("", MULTIPART, part(b"name=\"a\"", b"\xff")),
        ("", MULTIPART, part(b"name=\"\xff\"", b"a")),
        ("", MULTIPART, part(b"name=\"a\"; filename=\"\xff\"", b"a")),
        ("", MULTIPART, part(b"name=\"a\"; filename*=utf-8''%ff", b"a")),
    ] {
        let read = read(query, content_type, body.clone()).await;
        assert!(matches!(read, Err(ReadError::NotUtf8)), "{query} {body:?}: {read:?}");
    }
}

#[tokio::test]
async fn malformed_json_is_refused() {
    let nested = |levels| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    for body in [
        "{",
        "x",
        "[]",
        "null",
        "\"text\"",
        "{\"a\":1}}",
        "{\"a\":1e400}",
        "{\"a\":NaN}",
        r#"{"a":"\ud800"}"#,
        &nested(64),
        &nested(1_000),
        &"[".repeat(9_000),
        &"{\"a\":".repeat(1_500),
    ] {
        let read = read("", JSON, body.to_owned()).await;
        assert!(matches!(read, Err(ReadError::BadJson(_))), "{body:.40}: {read:?}");
    }
    assert!(read("", JSON, nested(63)).await.is_ok());
}

#[tokio::test]
async fn a_multipart_body_may_not_end_anywhere_but_at_its_end() {
    let whole = multipart(&[
        ("Content-Disposition: form-data; name=\"a\"", b"1"),
        ("Content-Disposition: form-data; name=\"f\"; filename=\"f\"", b"content"),
    ]);
    let needed = whole.len() - b"\r\n".len();
    for length in 0..needed {
        let read = read("", MULTIPART, whole[..length].to_vec()).await;
        assert!(matches!(read, Err(ReadError::BadMultipart(_))), "{length}: {read:?}");
    }
    assert!(read("", MULTIPART, whole[..needed].to_vec()).await.is_ok());
    for content_type in ["multipart/form-data", "multipart/form-data; boundary=YY"] {
        let read = read("", content_type, whole.clone()).await;
        assert!(matches!(read, Err(ReadError::BadMultipart(_))), "{content_type}: {read:?}");
    }
}

fn pieces(piece: &'static [u8], count: usize) -> Body {
    let piece = Bytes::from_static(piece);
    let pieces = (0..count).map(move |_| Ok::<_, std::io::Error>(piece.clone()));
    Body::from_stream(stream::iter(pieces))
}

#[tokio::test]
async fn nothing_above_the_limit_is_read() {
    let at_limit = usize::try_from(LIMITS.body).unwrap();
    assert!(read("", FORM, vec![b'a'; at_limit]).await.is_ok());
    for content_type in [FORM, JSON, "text/plain", ""] {
        let read = read("", content_type, vec![b'a'; at_limit + 1]).await;
        assert!(matches!(read, Err(ReadError::TooLarge { limit: 10_000 })), "{read:?}");
    }
    // Without an announced length; the stream would go on for a long time.
    for content_type in [FORM, MULTIPART] {
        let read = read("", content_type, pieces(&[b'a'; 1_000], usize::MAX)).await;
        assert!(matches!(read, Err(ReadError::TooLarge { limit: 10_000 })), "{read:?}");
    }
}

#[tokio::test]
async fn an_announced_length_above_the_limit_is_refused_unread() {
    let (_scratch, blobs) = store();
    for (content_type, blobs, length, limit) in [
        (FORM, None, "10001", 10_000),
        (MULTIPART, None, "10001", 10_000),
        (MULTIPART, Some(&blobs), "110001", 100_000),
        (FORM, Some(&blobs), "10001", 10_000),
        (JSON, None, "18446744073709551615", 10_000),
    ] {
        let mut head = head("", content_type);
        head.headers.insert("Content-Length", length.parse().unwrap());
        let unread =
            stream::poll_fn(|_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> {
                panic!("the body must not be read")
            });
        match Params::read(&head, Body::from_stream(unread), &LIMITS, blobs).await {
            Err(ReadError::TooLarge { limit: told }) => assert_eq!(told, limit),
            other => panic!("{content_type}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn many_empty_fields_are_too_large_as_well() {
    let field = ("Content-Disposition: form-data; name=\"a\"", b"".as_slice());
    let (_scratch, blobs) = store();
    let body = multipart(&vec![field; 200]);
    let read = super::read_upload(&blobs, MULTIPART, body).await;
    assert!(matches!(read, Err(ReadError::TooLarge { limit: 10_000 })), "{read:?}");
}

#[tokio::test]
async fn a_broken_connection_is_told_apart_from_a_malformed_body() {
    for content_type in [FORM, JSON, MULTIPART] {
        let broken = Body::from_stream(stream::iter([
            Ok(Bytes::from_static(b"--XX\r\n")),
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
        ]));
        let read = read("", content_type, broken).await;
        assert!(matches!(read, Err(ReadError::Interrupted(_))), "{content_type}: {read:?}");
    }
}

#[test]
fn reading_can_run_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    let head = head("", "");
    is_send(&Params::read(&head, Body::empty(), &LIMITS, None));
}

fn content_type() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(FORM.to_owned()),
        Just(JSON.to_owned()),
        Just(MULTIPART.to_owned()),
        "multipart/form-data; ?boundary=\"?[ -~]{0,8}",
        "[ -~]{0,40}",
    ]
}

/// Bytes that look enough like a body to get past the first check, cut into pieces.
fn body() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let word = prop_oneof![
        any::<Vec<u8>>(),
        proptest::sample::select(vec![
            "--XX",
            "--",
            "\r\n",
            "\r\n\r\n",
            "\r",
            "Content-Disposition: form-data; ",
            "name=\"a\"",
            "; filename=\"",
            "filename*=utf-8''",
            "\\\"",
            "\"",
            "a=1&",
            "%",
            "%ff",
            "k[]=",
            "{\"a\":",
            "[",
            "]",
            "}",
            "1e999",
            "\u{0}",
            "\\ud800",
        ])
        .prop_map(|word| word.as_bytes().to_vec()),
        (0..20_000_usize).prop_map(|length| vec![b'x'; length]),
    ];
    proptest::collection::vec(word, 0..40)
}

proptest! {
    #[test]
    fn no_bytes_panic_or_pass_the_limit(
        query in "[!-~&&[^#<>\"]]{0,60}",
        content_type in content_type(),
        body in body(),
        uploads in any::<bool>(),
    ) {
        let uri = format!("/x?{query}");
        prop_assume!(uri.parse::<http::Uri>().is_ok());
        let (mut head, ()) = http::Request::post(uri).body(()).unwrap().into_parts();
        head.headers.insert("Content-Type", content_type.parse().unwrap());
        // How much had been handed out when the reader asked for one more piece.
        let asked_after = Arc::new(AtomicU64::new(0));
        let (asked, mut sent) = (asked_after.clone(), 0);
        let stream = stream::iter(body).map(move |piece| {
            asked.store(sent, Ordering::Relaxed);
            sent += piece.len() as u64;
            Ok::<_, std::io::Error>(Bytes::from(piece))
        });

        let (scratch, blobs) = store();
        let blobs = uploads.then_some(&blobs);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = runtime.block_on(Params::read(&head, Body::from_stream(stream), &LIMITS, blobs));

        let whole = LIMITS.body + if uploads { LIMITS.upload } else { 0 };
        prop_assert!(asked_after.load(Ordering::Relaxed) <= whole);
        match read {
            Ok(params) => {
                prop_assert!(params.upload.as_ref().is_none_or(|u| u.size() <= LIMITS.upload));
            }
            Err(_) => {
                let left = std::fs::read_dir(scratch.path().join("tmp")).unwrap().count();
                prop_assert_eq!(left, 0, "a refused upload leaves nothing");
            }
        }
    }
}
