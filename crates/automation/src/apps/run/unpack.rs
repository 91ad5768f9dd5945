//! Compressed bodies, with a bound on what they become.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// The bytes that a body really is, by its Content-Encoding. Nothing when there is nothing to do.
///
/// # Errors
/// When it is damaged, when it becomes more than `limit` bytes, or when nobody knows the encoding.
pub(super) fn unpack(
    encoding: &str,
    bytes: &[u8],
    limit: usize,
) -> Option<Result<Vec<u8>, String>> {
    if bytes.is_empty() {
        return None;
    }
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => None,
        "gzip" | "x-gzip" => Some(read(MultiGzDecoder::new(bytes), limit)),
        "deflate" => {
            // Two formats go by this name.
            let wrapped = bytes.first().is_some_and(|first| first & 0x0f == 8);
            Some(if wrapped {
                read(ZlibDecoder::new(bytes), limit)
            } else {
                read(DeflateDecoder::new(bytes), limit)
            })
        }
        other => Some(Err(format!("The answer is compressed in an unknown way ({other})."))),
    }
}

fn read(decoder: impl Read, limit: usize) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder
        .take(bound)
        .read_to_end(&mut out)
        .map_err(|error| format!("The compressed answer is damaged: {error}."))?;
    if out.len() > limit {
        return Err(format!("The answer is longer than {limit} bytes once it is unpacked."));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };

    use super::*;

    #[test]
    fn bodies_are_unpacked_within_a_bound() {
        let text = "hello ".repeat(100);
        let (mut gzip, mut zlib, mut raw) = (
            GzEncoder::new(Vec::new(), Compression::default()),
            ZlibEncoder::new(Vec::new(), Compression::default()),
            DeflateEncoder::new(Vec::new(), Compression::default()),
        );
        gzip.write_all(text.as_bytes()).unwrap();
        zlib.write_all(text.as_bytes()).unwrap();
        raw.write_all(text.as_bytes()).unwrap();
        let gzip = gzip.finish().unwrap();
        for (encoding, bytes) in [
            ("gzip", &gzip),
            ("Deflate", &zlib.finish().unwrap()),
            ("deflate", &raw.finish().unwrap()),
        ] {
            let unpacked = unpack(encoding, bytes, 600).unwrap();
            assert_eq!(unpacked.as_deref(), Ok(text.as_bytes()), "{encoding}");
            assert!(unpack(encoding, bytes, 599).unwrap().is_err());
        }
        assert!(unpack("gzip", &gzip[..20], 600).unwrap().is_err());
        assert!(unpack("br", b"x", 600).unwrap().is_err());
        assert!(unpack("identity", b"x", 600).is_none());
    }
}
