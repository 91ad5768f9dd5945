//! Turns a mail that was taken on into a post.

use std::sync::Arc;

use halyard_http_api::{App, kit::media};
use halyard_identity::UserId;
use halyard_messaging::{
    Error, Post, PostParts,
    attachment::Attachment,
    mail::received::{self, Accepted, Posting, Received},
};
use halyard_platform::{
    blobs::{Blob, BlobId},
    db, events,
    jobs::{self, Done, Failure, Job},
};
use serde_json::{Map, Value};
use tokio::io::AsyncReadExt;

use super::parse::{File, Said, said};

/// Posts the mail of a job. Exactly once: the post is in the transaction that ends the job.
pub(crate) async fn post(app: Arc<App>, job: Job) -> Result<Done, Failure> {
    let received: Received = job.decode()?;
    let found = app.db.read(move |tx| received::load(tx, received)).await?;
    let Some(accepted) = found else { return Ok(Done::Finished) };
    let Some(blob) = accepted.blob.clone() else { return Ok(Done::Finished) };
    let blob: BlobId = blob.parse().map_err(|error| Failure::permanent(format!("{error}")))?;
    let raw = read(&app, &blob).await?;
    let taken = tokio::task::spawn_blocking(move || said(&raw)).await;
    let taken = taken.map_err(|error| Failure::permanent(format!("unreadable: {error}")))?;
    match taken.filter(|said| !said.text.trim().is_empty() || !said.files.is_empty()) {
        Some(said) => write(&app, received, &accepted, said, job).await?,
        None => {
            tracing::info!(mail = received.id, "a mail says nothing");
            let end = move |tx: &mut db::Tx<'_>| -> Result<(), Error> {
                received::forget(tx, received)?;
                Ok(jobs::complete(tx, &job)?)
            };
            app.db.write(end).await.map_err(failure)?;
        }
    }
    if let Err(error) = app.blobs.remove(&blob).await {
        tracing::warn!(%blob, %error, "a mail that was posted stays behind");
    }
    Ok(Done::Completed)
}

async fn read(app: &App, blob: &BlobId) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| Failure::temporary(format!("{blob}: {error}"));
    let (mut file, _) = app.blobs.read(blob).await.map_err(unreadable)?;
    let mut raw = Vec::new();
    file.read_to_end(&mut raw).await.map_err(unreadable)?;
    Ok(raw)
}

async fn write(
    app: &App,
    received: Received,
    accepted: &Accepted,
    said: Said,
    job: Job,
) -> Result<(), Failure> {
    let mut files = Vec::new();
    for file in said.files {
        files.push(store(app, file).await?);
    }
    let attachments: Vec<Map<String, Value>> = files
        .iter()
        .map(|file| Map::from_iter([("attachment_id".to_owned(), Value::from(file.id.clone()))]))
        .collect();
    let blobs: Vec<String> = files.iter().map(|file| file.blob.clone()).collect();
    let post = Post::new(PostParts {
        content: said.text,
        attachments: (!attachments.is_empty()).then_some(attachments),
        ..PostParts::default()
    });
    let posted = match post {
        Err(error) => Err(error),
        Ok(post) => {
            let posting = Posting { subject: said.subject, post, files };
            let (accepted, clock) = (accepted.clone(), app.clock.clone());
            let run = move |tx: &mut db::Tx<'_>| -> Result<(), Error> {
                received::post(tx, received, &accepted, &posting, clock.now())?;
                Ok(jobs::complete(tx, &job)?)
            };
            app.db.write(run).await
        }
    };
    if let Err(error) = posted {
        // After a failure of the store nobody knows whether the rows are there.
        if !matches!(error, Error::Store(_)) {
            for blob in blobs.iter().filter_map(|blob| blob.parse::<BlobId>().ok()) {
                if let Err(error) = app.blobs.remove(&blob).await {
                    tracing::warn!(%blob, %error, "an unused blob stays behind");
                }
            }
        }
        return Err(failure(error));
    }
    app.signals.wake(events::TOPIC);
    app.signals.wake(jobs::TOPIC);
    Ok(())
}

/// What was refused is not tried again: the job is kept with its mail, for the operator.
fn failure(error: Error) -> Failure {
    match error {
        Error::Store(error) => error.into(),
        refused => Failure::permanent(format!("the mail cannot be posted: {refused}")),
    }
}

async fn store(app: &App, file: File) -> Result<Attachment, Failure> {
    let unwritable = |error: std::io::Error| Failure::temporary(format!("a file: {error}"));
    let mut writer = app.blobs.create().await.map_err(unwritable)?;
    writer.write(&file.content).await.map_err(unwritable)?;
    let Blob { id, size, sha256 } = writer.finish().await.map_err(unwritable)?;
    let file_name = name(&file.name);
    let head = &file.content[..file.content.len().min(media::HEAD)];
    let about = media::identify(head, &file_name);
    Ok(Attachment {
        id: app.random.uuid(),
        // Both are set by the transaction.
        owner: UserId(0),
        created_at: 0,
        blob: id.to_string(),
        sha256,
        file_name,
        file_size: i64::try_from(size).map_err(|error| Failure::permanent(error.to_string()))?,
        media_type: about.media_type.to_owned(),
        url_type: about.class().to_owned(),
        image_width: about.size.map(|(width, _)| width.into()),
        image_height: about.size.map(|(_, height)| height.into()),
    })
}

/// A file name without directories and what cannot be shown.
fn name(text: &str) -> String {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    if name.trim().is_empty() { "attachment".to_owned() } else { name.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names_of_files_have_no_directories() {
        for (text, expected) in [
            ("a.png", "a.png"),
            ("C:\\x\\a.png", "a.png"),
            ("../../etc/passwd", "passwd"),
            ("a\r\nb/", "attachment"),
        ] {
            assert_eq!(name(text), expected);
        }
    }
}
