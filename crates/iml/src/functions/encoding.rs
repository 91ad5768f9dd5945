//! Base64 and bytes.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};

use super::Arguments;
use crate::{decisions, error::Result, value::Value};

// Padding and the bits behind the end do not matter.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn base64(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let bytes = arguments.bytes(0)?;
    arguments.machine.work(bytes.len())?;
    arguments.machine.produce(bytes.len())?;
    arguments.machine.text(&general_purpose::STANDARD.encode(&bytes))
}

pub(super) fn base64url(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let bytes = arguments.bytes(0)?;
    arguments.machine.work(bytes.len())?;
    let is_text = !matches!(arguments.value(0), Value::Buffer(_));
    let decoded = if is_text && decisions::BASE64URL_CONVERTS_BASE64 {
        general_purpose::STANDARD.decode(&bytes).ok()
    } else {
        None
    };
    arguments.machine.produce(bytes.len())?;
    let bytes = decoded.as_deref().unwrap_or(&bytes);
    arguments.machine.text(&general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

pub(super) fn to_binary(arguments: &Arguments<'_, '_>) -> Result<Value> {
    let encoding = arguments.text_or(1, "")?;
    if encoding.is_empty() {
        return match arguments.value(0) {
            bytes @ (Value::Buffer(_) | Value::Stored(_)) => Ok(bytes.clone()),
            _ => arguments.machine.buffer(arguments.bytes(0)?.to_vec()),
        };
    }
    let text = arguments.text(0)?;
    arguments.machine.work(text.len())?;
    match decode(&text, &encoding) {
        Some(Ok(bytes)) => arguments.machine.buffer(bytes),
        Some(Err(cause)) => arguments.wrong(0, cause),
        None => arguments.wrong(
            1,
            format!(
                "{} is no encoding; hex, base64, utf8 and latin1 are.",
                crate::error::quoted(&encoding)
            ),
        ),
    }
}

/// The bytes of a text in an encoding; nothing when there is none of this name.
pub(super) fn decode(text: &str, encoding: &str) -> Option<Result<Vec<u8>, String>> {
    Some(match encoding.to_ascii_lowercase().as_str() {
        "utf8" | "utf-8" | "text" => Ok(text.as_bytes().to_vec()),
        "hex" => hex::decode(text.trim()).map_err(|_| "This is not hexadecimal.".to_owned()),
        "base64" | "base64url" => {
            let standard: String = text
                .chars()
                .filter(|c| !c.is_ascii_whitespace())
                .map(|c| match c {
                    '-' => '+',
                    '_' => '/',
                    other => other,
                })
                .collect();
            TOLERANT.decode(standard).map_err(|_| "This is not Base64.".to_owned())
        }
        "latin1" | "binary" => text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).map_err(|_| "This is not Latin-1.".to_owned()))
            .collect(),
        _ => return None,
    })
}
