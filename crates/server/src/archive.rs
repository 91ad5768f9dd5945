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
    io::{BufWriter, Read},
    path::Path,
};

use anyhow::{Context, bail};
use halyard_platform::{
    archive::{self, Writer},
    clock::Millis,
    db::Table,
};
use serde::{Deserialize, Serialize};

/// The newest format that this program reads, and the one that it writes.
pub(crate) const FORMAT: u32 = 1;

const META: &str = "meta.json";
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

/// Begins a backup with what it is to say about itself.
pub(crate) fn begin(file: File, meta: &Meta) -> anyhow::Result<Writer<BufWriter<File>>> {
    let mut writer = Writer::new(BufWriter::new(file), meta.created_at)?;
    writer.add(META, &serde_json::to_vec_pretty(meta)?)?;
    Ok(writer)
}

/// Ends an archive and makes its file durable; answers its length.
pub(crate) fn finish(writer: Writer<BufWriter<File>>) -> anyhow::Result<u64> {
    let file = writer.finish()?.into_inner().map_err(|e| e.into_error())?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
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
    let mut meta: Option<Meta> = None;
    archive::read(file, &mut |name, content| {
        match (&meta, name) {
            (None, META) => meta = Some(read_meta(content)?),
            (None, _) => bail!("the file is no backup: it does not begin with {META}"),
            (Some(meta), name) => take(meta, name, content)?,
        }
        Ok(())
    })?;
    meta.context("the file is no backup: it is empty")
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
