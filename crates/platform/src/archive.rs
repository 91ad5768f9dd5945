//! Archives of lines and files: tar compressed with zstd, with a digest of every entry at the end.
//!
//! So `tar --zstd -xf` and `sha256sum -c checksums.txt` are enough to look into one by hand. An
//! archive is written and read from its start to its end, with memory for one part of it.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};
use zstd::{Decoder, Encoder};

use crate::clock::Millis;

/// The last entry: `<sha256>  <path>` for each entry before it.
pub const CHECKSUMS: &str = "checksums.txt";

/// Writes an archive.
pub struct Writer<W: Write> {
    tar: tar::Builder<Encoder<'static, W>>,
    checksums: String,
    at: u64,
}

impl<W: Write> Writer<W> {
    /// Begins one. `at` is the time that its entries carry.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, at: Millis) -> io::Result<Self> {
        let mut encoder = Encoder::new(out, 3)?;
        encoder.include_checksum(true)?;
        let at = at.max(0).unsigned_abs() / 1000;
        Ok(Self { tar: tar::Builder::new(encoder), checksums: String::new(), at })
    }

    /// Adds an entry from memory.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn add(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.add_from(path, content.len() as u64, &mut &*content)
    }

    /// Adds an entry of `size` bytes.
    ///
    /// # Errors
    /// Those of both sides; `UnexpectedEof` when the content is shorter.
    pub fn add_from(&mut self, path: &str, size: u64, content: &mut dyn Read) -> io::Result<()> {
        let mut content = Hashing::new(content.take(size));
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(self.at);
        self.tar.append_data(&mut header, path, &mut content)?;
        if content.length != size {
            let text = format!("{path} became shorter while it was read");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        self.checksums.push_str(&content.line(path));
        Ok(())
    }

    /// Writes the checksums and hands back what was written to, not flushed.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        let checksums = std::mem::take(&mut self.checksums);
        self.add(CHECKSUMS, checksums.as_bytes())?;
        self.tar.into_inner()?.finish()
    }
}

/// Collects lines into entries of bounded size: `<folder>/000001.jsonl` and so on.
pub struct Parts {
    folder: String,
    number: u32,
    part: Vec<u8>,
}

impl Parts {
    /// Bytes after which a part is full.
    const FULL: usize = 4 * 1024 * 1024;

    /// Nothing yet.
    pub fn new(folder: impl Into<String>) -> Self {
        Self { folder: folder.into(), number: 0, part: Vec::new() }
    }

    /// Adds a line, which ends with a line break.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn add<W: Write>(&mut self, writer: &mut Writer<W>, line: &str) -> io::Result<()> {
        self.part.extend_from_slice(line.as_bytes());
        if self.part.len() >= Self::FULL { self.flush(writer) } else { Ok(()) }
    }

    /// Writes what has been collected.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush<W: Write>(&mut self, writer: &mut Writer<W>) -> io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        self.number += 1;
        let path = format!("{}/{:06}.jsonl", self.folder, self.number);
        writer.add(&path, &self.part)?;
        self.part.clear();
        Ok(())
    }
}

/// Reads an archive from its start to its end, and fails at the end when it is not whole.
///
/// `take` gets the path and content of each entry but the last; what it leaves unread is read for
/// the checksum.
///
/// # Errors
/// `InvalidData` for what is damaged or no archive; those of `take`.
pub fn read<E: From<io::Error>>(
    from: impl Read,
    take: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let mut tar = tar::Archive::new(Decoder::new(from)?);
    let mut checksums = String::new();
    for entry in tar.entries()? {
        let entry = entry.map_err(|error| {
            damaged(&format!("the file is damaged or no backup or export: {error}"))
        })?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let mut content = Hashing::new(entry);
        if name == CHECKSUMS {
            let mut expected = String::new();
            content.read_to_string(&mut expected).map_err(|error| cut(&error))?;
            if expected != checksums {
                return Err(damaged(&difference(&expected, &checksums)).into());
            }
            return Ok(());
        }
        take(&name, &mut content)?;
        io::copy(&mut content, &mut io::sink()).map_err(|error| cut(&error))?;
        checksums.push_str(&content.line(&name));
    }
    Err(damaged("the file is damaged: its end is missing").into())
}

fn damaged(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn cut(error: &io::Error) -> io::Error {
    damaged(&format!("the file is damaged: {error}"))
}

fn difference(expected: &str, found: &str) -> String {
    let wrong = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    match wrong {
        Some((line, _)) => {
            let path = line.split_once("  ").map_or(line, |(_, path)| path);
            format!("the file is damaged: {path} is not what was written")
        }
        None => "the file is damaged: entries are missing".to_owned(),
    }
}

/// Digests what is read through it.
struct Hashing<R> {
    inner: R,
    digest: Sha256,
    length: u64,
}

impl<R> Hashing<R> {
    fn new(inner: R) -> Self {
        Self { inner, digest: Sha256::new(), length: 0 }
    }

    fn line(self, path: &str) -> String {
        format!("{}  {path}\n", hex::encode(self.digest.finalize()))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.digest.update(&buffer[..length]);
        self.length += length as u64;
        Ok(length)
    }
}
