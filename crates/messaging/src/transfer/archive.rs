//! The format: `manifest.json` first, then for each noun its lines in parts, then the files of each
//! part of attachments.

use std::io::{self, Write};

use halyard_platform::{
    archive::{Parts, Writer},
    blobs::{BlobId, Blobs},
    clock::Millis,
};
use serde::{Deserialize, Serialize};

use super::{
    read::Page,
    record::{FOLDERS, Record},
};

/// The newest format that this program reads, and the one that it writes.
const FORMAT: u32 = 1;

const MANIFEST: &str = "manifest.json";
const FILES: &str = "files/";
const PRODUCT: &str = "halyard workspace";

/// What an archive says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Rises with each change that an older program cannot read.
    pub format: u32,
    /// What the archive is of.
    pub product: String,
    /// The version of the program that wrote it.
    pub program: String,
    /// When it was begun, in milliseconds.
    pub created_at: Millis,
    /// Id of the workspace.
    pub workspace_id: i64,
    /// Whether everything is in it, or what one administrator can see.
    pub whole: bool,
}

impl Manifest {
    /// Of an archive that this program writes.
    pub fn new(workspace_id: i64, whole: bool, created_at: Millis) -> Self {
        Self {
            format: FORMAT,
            product: PRODUCT.to_owned(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            created_at,
            workspace_id,
            whole,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines.
    pub records: u64,
    /// Files.
    pub files: u64,
    /// Files that are not on the disk.
    pub missing: u64,
}

/// Writes an archive but for its end. `next` answers page after page, and none at the end.
///
/// # Errors
/// Those of `next`, of the writer and of the files.
pub fn write<W: Write, E: From<io::Error>>(
    writer: &mut Writer<W>,
    manifest: &Manifest,
    blobs: &Blobs,
    next: &mut dyn FnMut() -> Result<Option<Page>, E>,
) -> Result<Summary, E> {
    let text = serde_json::to_vec_pretty(manifest).map_err(io::Error::other)?;
    writer.add(MANIFEST, &text)?;
    let mut summary = Summary::default();
    let mut parts: Vec<Parts> = FOLDERS.iter().map(|folder| Parts::new(*folder)).collect();
    let mut at = 0;
    while let Some(page) = next()? {
        for record in &page.records {
            if record.folder() != at {
                parts[at].flush(writer)?;
                at = record.folder();
            }
            parts[at].add(writer, &record.line().map_err(io::Error::other)?)?;
            summary.records += 1;
        }
        // Files follow their lines, so that a reader need not remember more than a page of them.
        if page.records.iter().any(|record| matches!(record, Record::Attachment(_))) {
            parts[at].flush(writer)?;
        }
        for record in page.records {
            let Record::Attachment(attachment) = record else { continue };
            let id: BlobId = attachment.blob.parse().map_err(io::Error::other)?;
            match blobs.open_blocking(&id) {
                Ok((mut content, size)) => {
                    let path = format!("{FILES}{}", hex::encode(&attachment.id));
                    writer.add_from(&path, size, &mut content)?;
                    summary.files += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => summary.missing += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
    parts[at].flush(writer)?;
    Ok(summary)
}

/// The manifest, when this is the path of it.
///
/// # Errors
/// `InvalidData` for something else, and for what a newer program wrote.
pub fn manifest(path: &str, text: &[u8]) -> io::Result<Manifest> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
        product: String,
    }
    let wrong = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text);
    let other = || wrong("the file is no export of a workspace");
    if path != MANIFEST {
        return Err(other());
    }
    let found: Format = serde_json::from_slice(text).map_err(|_| other())?;
    if found.product != PRODUCT {
        return Err(other());
    }
    if found.format > FORMAT {
        return Err(wrong("the export was written by a newer program"));
    }
    serde_json::from_slice(text).map_err(|_| wrong("the file is damaged: manifest.json"))
}

/// The records of an entry; none for one that does not hold any.
///
/// # Errors
/// `InvalidData` for a line that is none.
pub fn parse(path: &str, text: &str) -> io::Result<Vec<Record>> {
    let Some((folder, _)) = path.split_once('/') else { return Ok(Vec::new()) };
    let mut records = Vec::new();
    for line in text.lines() {
        let record = Record::of_line(folder, line).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{path} is damaged: {error}"))
        })?;
        records.extend(record);
    }
    Ok(records)
}

/// Whose bytes an entry holds: the id of an attachment.
pub fn blobs_of(path: &str) -> Option<String> {
    String::from_utf8(hex::decode(path.strip_prefix(FILES)?).ok()?).ok()
}
