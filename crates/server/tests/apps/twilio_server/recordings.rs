//! Recordings, their sound, and what was written down of it.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    fields::moment,
    lists::{Between, List},
    wire::{Refusal, Reply, Request},
    world::{Kind, World, account, long_date, over, root},
};

/// A recording that is complete, with other fields on top.
pub(super) fn seed(world: &mut World, at: i64, fields: &Value) -> String {
    let sid = world.sid("RE");
    let uri = format!("{}/Recordings/{sid}", root());
    let recording = json!({
        "sid": sid, "account_sid": account(), "call_sid": "CA00000000000000000000000000000001",
        "conference_sid": null, "status": "completed", "channels": 1, "source": "OutboundAPI",
        "duration": "12", "start_time": long_date(at),
        "date_created": long_date(at), "date_updated": long_date(at + 15),
        "price": "-0.00250", "price_unit": "USD", "error_code": null, "encryption_details": null,
        "media_url": format!("{}{uri}", world.base), "api_version": "2010-04-01",
        "uri": format!("{uri}.json"),
        "subresource_uris": {
            "add_on_results": format!("{uri}/AddOnResults.json"),
            "transcriptions": format!("{uri}/Transcriptions.json"),
        },
    });
    world.add(Kind::Recording, at, &sid, over(recording, fields));
    sid
}

/// A transcription that is complete, with other fields on top.
pub(super) fn transcribe(world: &mut World, at: i64, recording: &str, fields: &Value) -> String {
    let sid = world.sid("TR");
    let transcription = json!({
        "sid": sid, "account_sid": account(), "recording_sid": recording, "status": "completed",
        "transcription_text": "Please call me back.", "duration": "12", "price": "-0.05000",
        "price_unit": "USD", "type": "fast", "api_version": "2010-04-01",
        "date_created": long_date(at), "date_updated": long_date(at + 20),
        "uri": format!("{}/Transcriptions/{sid}.json", root()),
    });
    world.add(Kind::Transcription, at, &sid, over(transcription, fields));
    sid
}

pub(super) fn collection(world: &mut World, request: &Request) -> Result<Reply, Refusal> {
    request.only(&[Method::GET])?;
    let created = Between::read(request, "DateCreated")?;
    List::new(Kind::Recording, "recordings").page(world, request, |item| {
        let is = |parameter: &str, field: &str| {
            request.parameter(parameter).is_none_or(|wanted| item.fields[field] == wanted)
        };
        is("CallSid", "call_sid")
            && is("ConferenceSid", "conference_sid")
            && created.holds(moment(&item.fields, "date_created"))
    })
}

pub(super) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Result<Reply, Refusal> {
    match rest {
        [recording, "Transcriptions.json"] => transcriptions(world, request, Some(recording)),
        [recording, "Transcriptions", file] => {
            world
                .present(Kind::Recording, recording)
                .ok_or_else(|| Refusal::not_found(&request.path))?;
            world.fetch(request, Kind::Transcription, file, &[Method::GET, Method::DELETE])
        }
        [file] if file.ends_with(".json") => {
            world.fetch(request, Kind::Recording, file, &[Method::GET, Method::DELETE])
        }
        [file] => sound(world, request, file),
        _ => Err(Refusal::not_found(&request.path)),
    }
}

pub(super) fn transcriptions(
    world: &mut World,
    request: &Request,
    recording: Option<&str>,
) -> Result<Reply, Refusal> {
    request.only(&[Method::GET])?;
    if let Some(sid) = recording {
        world.present(Kind::Recording, sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    }
    List::new(Kind::Transcription, "transcriptions").page(world, request, |item| {
        recording.is_none_or(|sid| item.fields["recording_sid"] == sid)
    })
}

/// The bytes of a recording in one of its formats.
fn sound(world: &World, request: &Request, file: &str) -> Result<Reply, Refusal> {
    request.only(&[Method::GET, Method::HEAD])?;
    let (sid, extension) = file.split_once('.').unwrap_or((file, "wav"));
    let recording =
        world.present(Kind::Recording, sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    if recording.fields["status"] != "completed" {
        return Err(Refusal::new(404, 21501, "Resource not available"));
    }
    let seconds = recording.fields["duration"].as_str().and_then(|text| text.parse().ok());
    match extension {
        "wav" => Ok(Reply::bytes("audio/x-wav", wave(seconds.unwrap_or(1)))),
        "mp3" => Ok(Reply::bytes("audio/mpeg", frames(seconds.unwrap_or(1)))),
        _ => Err(Refusal::not_found(&request.path)),
    }
}

/// Silence: PCM, one channel, 16 bits, 8,000 times a second.
fn wave(seconds: u32) -> Vec<u8> {
    let size = seconds * 16_000;
    let mut bytes = Vec::with_capacity(size as usize + 44);
    bytes.extend(b"RIFF");
    bytes.extend((size + 36).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(2_u16.to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(size.to_le_bytes());
    bytes.resize(size as usize + 44, 0);
    bytes
}

/// Frames of MPEG layer 3 with nothing in them, 32 kbit/s: 144 bytes for 36 ms.
fn frames(seconds: u32) -> Vec<u8> {
    let mut frame = vec![0xff, 0xfb, 0x18, 0xc4];
    frame.resize(144, 0);
    frame.repeat(seconds as usize * 28)
}
