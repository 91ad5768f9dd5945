//! Uploaded files.

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use halyard_platform::blobs::Blobs;
use tokio::io::AsyncReadExt;

use super::{LIMITS, MULTIPART, head, multipart, read_upload, store};
use crate::kit::params::{ParamError, Params, Problem, ReadError, ReadLimits, Upload};

fn file(params: &mut Params) -> Result<Upload, ParamError> {
    params.get(&["file"])
}

/// Reads an upload and returns file name, content type and content.
async fn received(body: Vec<u8>) -> (String, Option<String>, String) {
    let (_scratch, blobs) = store();
    let mut params = read_upload(&blobs, MULTIPART, body).await.unwrap();
    let upload = file(&mut params).unwrap();
    let (name, content_type) = (upload.file_name.clone(), upload.content_type.clone());
    let blob = upload.store().await.unwrap();
    let mut content = String::new();
    blobs.read(&blob.id).await.unwrap().0.read_to_string(&mut content).await.unwrap();
    assert_eq!(blob.size, content.len() as u64);
    (name, content_type, content)
}

#[tokio::test]
async fn the_official_sdk_sends_the_file_first_and_its_fields_after() {
    let field = "Content-Disposition: form-data; name=";
    let (_scratch, blobs) = store();
    let body = multipart(&[
        (
            "Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
             Content-Type: application/octet-stream",
            b"hello",
        ),
        (&format!("{field}\"file_name\""), b"a.txt"),
        (&format!("{field}\"file_size\""), b"5"),
        (&format!("{field}\"underlying_type\""), b"text/plain"),
        (&format!("{field}\"attachment_id\""), b"5c6a2a4e-0000-4000-8000-000000000001"),
    ]);
    let mut params = read_upload(&blobs, MULTIPART, body).await.unwrap();
    assert_eq!(params.get(&["file_name"]), Ok("a.txt".to_owned()));
    assert_eq!(params.get(&["file_size"]), Ok(5_i64));
    assert_eq!(params.get(&["underlying_type"]), Ok("text/plain".to_owned()));
    let upload = file(&mut params).unwrap();
    assert_eq!((upload.file_name.as_str(), upload.size()), ("a.txt", 5));
    assert_eq!(upload.content_type.as_deref(), Some("application/octet-stream"));
    assert_eq!(file(&mut params).unwrap_err().problem, Problem::Missing, "it is taken once");
}

#[tokio::test]
async fn other_clients_send_the_file_itself_as_file_name() {
    let body = multipart(&[
        ("Content-Disposition: form-data; name=\"attachment_id\"", b"x"),
        (
            "Content-Disposition: form-data; name=\"file_name\"; filename=\"b.png\"\r\n\
             Content-Type: image/png",
            b"png",
        ),
    ]);
    let received = received(body).await;
    assert_eq!(received, ("b.png".into(), Some("image/png".into()), "png".into()));
}

#[tokio::test]
async fn only_the_last_component_of_a_name_is_kept() {
    for (sent, kept) in [
        ("filename=\"a.txt\"", "a.txt"),
        ("filename=a.txt", "a.txt"),
        ("filename=\"/home/me/a.txt\"", "a.txt"),
        ("filename=\"C:\\Users\\me\\a b.txt\"", "a b.txt"),
        ("filename=\"../../etc/passwd\"", "passwd"),
        ("filename=\"..\"", "file"),
        ("filename=\"dir/\"", "file"),
        ("filename=\"a\t.txt\"", "a.txt"),
        ("filename=\"grüße.txt\"", "grüße.txt"),
        ("filename*=utf-8''gr%C3%BC%C3%9Fe.txt", "grüße.txt"),
        ("filename=\"\"", "file"),
    ] {
        let part = format!("Content-Disposition: form-data; name=\"file\"; {sent}");
        assert_eq!(received(multipart(&[(&part, b"x")])).await.0, kept, "{sent}");
    }
    let long = "ü".repeat(300);
    let part = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{long}\"");
    assert_eq!(received(multipart(&[(&part, b"x")])).await.0.chars().count(), 255);
}

#[tokio::test]
async fn content_that_looks_like_a_boundary_is_content() {
    let part = "Content-Disposition: form-data; name=\"file\"; filename=\"f\"";
    let content = "\r\n--X\r\n\r\n--\r\r\n--XY --XX\r";
    assert_eq!(received(multipart(&[(part, content.as_bytes())])).await.2, content);
    assert_eq!(received(multipart(&[(part, b"")])).await.2, "");
}

#[tokio::test]
async fn a_file_input_left_empty_is_no_file() {
    let (_scratch, blobs) = store();
    let part = "Content-Disposition: form-data; name=\"file\"; filename=\"\"";
    let mut params = read_upload(&blobs, MULTIPART, multipart(&[(part, b"")])).await.unwrap();
    assert_eq!(file(&mut params).unwrap_err().problem, Problem::Missing);
}

#[tokio::test]
async fn a_second_file_is_skipped() {
    let part = |name| format!("Content-Disposition: form-data; name=\"f\"; filename=\"{name}\"");
    let body = multipart(&[(&part("1"), b"one"), (&part("2"), b"two")]);
    assert_eq!(received(body).await, ("1".into(), None, "one".into()));
}

#[tokio::test]
async fn an_upload_above_the_limit_leaves_nothing() {
    let (scratch, blobs) = store();
    let part = "Content-Disposition: form-data; name=\"file\"; filename=\"f\"";
    let limit = usize::try_from(LIMITS.upload).unwrap();
    let body = |length| multipart(&[(part, vec![b'x'; length].as_slice())]);
    let params = read_upload(&blobs, MULTIPART, body(limit)).await;
    assert_eq!(file(&mut params.unwrap()).unwrap().size(), LIMITS.upload);
    let read = read_upload(&blobs, MULTIPART, body(limit + 1)).await;
    assert!(matches!(read, Err(ReadError::TooLarge { limit: 100_000 })), "{read:?}");
    assert_eq!(std::fs::read_dir(scratch.path().join("tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_store_that_refuses_is_told_apart() {
    let (scratch, blobs) = store();
    std::fs::remove_dir(scratch.path().join("tmp")).unwrap();
    let part = "Content-Disposition: form-data; name=\"file\"; filename=\"f\"";
    let read = read_upload(&blobs, MULTIPART, multipart(&[(part, b"x")])).await;
    assert!(matches!(read, Err(ReadError::UploadFailed(_))), "{read:?}");
}

const MIB: usize = 1024 * 1024;
const ROOMY: ReadLimits = ReadLimits { body: 5 * MIB as u64, upload: 100 * MIB as u64 };

async fn read_roomy(blobs: &Blobs, body: Body) -> Result<Params, ReadError> {
    Params::read(&head("", MULTIPART), body, &ROOMY, Some(blobs)).await
}

#[tokio::test]
async fn a_large_upload_is_not_held_in_memory() {
    const PIECE: usize = 64 * 1024;
    const PIECES: usize = 20 * MIB / PIECE;
    let (scratch, blobs) = store();
    let temporary = scratch.path().join("tmp");
    // The sender is always ready, so only the reader's own restraint keeps it from buffering.
    let body = stream::iter(0..PIECES + 2).map(move |n| {
        let sent = n.saturating_sub(1) * PIECE;
        let written: u64 = std::fs::read_dir(&temporary)?
            .map(|entry| Ok(entry?.metadata()?.len()))
            .sum::<std::io::Result<u64>>()?;
        let held = sent - usize::try_from(written).unwrap();
        assert!(held <= 4 * MIB, "{held} bytes held after {sent} sent");
        Ok::<_, std::io::Error>(match n {
            0 => Bytes::from_static(
                b"--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n",
            ),
            n if n <= PIECES => Bytes::from(vec![b'x'; PIECE]),
            _ => Bytes::from_static(b"\r\n--XX--\r\n"),
        })
    });
    let upload = file(&mut read_roomy(&blobs, Body::from_stream(body)).await.unwrap()).unwrap();
    assert_eq!(upload.store().await.unwrap().size, 20 * MIB as u64);
}

#[tokio::test]
async fn what_never_becomes_a_part_is_given_up_early() {
    const PIECE: usize = 16 * 1024;
    let (_scratch, blobs) = store();
    for opening in ["", "--XX\r\nContent-Disposition: form-data; name=\"f\"; x=\""] {
        let mut sent = 0;
        let body = stream::iter(0..).map(move |n| {
            sent += PIECE;
            assert!(sent < MIB, "the reader should have given up");
            let piece = if n == 0 { opening.as_bytes().to_vec() } else { vec![b'x'; PIECE] };
            Ok::<_, std::io::Error>(Bytes::from(piece))
        });
        let read = read_roomy(&blobs, Body::from_stream(body)).await;
        assert!(matches!(read, Err(ReadError::BadMultipart(_))), "{read:?}");
    }
}
