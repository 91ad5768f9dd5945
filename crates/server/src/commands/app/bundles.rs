//! Bundles as lines of JSON.

use std::{
    fs,
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use clap::Args;
use halyard_iml::{Collection, Stored, Value};
use halyard_platform::blobs::{BlobId, Blobs};

/// How bundles are printed.
#[derive(Args, Clone)]
pub(super) struct Printing {
    /// Print one JSON list instead of lines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    files: Files,
}

/// Where files in bundles go.
#[derive(Args, Clone)]
pub(super) struct Files {
    /// Write files of bundles into this folder, and print their paths; else they are Base64, and of
    /// large ones only the size is printed
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
}

impl Printing {
    /// Prints them. Large files are read from `blobs`.
    pub(super) fn print(&self, bundles: &[Value], blobs: &Blobs) -> anyhow::Result<()> {
        let mut printer = Printer::new(&self.files, blobs)?;
        if self.json {
            let shown = bundles.iter().map(|bundle| printer.shown(bundle));
            let all = Value::array(shown.collect::<anyhow::Result<_>>()?);
            return line(&text(&all)?).map(drop);
        }
        for bundle in bundles {
            if !printer.line(bundle)? {
                break;
            }
        }
        Ok(())
    }
}

/// Prints bundles one by one.
pub(super) struct Printer {
    folder: Option<PathBuf>,
    blobs: Blobs,
    files: usize,
    /// Large files that are printed.
    printed: Vec<BlobId>,
}

impl Printer {
    pub(super) fn new(files: &Files, blobs: &Blobs) -> anyhow::Result<Self> {
        if let Some(folder) = &files.files {
            fs::create_dir_all(folder)
                .with_context(|| format!("files: cannot make {}", folder.display()))?;
        }
        let (folder, blobs) = (files.files.clone(), blobs.clone());
        Ok(Self { folder, blobs, files: 0, printed: Vec::new() })
    }

    /// Removes large files that are printed: who watches for days would keep them all.
    pub(super) async fn tidy(&mut self) -> anyhow::Result<()> {
        for id in self.printed.drain(..) {
            self.blobs.remove(&id).await.with_context(|| format!("the file {id}"))?;
        }
        Ok(())
    }

    /// Prints a bundle. False: whoever reads wants no more.
    pub(super) fn line(&mut self, bundle: &Value) -> anyhow::Result<bool> {
        line(&text(&self.shown(bundle)?)?)
    }

    /// The bundle with paths in the place of files, when they are written.
    fn shown(&mut self, value: &Value) -> anyhow::Result<Value> {
        self.put(value, None)
    }

    fn put(&mut self, value: &Value, name: Option<&str>) -> anyhow::Result<Value> {
        Ok(match value {
            Value::Buffer(content) => match self.folder.clone() {
                Some(folder) => self.write(&folder, name.unwrap_or("file"), &mut &content[..])?,
                None => value.clone(),
            },
            Value::Stored(stored) => self.stored(stored, name.unwrap_or("file"))?,
            Value::Array(items) => {
                let items = items.iter().map(|item| self.put(item, name));
                Value::array(items.collect::<anyhow::Result<_>>()?)
            }
            Value::Collection(all) => {
                let beside = file_name(all);
                let entries = all.iter().map(|(key, value)| {
                    let name = beside.as_deref().unwrap_or(key.name());
                    Ok((key.clone(), self.put(value, Some(name))?))
                });
                Collection::new(entries.collect::<anyhow::Result<_>>()?).into()
            }
            other => other.clone(),
        })
    }

    /// A file that is too large for memory, and for a line.
    fn stored(&mut self, stored: &Stored, name: &str) -> anyhow::Result<Value> {
        let id: BlobId = stored.id.parse().with_context(|| format!("the file {}", stored.id))?;
        let shown = match self.folder.clone() {
            Some(folder) => {
                let (mut content, _) =
                    self.blobs.open_blocking(&id).with_context(|| format!("the file {id}"))?;
                self.write(&folder, name, &mut content)?
            }
            None => {
                eprintln!(
                    "halyard: a file of {} bytes is not shown; --files DIR keeps it",
                    stored.bytes
                );
                Collection::of([("bytes", Value::Number(stored.bytes as f64))]).into()
            }
        };
        self.printed.push(id);
        Ok(shown)
    }

    /// Writes a file under a name that is not taken; nothing that is there is overwritten.
    fn write(
        &mut self,
        folder: &Path,
        name: &str,
        content: &mut dyn Read,
    ) -> anyhow::Result<Value> {
        let name = harmless(name);
        loop {
            self.files += 1;
            let path = folder.join(format!("{:04}-{name}", self.files));
            match fs::File::create_new(&path) {
                Ok(mut file) => {
                    io::copy(content, &mut file)
                        .with_context(|| format!("files: cannot write {}", path.display()))?;
                    return Ok(path.display().to_string().into());
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("files: cannot write {}", path.display()));
                }
            }
        }
    }
}

/// The name of a file that stands beside its content.
fn file_name(all: &Collection) -> Option<String> {
    ["fileName", "file_name", "filename", "name"]
        .into_iter()
        .find_map(|name| Some(all.by_name(name)?.as_text()?.to_string()))
}

/// A name that leads nowhere else.
fn harmless(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let name: String = name.chars().map(|c| if plain(c) { c } else { '_' }).take(100).collect();
    name.trim_start_matches('.').to_owned()
}

fn text(value: &Value) -> anyhow::Result<String> {
    value.to_json().map_err(|error| anyhow!("a bundle cannot be printed: {error}"))
}

/// Writes a line at once. False: the reader has gone away.
fn line(text: &str) -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("cannot write to standard output"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_beside_each_other_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { files: Some(folder.path().join("files")) };
        let blobs = Blobs::open(folder.path().join("blobs")).unwrap();
        let mut printer = Printer::new(&files, &blobs).unwrap();
        let bundle: Value = Collection::of([
            ("name", Value::from("../../etc/pass wd")),
            ("data", Value::buffer(*b"one")),
        ])
        .into();
        let all = Value::array(vec![bundle.clone(), bundle]);
        let shown = printer.shown(&all).unwrap().to_json().unwrap();
        for name in ["0001-_.._etc_pass_wd", "0002-_.._etc_pass_wd"] {
            let path = folder.path().join("files").join(name);
            assert_eq!(fs::read(&path).unwrap(), b"one");
            assert!(shown.contains(&*path.to_string_lossy()), "{shown}");
        }
        // A second run does not touch what is there.
        let mut again = Printer::new(&files, &blobs).unwrap();
        again.shown(&all).unwrap();
        assert_eq!(fs::read_dir(folder.path().join("files")).unwrap().count(), 4);
    }
}
