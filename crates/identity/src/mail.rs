use halyard_platform::{
    clock::Millis,
    db::Tx,
    jobs::{self, NewJob},
};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Kind of the jobs whose payload is a [`Mail`].
pub const MAIL_JOB: &str = "mail.send";

/// A mail to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Address of the recipient.
    pub to: String,
    /// One line; [`Mail::enqueue`] makes it one, because names of people and workspaces go into it.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as a page, for programs that prefer it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Address that answers go to, when it is not the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Name of what the mail is about, such as `thread-17`: mails with one name belong together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Where the recipient can say that they want no more such mails: a URL, which takes a POST
    /// without a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<String>,
}

impl Mail {
    /// Has the mail sent once the transaction has committed. The caller wakes the workers then.
    pub fn enqueue(&self, tx: &mut Tx<'_>, now: Millis) -> Result<(), Error> {
        let subject = self.subject.replace(char::is_control, " ");
        let mail = Self { subject, ..self.clone() };
        let payload = serde_json::to_string(&mail).expect("plain data has a JSON form");
        let job = NewJob { kind: MAIL_JOB, key: None, payload: &payload, run_at: now };
        jobs::enqueue(tx, &job)?;
        Ok(())
    }
}
