//! The format of backups: a tar file, compressed with zstd, the same from every database.
//!
//! | entry | holds |
//! |---|---|
//! | `meta.json` | [`Meta`], the first entry |
//! | `tables/<name>/000001.jsonl` … | rows, one JSON array a line, in parts of a few megabytes |
//! | `blobs/<id>` | an uploaded file |
//! | `checksums.txt` | the last entry: `<sha256>  <path>` for each entry before it |
//!
//! So `tar --zstd -xf` and `sha256sum -c checksums.txt` are enough to look into one by hand. Tables
//! come in an order in which each follows those that it refers to.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::Path,
};

use anyhow::{Context, bail};
use halyard_platform::{clock::Millis, db::Table};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zstd::{Decoder, Encoder};

/// The newest format that this program reads, and the one that it writes.
pub(crate) const FORMAT: u32 = 1;

pub(crate) const META: &str = "meta.json";
pub(crate) const CHECKSUMS: &str = "checksums.txt";
pub(crate) const TABLES: &str = "tables/";
pub(crate) const BLOBS: &str = "blobs/";

/// What a backup says about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// Rises with each change that an older program cannot read.
    pub(crate) format: u32,
    /// The version of the program that wrote it.
    pub(crate) program: String,
    /// When the snapshot was taken, in milliseconds.
    pub(crate) created_at: Millis,
    /// The migrations of the database, in their order.
    pub(crate) migrations: Vec<String>,
    /// Every table with its columns, parents first.
    pub(crate) tables: Vec<Table>,
    /// The last id that each table has handed out.
    pub(crate) sequences: Vec<(String, i64)>,
}

/// Writes a backup.
pub(crate) struct Writer {
    tar: tar::Builder<Encoder<'static, BufWriter<File>>>,
    checksums: String,
    at: u64,
}

impl Writer {
    /// Begins with the file and what it is to say about itself.
    pub(crate) fn new(file: File, meta: &Meta) -> anyhow::Result<Self> {
        let mut encoder = Encoder::new(BufWriter::new(file), 3)?;
        encoder.include_checksum(true)?;
        let at = meta.created_at.max(0).unsigned_abs() / 1000;
        let mut writer = Self { tar: tar::Builder::new(encoder), checksums: String::new(), at };
        writer.add(META, &serde_json::to_vec_pretty(meta)?)?;
        Ok(writer)
    }

    /// Adds an entry from memory.
    pub(crate) fn add(&mut self, path: &str, content: &[u8]) -> anyhow::Result<()> {
        self.add_from(path, content.len() as u64, &mut &*content)
    }

    /// Adds an entry of `size` bytes.
    pub(crate) fn add_from(
        &mut self,
        path: &str,
        size: u64,
        content: &mut dyn Read,
    ) -> anyhow::Result<()> {
        let mut content = Hashing::new(content.take(size));
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(self.at);
        self.tar.append_data(&mut header, path, &mut content).context("writing")?;
        if content.length != size {
            bail!("{path} became shorter while it was read");
        }
        self.checksums.push_str(&content.line(path));
        Ok(())
    }

    /// Writes the checksums and makes the file durable; answers its length.
    pub(crate) fn finish(mut self) -> anyhow::Result<u64> {
        let checksums = std::mem::take(&mut self.checksums);
        self.add(CHECKSUMS, checksums.as_bytes())?;
        let file = self.tar.into_inner()?.finish()?.into_inner().map_err(|e| e.into_error())?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

/// Reads a backup from its start to its end, and says at the end whether it is whole.
///
/// `take` gets the path and content of each entry between `meta.json` and `checksums.txt`; what it
/// leaves unread is read for the checksum.
pub(crate) fn read(
    path: &Path,
    take: &mut dyn FnMut(&Meta, &str, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<Meta> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut tar = tar::Archive::new(Decoder::new(file)?);
    let mut meta: Option<Meta> = None;
    let mut checksums = String::new();
    for entry in tar.entries()? {
        let entry = entry.context("the file is damaged or no backup")?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let mut content = Hashing::new(entry);
        match (&meta, name.as_str()) {
            (None, META) => meta = Some(read_meta(&mut content)?),
            (None, _) => bail!("the file is no backup: it does not begin with {META}"),
            (Some(meta), CHECKSUMS) => {
                let mut expected = String::new();
                content.read_to_string(&mut expected).context("the file is damaged")?;
                if expected != checksums {
                    bail!("the file is damaged: {}", difference(&expected, &checksums));
                }
                return Ok(meta.clone());
            }
            (Some(meta), name) => take(meta, name, &mut content)?,
        }
        io::copy(&mut content, &mut io::sink()).context("the file is damaged")?;
        checksums.push_str(&content.line(&name));
    }
    bail!("the file is damaged: its end is missing")
}

fn read_meta(content: &mut dyn Read) -> anyhow::Result<Meta> {
    // The format comes first: the rest of a newer one may look different.
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let mut text = String::new();
    content.read_to_string(&mut text).context("the file is damaged or no backup")?;
    let Format { format } = serde_json::from_str(&text).context("the file is no backup")?;
    if format > FORMAT {
        bail!(
            "the backup has format {format}, written by a newer program; this one reads {FORMAT}"
        );
    }
    serde_json::from_str(&text).context("the file is damaged")
}

fn difference(expected: &str, found: &str) -> String {
    let wrong = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    match wrong {
        Some((line, _)) => {
            let path = line.split_once("  ").map_or(line, |(_, path)| path);
            format!("{path} is not what was written")
        }
        None => "entries are missing".to_owned(),
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

/// Collects the rows of a table into entries of bounded size.
pub(crate) struct Parts<'w> {
    writer: &'w mut Writer,
    table: &'w str,
    number: u32,
    part: Vec<u8>,
}

impl<'w> Parts<'w> {
    /// Bytes after which a part is full.
    const FULL: usize = 4 * 1024 * 1024;

    pub(crate) fn new(writer: &'w mut Writer, table: &'w str) -> Self {
        Self { writer, table, number: 0, part: Vec::new() }
    }

    pub(crate) fn add(&mut self, line: &str) -> anyhow::Result<()> {
        self.part.write_all(line.as_bytes())?;
        if self.part.len() >= Self::FULL { self.flush() } else { Ok(()) }
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        if self.part.is_empty() { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        self.number += 1;
        let path = format!("{TABLES}{}/{:06}.jsonl", self.table, self.number);
        self.writer.add(&path, &self.part)?;
        self.part.clear();
        Ok(())
    }
}
