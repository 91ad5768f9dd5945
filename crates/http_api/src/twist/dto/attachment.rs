use halyard_messaging::attachment::{self, Attachment as Core};
use serde::Serialize;
use utoipa::ToSchema;

/// An uploaded file or a link. Unknown keys that a client sends with it are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attachment {
    /// Chosen by the client at upload, usually a UUID.
    attachment_id: String,
    /// `file`, `image`, `audio`, `video`, `website` …
    url_type: String,
    /// Name shown to people.
    title: String,
    /// Where the bytes are.
    url: String,
    /// Name without directories.
    file_name: String,
    /// Bytes.
    file_size: i64,
    /// MIME type as found by the server.
    underlying_type: String,
    /// `uploaded` or `failed`.
    upload_state: &'static str,
    /// Where the picture is, for images, or null.
    image: Option<String>,
    /// Pixels, for images, or null.
    image_width: Option<i64>,
    /// Pixels, for images, or null.
    image_height: Option<i64>,
    /// Length of a recording, or null.
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
    /// `open_url`, `prefill_message` or `send_reply`.
    action: String,
    /// Always `action`.
    #[schema(rename = "type")]
    kind: String,
    /// What stands on it.
    button_text: String,
    /// Address to open, for `open_url`.
    url: Option<String>,
    /// Text to write or send, for the other two.
    message: Option<String>,
}
