use halyard_messaging::attachment::{self, Attachment as Core};
use serde::Serialize;
use utoipa::ToSchema;

/// An uploaded file or a link. The answer to an upload has every key. In a post it is kept as the
/// client sent it, unknown keys included; of an uploaded file `file_name`, `file_size`,
/// `underlying_type`, `url_type`, `upload_state`, `url` and the `image` keys are always those of the
/// upload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attachment {
    /// Chosen by the client at upload, usually a UUID.
    attachment_id: String,
    /// What it is: `file`, `image`, `audio`, `video`, `website` and others.
    url_type: String,
    /// Name shown to people.
    title: String,
    /// Where the bytes are; an address of this server needs the same token as the calls.
    url: String,
    /// Name of the file, without directories.
    file_name: String,
    /// Size of the file in bytes.
    file_size: i64,
    /// MIME type that the server has found.
    underlying_type: String,
    /// State of the upload: `uploaded` or `failed`.
    upload_state: &'static str,
    /// Where the picture is, for images, or null.
    image: Option<String>,
    /// Width of an image in pixels, or null.
    image_width: Option<i64>,
    /// Height of an image in pixels, or null.
    image_height: Option<i64>,
    /// Length of a recording as the client sent it, or null.
    duration: Option<String>,
}

impl Attachment {
    /// `base` is the address of this server as the client knows it.
    pub(crate) fn new(file: Core, base: &str) -> Self {
        let url = format!("{base}{}", attachment::path(&file.id, &file.file_name));
        Self {
            attachment_id: file.id,
            title: file.file_name.clone(),
            image: (file.url_type == "image").then(|| url.clone()),
            url_type: file.url_type,
            url,
            file_name: file.file_name,
            file_size: file.file_size,
            underlying_type: file.media_type,
            upload_state: "uploaded",
            image_width: file.image_width,
            image_height: file.image_height,
            duration: None,
        }
    }
}

/// A button on a post.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "buttons are stored as sent; this describes them")]
pub(crate) struct ActionButton {
    /// What it does: `open_url`, `prefill_message` or `send_reply`.
    action: String,
    /// Always `action`.
    #[schema(rename = "type")]
    kind: String,
    /// What stands on it, up to 1,000 characters.
    button_text: String,
    /// Address to open, for `open_url`; it begins with `http://` or `https://`.
    url: Option<String>,
    /// Text to write or send, for the other two, up to 1,000 characters.
    message: Option<String>,
}
