use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args;
use halyard_messaging::{
    WorkspaceId,
    transfer::{self, Attachment, Manifest, Record, Settled},
};
use halyard_platform::{
    archive,
    blobs::Blobs,
    clock::Clock,
    db::{Db, Schema},
};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use crate::{
    config::Config,
    wiring::{migrations, open_beside, open_blobs},
};

/// Records that one transaction takes in.
const SLICE: usize = 200;
/// Longest part of an archive that is read at once, in bytes.
const PART: u64 = 256 * 1024 * 1024;

/// Flags of `halyard import`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A file that `halyard export` or an administrator has written
    file: PathBuf,
    /// Take in once more what was taken in already, as another workspace
    #[arg(long)]
    again: bool,
}

/// Makes a workspace from an export.
pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let db = open_beside(config, Schema::Require(migrations())).await?;
    let blobs = open_blobs(&config.data_dir)?;
    let base = config.public_url.clone();
    let store = db.clone();
    let done = tokio::task::spawn_blocking(move || {
        import(&store, &blobs, &arguments.file, arguments.again, base.as_deref())
    });
    let done = done.await.context("the import")?;
    db.close().await;
    super::print(&done?);
    Ok(ExitCode::SUCCESS)
}

fn import(
    db: &Db,
    blobs: &Blobs,
    path: &Path,
    again: bool,
    base: Option<&str>,
) -> anyhow::Result<String> {
    // First of all: nothing is taken from a file that is damaged.
    check(path)?;
    let digest = digest(path)?;
    let (runtime, now) = (Handle::current(), Clock::system().now());
    let begun = db.write(move |tx| transfer::begin(tx, &digest, again, now));
    let begun = runtime.block_on(begun)?;
    let intake = Intake { db, runtime, import: begun.import, follow: false };
    if let Some(id) = begun.finished {
        intake.forget()?;
        return Ok(already(path, id));
    }
    let (mut files, mut of_part) = (0_u64, Vec::<Attachment>::new());
    archive::read(open(path)?, &mut |name, content| -> anyhow::Result<()> {
        if let Some(id) = transfer::blobs_of(name) {
            let attachment = of_part.iter().find(|attachment| attachment.id == id);
            let attachment = attachment.with_context(|| format!("{name}: a file of nothing"))?;
            files += u64::from(intake.file(blobs, attachment, content)?);
            return Ok(());
        }
        let records = records(name, content)?;
        intake.take(&records)?;
        let attachments = records.into_iter().filter_map(|record| match record {
            Record::Attachment(attachment) => Some(attachment),
            _ => None,
        });
        of_part = attachments.collect();
        Ok(())
    })?;
    archive::read(open(path)?, &mut |name, content| -> anyhow::Result<()> {
        if transfer::blobs_of(name).is_none() {
            intake.link(&records(name, content)?, base)?;
        }
        Ok(())
    })?;
    let id = intake.finish()?;
    Ok(format!("{}: workspace {id}, with {files} files", path.display()))
}

pub(super) fn already(path: &Path, id: WorkspaceId) -> String {
    format!("{}: is workspace {id} already; --again takes it in once more", path.display())
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("cannot open {}", path.display()))
}

fn check(path: &Path) -> anyhow::Result<Manifest> {
    let mut manifest = None;
    archive::read(open(path)?, &mut |name, content| -> anyhow::Result<()> {
        if manifest.is_none() {
            let mut text = Vec::new();
            content.take(PART).read_to_end(&mut text)?;
            manifest = Some(transfer::manifest(name, &text)?);
        }
        Ok(())
    })?;
    manifest.context("the file is no export of a workspace")
}

pub(super) fn digest(path: &Path) -> anyhow::Result<String> {
    let (mut file, mut digest) = (open(path)?, Sha256::new());
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(digest.finalize())),
            length => digest.update(&buffer[..length]),
        }
    }
}

fn records(name: &str, content: &mut dyn Read) -> anyhow::Result<Vec<Record>> {
    let mut text = String::new();
    content.take(PART + 1).read_to_string(&mut text).with_context(|| name.to_owned())?;
    if text.len() as u64 > PART {
        bail!("{name} is too long");
    }
    Ok(transfer::parse(name, &text)?)
}

/// Brings records into the database, from a thread that may block.
pub(super) struct Intake<'a> {
    pub(super) db: &'a Db,
    pub(super) runtime: Handle,
    pub(super) import: i64,
    /// See [`transfer::apply`].
    pub(super) follow: bool,
}

impl Intake<'_> {
    pub(super) fn take(&self, records: &[Record]) -> anyhow::Result<()> {
        let (import, follow, now) = (self.import, self.follow, Clock::system().now());
        for slice in records.chunks(SLICE) {
            let slice = slice.to_vec();
            let taken = self.db.write(move |tx| transfer::apply(tx, import, &slice, follow, now));
            self.runtime.block_on(taken)?;
        }
        Ok(())
    }

    fn link(&self, records: &[Record], base: Option<&str>) -> anyhow::Result<()> {
        let import = self.import;
        for slice in records.chunks(SLICE) {
            let (slice, base) = (slice.to_vec(), base.map(str::to_owned));
            let linked =
                self.db.write(move |tx| transfer::link(tx, import, &slice, base.as_deref()));
            self.runtime.block_on(linked)?;
        }
        Ok(())
    }

    /// False when the file is here already.
    fn file(
        &self,
        blobs: &Blobs,
        attachment: &Attachment,
        content: &mut dyn Read,
    ) -> anyhow::Result<bool> {
        let (import, id) = (self.import, attachment.id.clone());
        let known = self.db.write(move |tx| transfer::file_known(tx, import, &id));
        if self.runtime.block_on(known)? {
            return Ok(false);
        }
        let blob = self.runtime.block_on(async {
            let mut writer = blobs.create().await?;
            let mut buffer = vec![0; 128 * 1024];
            loop {
                match content.read(&mut buffer)? {
                    0 => return writer.finish().await,
                    length => writer.write(&buffer[..length]).await?,
                }
            }
        });
        let blob: halyard_platform::blobs::Blob = blob?;
        if blob.sha256 != attachment.sha256 {
            bail!("attachment {}: its bytes are not those that its line tells of", attachment.id);
        }
        let (attachment, name) = (attachment.clone(), blob.id.to_string());
        let attached = self.db.write(move |tx| transfer::attach(tx, import, &attachment, &name));
        let attached = self.runtime.block_on(attached)?;
        if !attached {
            self.runtime.block_on(blobs.remove(&blob.id))?;
        }
        Ok(attached)
    }

    pub(super) fn finish(&self) -> anyhow::Result<WorkspaceId> {
        let (import, now) = (self.import, Clock::system().now());
        let mut settled = None;
        loop {
            let after: Option<Settled> = settled.take();
            let step = self.db.write(move |tx| transfer::settle(tx, import, after.as_ref()));
            settled = self.runtime.block_on(step)?;
            if settled.is_none() {
                break;
            }
        }
        let finished = self.db.write(move |tx| {
            tx.set_origin(halyard_identity::audit::OPERATOR);
            transfer::finish(tx, import, now)
        });
        let id = self.runtime.block_on(finished)?;
        self.forget()?;
        Ok(id)
    }

    /// Clears away what only an import that goes on needs, also when the one that finished it could
    /// not.
    pub(super) fn forget(&self) -> anyhow::Result<()> {
        let import = self.import;
        while self.runtime.block_on(self.db.write(move |tx| transfer::forget(tx, import)))? {}
        Ok(())
    }
}
