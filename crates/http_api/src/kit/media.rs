//! What a file is, as its first bytes say.
//!
//! What the client claims does not count: a page that is called a picture must not become one.
//! Active content (pages, scripts, SVG) has no type of its own here, so that no browser runs it.

/// How much of the start of a file [`identify`] should see, in bytes. Pictures from cameras carry
/// previews and colour profiles before their size.
pub const HEAD: usize = 256 * 1024;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// Its MIME type.
    pub media_type: &'static str,
    /// Width and height in pixels, of pictures whose format is understood; as stored, whatever way
    /// up it is to be shown.
    pub size: Option<(u32, u32)>,
}

impl Media {
    /// `image`, `audio`, `video` or `file`.
    pub fn class(&self) -> &'static str {
        match self.media_type.split_once('/') {
            Some(("image", _)) => "image",
            Some(("audio", _)) => "audio",
            Some(("video", _)) => "video",
            _ => "file",
        }
    }
}

/// Finds out what a file is by its first [`HEAD`] bytes, or all of them if it is shorter. The
/// name only tells apart what looks the same inside, and plain texts.
pub fn identify(head: &[u8], file_name: &str) -> Media {
    let extension = file_name.rsplit_once('.').map(|(_, extension)| extension);
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    let media_type = by_magic(head, &extension)
        .or_else(|| plain_text(head, &extension))
        .unwrap_or("application/octet-stream");
    Media { media_type, size: dimensions(head, media_type) }
}

fn by_magic(head: &[u8], extension: &str) -> Option<&'static str> {
    Some(match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        // The size of the header that follows is one of a few, so this is not just a text.
        [
            b'B',
            b'M',
            _,
            _,
            _,
            _,
            0,
            0,
            0,
            0,
            _,
            _,
            _,
            _,
            12 | 40 | 52 | 56 | 64 | 108 | 124,
            0,
            ..,
        ] => "image/bmp",
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => "image/tiff",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => "audio/wav",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => "video/x-msvideo",
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => by_brand(brand),
        [0x1a, 0x45, 0xdf, 0xa3, rest @ ..] => by_ebml(rest, extension),
        [b'O', b'g', b'g', b'S', rest @ ..] if holds(rest, b"theora") => "video/ogg",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [b'f', b'L', b'a', b'C', ..] => "audio/flac",
        [b'#', b'!', b'A', b'M', b'R', ..] => "audio/amr",
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xfa | 0xf3 | 0xf2, ..] => "audio/mpeg",
        [0xff, 0xf1 | 0xf9, ..] => "audio/aac",
        [0, 0, 1, 0xba | 0xb3, ..] => "video/mpeg",
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => by_zip(extension),
        [0x1f, 0x8b, ..] => "application/gzip",
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => "application/x-7z-compressed",
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => by_ole(extension),
        _ => return None,
    })
}

/// Files of the MPEG-4 family differ by their brand.
fn by_brand(brand: &[u8]) -> &'static str {
    match brand {
        [b'a', b'v', b'i', b'f' | b's', ..] => "image/avif",
        [b'h', b'e', b'i' | b'v', ..] | [b'm', b'i', b'f', b'1', ..] => "image/heic",
        [b'M', b'4', b'A' | b'B', ..] => "audio/mp4",
        [b'q', b't', b' ', b' ', ..] => "video/quicktime",
        [b'3', b'g', ..] => "video/3gpp",
        _ => "video/mp4",
    }
}

/// Whether there are pictures in a WebM file stands deep inside; recorders say it by the name.
fn by_ebml(rest: &[u8], extension: &str) -> &'static str {
    match (holds(&rest[..rest.len().min(64)], b"webm"), extension) {
        (true, "weba") => "audio/webm",
        (true, _) => "video/webm",
        (false, _) => "video/x-matroska",
    }
}

fn by_zip(extension: &str) -> &'static str {
    match extension {
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odp" => "application/vnd.oasis.opendocument.presentation",
        "epub" => "application/epub+zip",
        _ => "application/zip",
    }
}

fn by_ole(extension: &str) -> &'static str {
    match extension {
        "doc" => "application/msword",
        "xls" => "application/vnd.ms-excel",
        "ppt" => "application/vnd.ms-powerpoint",
        _ => "application/octet-stream",
    }
}

/// Words and programs alike: nothing of it runs when it is `text/plain`.
fn plain_text(head: &[u8], extension: &str) -> Option<&'static str> {
    const TEXTS: &[&str] = &[
        "txt", "text", "md", "markdown", "csv", "tsv", "log", "json", "jsonl", "yaml", "yml",
        "toml", "ini", "conf", "xml", "html", "htm", "svg", "css", "js", "ts", "py", "rs", "go",
        "java", "c", "h", "cpp", "sh", "sql", "diff", "patch", "tex", "srt", "vtt", "ics", "vcf",
        "eml",
    ];
    (TEXTS.contains(&extension) && is_text(head)).then_some("text/plain")
}

/// UTF-8 without control characters that no text has. The last character may have been cut off.
fn is_text(head: &[u8]) -> bool {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.contains('\0')
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn dimensions(head: &[u8], media_type: &str) -> Option<(u32, u32)> {
    let (width, height) = match media_type {
        "image/png" if head.get(12..16)? == b"IHDR" => (be32(head, 16)?, be32(head, 20)?),
        "image/gif" => (le16(head, 6)?, le16(head, 8)?),
        "image/bmp" if head.get(14)? == &12 => (le16(head, 18)?, le16(head, 20)?),
        // A negative height says that the rows come from top to bottom.
        "image/bmp" => {
            let [width, height] = [le32(head, 18)?, le32(head, 22)?];
            (width.cast_signed().unsigned_abs(), height.cast_signed().unsigned_abs())
        }
        "image/jpeg" => jpeg(head)?,
        "image/webp" => webp(head)?,
        _ => return None,
    };
    (width > 0 && height > 0).then_some((width, height))
}

/// Walks over the segments to the one that begins a frame.
fn jpeg(head: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        match *head.get(at..at + 2)? {
            // Bytes that fill up.
            [0xff, 0xff] => at += 1,
            // Markers without a length.
            [0xff, 0x01 | 0xd0..=0xd8] => at += 2,
            // Frames of every kind; the numbers between them are tables.
            [0xff, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf] => {
                return Some((be16(head, at + 7)?, be16(head, at + 5)?));
            }
            // The picture itself begins, or ends, without a frame before it.
            [0xff, 0xd9 | 0xda] => return None,
            [0xff, _] => {
                let length = be16(head, at + 2)? as usize;
                // The length counts itself.
                if length < 2 {
                    return None;
                }
                at += 2 + length;
            }
            _ => return None,
        }
    }
}

/// The three forms of WebP: lossy, lossless, and extended.
fn webp(head: &[u8]) -> Option<(u32, u32)> {
    match head.get(12..16)? {
        b"VP8 " if head.get(23..26)? == [0x9d, 0x01, 0x2a] => {
            Some((le16(head, 26)? & 0x3fff, le16(head, 28)? & 0x3fff))
        }
        b"VP8L" if head.get(20)? == &0x2f => {
            let bits = le32(head, 21)?;
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8X" => {
            let le24 = |at| Some(le16(head, at)? | u32::from(*head.get(at + 2)?) << 16);
            Some((le24(24)? + 1, le24(27)? + 1))
        }
        _ => None,
    }
}

fn bytes<const N: usize>(head: &[u8], at: usize) -> Option<[u8; N]> {
    head.get(at..)?.first_chunk().copied()
}

fn be16(head: &[u8], at: usize) -> Option<u32> {
    bytes(head, at).map(|bytes| u16::from_be_bytes(bytes).into())
}

fn le16(head: &[u8], at: usize) -> Option<u32> {
    bytes(head, at).map(|bytes| u16::from_le_bytes(bytes).into())
}

fn be32(head: &[u8], at: usize) -> Option<u32> {
    bytes(head, at).map(u32::from_be_bytes)
}

fn le32(head: &[u8], at: usize) -> Option<u32> {
    bytes(head, at).map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &[u8], name: &str, media_type: &str, size: Option<(u32, u32)>) {
        let found = identify(head, name);
        assert_eq!((found.media_type, found.size), (media_type, size), "{name}");
    }

    /// A start of `RIFF` with this chunk in it.
    fn riff(chunk: &[u8]) -> Vec<u8> {
        [b"RIFF\0\0\0\0WEBP", chunk].concat()
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x02\0\0\0\x03\x08\x06\0\0\0";

    #[test]
    fn pictures_tell_their_size() {
        check(PNG, "a.png", "image/png", Some((258, 3)));
        check(b"GIF89a\x02\x01\x03\x00...", "a.gif", "image/gif", Some((258, 3)));
        let bmp = |header: u8, size: &[u8]| {
            [b"BM\0\0\0\0\0\0\0\0\0\0\0\0", [header, 0, 0, 0].as_slice(), size].concat()
        };
        let up = bmp(40, &[2, 1, 0, 0, 3, 0, 0, 0]);
        check(&up, "a.bmp", "image/bmp", Some((258, 3)));
        let down = bmp(40, &[2, 1, 0, 0, 0xfd, 0xff, 0xff, 0xff]);
        check(&down, "a.bmp", "image/bmp", Some((258, 3)));
        check(&bmp(12, &[2, 1, 3, 0]), "a.bmp", "image/bmp", Some((258, 3)));
        let lossy = riff(b"VP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x02\x41\x03\x40");
        check(&lossy, "a.webp", "image/webp", Some((258, 3)));
        // 257 and 2 in fourteen bits each.
        let bits = (257_u32 | 2 << 14).to_le_bytes();
        let lossless = riff(&[b"VP8L\0\0\0\0\x2f".as_slice(), &bits].concat());
        check(&lossless, "a.webp", "image/webp", Some((258, 3)));
        let extended = riff(b"VP8X\0\0\0\0\0\0\0\0\x01\x01\0\x02\0\0");
        check(&extended, "a.webp", "image/webp", Some((258, 3)));
    }

    #[test]
    fn the_size_of_a_jpeg_follows_other_segments() {
        let before = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x03x";
        for frame in [0xc0, 0xc1, 0xc2, 0xcf] {
            let jpeg = [before, [0xff, frame].as_slice(), b"\0\x0b\x08\0\x03\x01\x02\x01"].concat();
            check(&jpeg, "a.jpg", "image/jpeg", Some((258, 3)));
        }
        for broken in ["", "\x7f\x01", "\0\0"] {
            let jpeg = [before, broken.as_bytes()].concat();
            check(&jpeg, "a.jpg", "image/jpeg", None);
        }
        check(b"\xff\xd8\xff\xe0\0\0\0\0", "a.jpg", "image/jpeg", None);
        check(b"\xff\xd8\xff\xda\0\x04ab", "a.jpg", "image/jpeg", None);
    }

    #[test]
    fn other_kinds_are_known_by_their_first_bytes() {
        for (head, name, media_type, class) in [
            (b"ID3\x04".as_slice(), "a.bin", "audio/mpeg", "audio"),
            (b"\xff\xfb\x90\x44", "a.mp3", "audio/mpeg", "audio"),
            (b"RIFF\0\0\0\0WAVEfmt ", "a", "audio/wav", "audio"),
            (b"OggS\0\x02 \x01vorbis", "a", "audio/ogg", "audio"),
            (b"OggS\0\x02 \x80theora", "a", "video/ogg", "video"),
            (b"\0\0\0\x18ftypM4A \0", "a", "audio/mp4", "audio"),
            (b"\0\0\0\x18ftypisom\0", "a", "video/mp4", "video"),
            (b"\0\0\0\x18ftypqt  \0", "a", "video/quicktime", "video"),
            (b"\0\0\0\x18ftypheic\0", "a", "image/heic", "image"),
            (b"\x1a\x45\xdf\xa3\x9fB\x82\x84webm", "a.webm", "video/webm", "video"),
            (b"\x1a\x45\xdf\xa3\x9fB\x82\x84webm", "a.weba", "audio/webm", "audio"),
            (b"%PDF-1.7", "a.txt", "application/pdf", "file"),
            (b"PK\x03\x04\x14\0", "a.zip", "application/zip", "file"),
            (b"PK\x03\x04\x14\0", "a.jpg", "application/zip", "file"),
            (b"\x1f\x8b\x08", "a.tar.gz", "application/gzip", "file"),
            (b"hello", "a.txt", "text/plain", "file"),
            (b"a;b\n1;2", "LIST.CSV", "text/plain", "file"),
            ("höhe".as_bytes(), "a.md", "text/plain", "file"),
            (&"höhe".as_bytes()[..2], "a.md", "text/plain", "file"),
            (b"", "a.txt", "text/plain", "file"),
            (b"hello", "a", "application/octet-stream", "file"),
            (b"h\xf6he", "a.txt", "application/octet-stream", "file"),
            (b"a\0b", "a.txt", "application/octet-stream", "file"),
        ] {
            let found = identify(head, name);
            assert_eq!((found.media_type, found.class()), (media_type, class), "{name}");
        }
        let document = identify(b"PK\x03\x04\x14\0", "a.docx").media_type;
        assert!(document.ends_with("wordprocessingml.document"), "{document}");
    }

    #[test]
    fn what_a_browser_would_run_has_no_type_of_its_own() {
        check(b"<html><script>", "a.html", "text/plain", None);
        check(b"<html><script>", "a.png", "application/octet-stream", None);
        check(b"<svg onload='x'>", "a.svg", "text/plain", None);
        check(b"alert(1)", "a.js", "text/plain", None);
        check(b"BM is a text", "a.txt", "text/plain", None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_stumble(
            start in proptest::sample::select(vec![
                b"\xff\xd8\xff".to_vec(), PNG.to_vec(), b"GIF89a".to_vec(), b"BM".to_vec(),
                riff(b"VP8 "), riff(b"VP8L"), riff(b"VP8X"), b"\0\0\0\0ftyp".to_vec(),
                b"\x1a\x45\xdf\xa3".to_vec(), b"OggS".to_vec(), Vec::new(),
            ]),
            rest in proptest::collection::vec(proptest::num::u8::ANY, 0..64),
            cut in 0_usize..40,
        ) {
            let mut head = [start, rest].concat();
            head.truncate(head.len().saturating_sub(cut));
            if let Some((width, height)) = identify(&head, "a.txt").size {
                proptest::prop_assert!(width > 0 && height > 0);
            }
        }
    }
}
