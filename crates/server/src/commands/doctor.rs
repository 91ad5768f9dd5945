use std::{collections::HashMap, io::Read, process::ExitCode, str::FromStr, sync::Arc};

use anyhow::Context;
use clap::Args;
use halyard_automation::connections::Store;
use halyard_messaging::doctor::{File, file_exists, files};
use halyard_platform::{
    blobs::{BlobId, Blobs},
    clock::Clock,
    db::{self, Db, Schema},
    doctor::{Check, Findings, integrity},
    jobs,
    random::Random,
};
use sha2::{Digest, Sha256};

use crate::{
    automation::keys::KeyFile,
    config::Config,
    wiring::{migrations, open_beside, open_blobs},
};

/// A blob without a row may belong to an upload that is under way; after this time it does not.
const UPLOADING: i64 = 60 * 60 * 1000;
/// Rows that are repaired in one transaction, so that the server is not held up for long.
const AT_ONCE: usize = 100;

/// Flags of `halyard doctor`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Put right what can be derived from other rows; what people wrote is never deleted
    #[arg(long)]
    repair: bool,
    /// Read every uploaded file and compare its digest
    #[arg(long)]
    deep: bool,
}

/// Looks for damage, repairs it on request, and prints what it finds in plain words.
pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let db = open_beside(config, Schema::Require(migrations())).await?;
    let blobs = open_blobs(&config.data_dir)?;
    let mut report = Report::default();
    let engine = db.read(integrity).await.context("checking the files of the database")?;
    for finding in engine.findings {
        report.damaged("the database itself", &[finding]);
    }
    engine.notes.iter().for_each(|note| report.note(note));
    for check in checks() {
        examine(&db, &check, arguments.repair, &mut report)
            .await
            .with_context(|| format!("the check {}", check.name))?;
    }
    examine_files(&db, &blobs, arguments, &mut report).await?;
    examine_connections(&db, config, &mut report).await?;
    let now = Clock::system().now();
    for kind in db.read(move |tx| jobs::stats(tx, now)).await? {
        if kind.dead > 0 {
            report.note(&format!(
                "{} jobs of the kind {} have failed for good",
                kind.dead, kind.kind
            ));
        }
    }
    db.close().await;
    Ok(report.end())
}

fn checks() -> Vec<Check> {
    let mut checks = halyard_platform::doctor::CHECKS.to_vec();
    checks.extend(halyard_identity::doctor::CHECKS);
    checks.extend(halyard_messaging::doctor::checks());
    checks.extend(halyard_automation::doctor::CHECKS);
    checks
}

/// Connections that cannot be decrypted. Nothing is repaired: a key may only be elsewhere.
async fn examine_connections(db: &Db, config: &Config, report: &mut Report) -> anyhow::Result<()> {
    let keys = Arc::new(KeyFile::of(&config.data_dir));
    let store = Store::new(db.clone(), keys, Clock::system(), Random::os());
    let mut found = Vec::new();
    for listed in store.list(None).await? {
        if let Err(error) = store.load(listed.about.workspace, &listed.about.name).await {
            found.push(error.to_string());
        }
    }
    if !found.is_empty() {
        let words = format!("connection-keys: {} connections cannot be decrypted", found.len());
        found.truncate(10);
        report.damaged(&words, &found);
    }
    Ok(())
}

/// What was found so far.
#[derive(Default)]
struct Report {
    left: usize,
    repaired: usize,
}

impl Report {
    fn damaged(&mut self, what: &str, examples: &[String]) {
        self.left += 1;
        super::print(&format!("damaged   {what}{}", indented(examples)));
    }

    fn repaired(&mut self, what: &str, examples: &[String]) {
        self.repaired += 1;
        super::print(&format!("repaired  {what}{}", indented(examples)));
    }

    fn note(&self, text: &str) {
        super::print(&format!("note      {text}"));
    }

    fn end(&self) -> ExitCode {
        let repaired = match self.repaired {
            0 => String::new(),
            some => format!(", {some} repaired"),
        };
        if self.left == 0 {
            super::print(&format!("clean     no damage is left{repaired}"));
            return ExitCode::SUCCESS;
        }
        super::print(&format!("damage    {} kinds of damage are left{repaired}", self.left));
        ExitCode::from(1)
    }
}

fn indented(examples: &[String]) -> String {
    examples.iter().map(|example| format!("\n              {example}")).collect()
}

fn told(check: &Check, found: &Findings) -> String {
    format!("{}: {} {}", check.name, found.keys.len(), check.words)
}

async fn examine(
    db: &Db,
    check: &Check,
    repair: bool,
    report: &mut Report,
) -> Result<(), db::Error> {
    let check = *check;
    let found = db.read(move |tx| check.look(tx)).await?;
    if found.is_empty() {
        return Ok(());
    }
    let (words, examples) = (told(&check, &found), found.examples.clone());
    if !repair || check.repair.is_none() {
        report.damaged(&words, &examples);
        return Ok(());
    }
    let mut keys = found.keys;
    keys.sort_unstable();
    keys.dedup();
    if matches!(check.repair, Some(halyard_platform::doctor::Repair::Sql(_))) {
        // It deals with every row at once.
        keys.truncate(1);
    }
    for some in keys.chunks(AT_ONCE) {
        let some = some.to_vec();
        db.write(move |tx| check.repair(tx, &some)).await?;
    }
    let left = db.read(move |tx| check.look(tx)).await?;
    if left.is_empty() {
        report.repaired(&words, &examples);
    } else {
        report.damaged(&told(&check, &left), &left.examples);
    }
    Ok(())
}

/// Compares the rows of uploaded files with the files on the disk.
async fn examine_files(
    db: &Db,
    blobs: &Blobs,
    arguments: &Arguments,
    report: &mut Report,
) -> anyhow::Result<()> {
    let named: HashMap<String, File> = db
        .read(|tx| {
            let mut named = HashMap::new();
            files(tx, |file| {
                named.insert(file.blob.clone(), file);
                Ok::<_, db::Error>(())
            })?;
            Ok::<_, db::Error>(named)
        })
        .await?;
    let (store, deep) = (blobs.clone(), arguments.deep);
    let (wrong, unnamed) =
        tokio::task::spawn_blocking(move || compare(&store, &named, deep)).await??;
    let mut damaged = Vec::new();
    for (file, what) in wrong {
        let row = file.clone();
        // It may have been removed since the rows were read.
        if db.read(move |tx| file_exists(tx, &row)).await? {
            damaged.push(format!("attachment {}: {what}", file.id));
        }
    }
    if !damaged.is_empty() {
        report.damaged("attachments: uploaded files that are missing or changed", &damaged);
    }
    if unnamed.is_empty() {
        return Ok(());
    }
    let what = format!("blobs: {} files that no attachment names", unnamed.len());
    let examples: Vec<String> = unnamed.iter().take(10).map(ToString::to_string).collect();
    if !arguments.repair {
        report.damaged(&what, &examples);
        return Ok(());
    }
    for id in &unnamed {
        blobs.remove(id).await.with_context(|| format!("removing the file {id}"))?;
    }
    report.repaired(&what, &examples);
    Ok(())
}

type Wrong = Vec<(File, String)>;

/// Files that differ from their row, and files without a row that are no upload under way.
fn compare(
    blobs: &Blobs,
    named: &HashMap<String, File>,
    deep: bool,
) -> anyhow::Result<(Wrong, Vec<BlobId>)> {
    let mut wrong = Vec::new();
    for file in named.values() {
        if let Some(what) = difference(blobs, file, deep)? {
            wrong.push((file.clone(), what));
        }
    }
    wrong.sort_by(|a, b| a.0.id.cmp(&b.0.id));
    let old = Clock::system().now() - UPLOADING;
    let mut unnamed = Vec::new();
    for blob in blobs.list() {
        let (id, _) = blob.context("listing the uploaded files")?;
        if !named.contains_key(id.as_str()) && blobs.written_at(&id).is_ok_and(|at| at < old) {
            unnamed.push(id);
        }
    }
    unnamed.sort();
    Ok((wrong, unnamed))
}

fn difference(blobs: &Blobs, file: &File, deep: bool) -> anyhow::Result<Option<String>> {
    let Ok(id) = BlobId::from_str(&file.blob) else {
        return Ok(Some(format!("its file has the impossible name {}", file.blob)));
    };
    let (mut content, size) = match blobs.open_blocking(&id) {
        Ok(opened) => opened,
        Err(error) => return Ok(Some(format!("its file {id} cannot be read: {error}"))),
    };
    if i64::try_from(size) != Ok(file.size) {
        return Ok(Some(format!("its file has {size} bytes instead of {}", file.size)));
    }
    if deep {
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = content.read(&mut buffer).with_context(|| format!("reading {id}"))?;
            if length == 0 {
                break;
            }
            digest.update(&buffer[..length]);
        }
        if hex::encode(digest.finalize()) != file.sha256 {
            return Ok(Some(format!("the content of its file {id} has changed")));
        }
    }
    Ok(None)
}
