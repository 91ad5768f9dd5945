use std::str::FromStr;

use halyard_identity::{ProfileChange, load_user, update_profile};
use halyard_messaging::member;
use halyard_platform::blobs::{BlobId, Blobs};

use super::Own;
use crate::{
    kit::params::Upload,
    params,
    twist::{
        avatars::ImageType,
        call::{Call, json},
        endpoint::Reply,
        error::{Code, Error},
    },
};

/// Largest picture in bytes (vendor documentation).
const MAX_BYTES: u64 = 10 * 1024 * 1024;

params! {
    /// A new picture of the caller.
    pub(crate) struct UpdateAvatar {
        /// GIF, JPEG, PNG, BMP or TIFF, up to 10 MB.
        image: Upload,
    }
}

/// The answer has the token of the call and is never stored for repeats.
pub(crate) async fn update_avatar(call: Call, p: UpdateAvatar) -> Reply {
    if p.image.size() > MAX_BYTES {
        return Err(Error::new(Code::UploadTooBig).because("a picture has at most 10 MB"));
    }
    // By its content: names and types are whatever the client says.
    if ImageType::of(p.image.head()).is_none() {
        return Err(Error::new(Code::UploadFailed).because("not a GIF, JPEG, PNG, BMP or TIFF"));
    }
    let blob = p.image.store().await.map_err(|error| {
        tracing::error!(%error, "a picture could not be stored");
        Error::new(Code::UploadFailed)
    })?;
    let own = Own::of(&call);
    let new = blob.id.to_string();
    let changed = call
        .change(move |tx, actor| {
            let old = load_user(tx, actor.user)?.avatar;
            let change =
                ProfileChange { avatar: Some(Some(new.clone())), ..ProfileChange::default() };
            update_profile(tx, actor.user, &change)?;
            member::profile_changed(tx, actor)?;
            Ok((own.answer(tx, actor)?, old))
        })
        .await;
    match changed {
        Ok((answer, old)) => {
            if let Some(Ok(old)) = old.as_deref().map(BlobId::from_str) {
                discard(&call.app.blobs, &old).await;
            }
            json(&answer)
        }
        Err(error) => {
            // Without an answer from the store the change may have happened; a picture that is
            // still named must stay, one that is not is found by the doctor.
            if !error.is_internal() {
                discard(&call.app.blobs, &blob.id).await;
            }
            Err(error)
        }
    }
}

async fn discard(blobs: &Blobs, blob: &BlobId) {
    if let Err(error) = blobs.remove(blob).await {
        tracing::warn!(%blob, %error, "an unused picture stays behind");
    }
}
