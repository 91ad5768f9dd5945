//! Texts as bytes and back, in the encodings that `Buffer` has.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// An encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
    Latin1,
    Ascii,
    Base64,
    Base64Url,
    Hex,
}

impl Encoding {
    /// The one of a name in small letters.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "utf8" | "utf-8" => Self::Utf8,
            "utf16le" | "utf-16le" | "ucs2" | "ucs-2" => Self::Utf16,
            "latin1" | "binary" => Self::Latin1,
            "ascii" => Self::Ascii,
            "base64" => Self::Base64,
            "base64url" => Self::Base64Url,
            "hex" => Self::Hex,
            _ => return None,
        })
    }

    /// The bytes that a text tells. Where it stops to make sense, they end.
    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Latin1 | Self::Ascii => text.encode_utf16().map(|unit| unit as u8).collect(),
            Self::Base64 | Self::Base64Url => base64(text),
            Self::Hex => {
                let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
                text.as_bytes()
                    .chunks_exact(2)
                    .map_while(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
                    .collect()
            }
        }
    }

    /// The text that bytes tell.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Utf16 => {
                let units: Vec<u16> = bytes
                    .chunks_exact(2)
                    .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                    .collect();
                String::from_utf16_lossy(&units)
            }
            Self::Latin1 => bytes.iter().copied().map(char::from).collect(),
            Self::Ascii => bytes.iter().map(|byte| char::from(byte & 0x7f)).collect(),
            Self::Base64 => base64::engine::general_purpose::STANDARD.encode(bytes),
            Self::Base64Url => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes),
            Self::Hex => hex::encode(bytes),
        }
    }
}

// Either alphabet, with or without padding; what is neither is skipped.
fn base64(text: &str) -> Vec<u8> {
    let end = text.find('=').unwrap_or(text.len());
    let mut digits: Vec<u8> = text[..end]
        .bytes()
        .filter_map(|byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' => Some(byte),
            byte => byte.is_ascii_alphanumeric().then_some(byte),
        })
        .collect();
    // A single digit at the end tells nothing.
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, config).decode(&digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_texts() {
        let text = "aé€😀";
        for name in ["utf8", "utf16le", "base64", "base64url", "hex"] {
            let encoding = Encoding::named(name).unwrap();
            let bytes = match encoding {
                Encoding::Utf8 | Encoding::Utf16 => encoding.encode(text),
                _ => text.as_bytes().to_vec(),
            };
            assert_eq!(encoding.encode(&encoding.decode(&bytes)), bytes, "{name}");
        }
        assert_eq!(Encoding::Latin1.encode("é€"), [0xe9, 0xac]);
        assert_eq!(Encoding::Latin1.decode(&[0xe9]), "é");
        assert_eq!(Encoding::Base64.encode("aGk"), b"hi");
        assert_eq!(Encoding::Base64.encode("a G\nk=="), b"hi");
        assert_eq!(Encoding::Base64.encode("-_8"), [0xfb, 0xff]);
        assert_eq!(Encoding::Base64.encode("a"), b"");
        assert_eq!(Encoding::Hex.encode("00ffzz11"), [0, 0xff]);
        assert_eq!(Encoding::named("latin2"), None);
    }
}
