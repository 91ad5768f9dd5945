//! What the people of the demo have said.

use std::io;

use halyard_identity::UserId;
use halyard_messaging::{
    Actor, Audience, ChannelId, Error, Post, PostParts, Reach, ThreadId, WorkspaceId,
    attachment::{self, Attachment},
    channel::{self, ChannelChange},
    comment::{self, NewComment},
    conversation,
    group::{self, NewGroup},
    message,
    reaction::{self, Target},
    thread::{self, NewThread},
};
use halyard_platform::{
    blobs::{Blob, Blobs},
    clock::Millis,
    db::Tx,
};
use serde_json::json;

/// A file to attach: a plan in words, so that no picture has to be shipped.
const FILE: &str =
    "Harbour plan\n============\n\n1. Quay A: pilots\n2. Quay B: freight\n3. Slip: repairs\n";
const FILE_NAME: &str = "harbour-plan.txt";

const HOUR: Millis = 60 * 60 * 1000;

/// Stores the demo's attachment.
pub(super) async fn store_picture(blobs: &Blobs) -> io::Result<Blob> {
    let mut writer = blobs.create().await?;
    writer.write(FILE.as_bytes()).await?;
    writer.finish().await
}

/// Fills the workspace. Ada is its administrator, Emil a guest.
pub(super) fn play(
    tx: &mut Tx<'_>,
    people: &[UserId],
    workspace: WorkspaceId,
    now: Millis,
    file: &Blob,
    attachment_id: &str,
) -> Result<(), Error> {
    let [ada, ben, chiyo, dita, emil] = *people else { return Err(Error::UserNotFound) };
    let at = |user, hours_ago: Millis| Actor { user, now: now - hours_ago * HOUR };
    let (all, guest) = ([ben, chiyo, dita], [ben, emil]);

    let general = channel::list_joined(tx, &at(ada, 0), workspace, false)?
        .first()
        .map(|channel| channel.id)
        .ok_or(Error::ChannelNotFound)?;
    let quays = open(tx, &at(ada, 200), workspace, "Quays", true, &all)?;
    let lights = open(tx, &at(ben, 190), workspace, "Lights & signals", true, &[ada, chiyo])?;
    let guests = open(tx, &at(ada, 180), workspace, "With the ferry company", false, &guest)?;
    open(tx, &at(ada, 170), workspace, "Board", false, &[ben])?;

    let hello = post(
        tx,
        &at(ada, 72),
        general,
        "Welcome aboard",
        "This workspace is a **demo**: post, reply, react, break things.\n\n\
         * Threads keep one subject together.\n* Conversations are for the quick word.",
        Audience::of(Reach::Channel),
        None,
    )?;
    reply(tx, &at(ben, 70), hello, "Thanks! Everything works from `curl` too.")?;
    reply(tx, &at(chiyo, 69), hello, "おはようございます。よろしくお願いします。")?;
    reaction::add(tx, &at(dita, 68), Target::Thread(hello), "👋")?;
    reaction::add(tx, &at(ben, 68), Target::Thread(hello), "👋")?;
    thread::pin(tx, &at(ada, 67), hello)?;

    attachment::add(
        tx,
        &Attachment {
            id: attachment_id.to_owned(),
            owner: ben,
            blob: file.id.to_string(),
            sha256: file.sha256.clone(),
            file_name: FILE_NAME.to_owned(),
            file_size: file.size as i64,
            media_type: "text/plain".to_owned(),
            url_type: "file".to_owned(),
            image_width: None,
            image_height: None,
            created_at: now - 50 * HOUR,
        },
    )?;
    let attached = json!([{
        "attachment_id": attachment_id,
        "title": FILE_NAME,
        "url": attachment::path(attachment_id, FILE_NAME),
    }]);
    let plan = post(
        tx,
        &at(ben, 50),
        quays,
        "Dredging quay B in March",
        "The plan is attached. Who can move the freight berths for two weeks?",
        Audience { reach: Reach::People, recipients: vec![ada, dita], groups: Vec::new() },
        Some(attached),
    )?;
    let offer = reply(tx, &at(dita, 48), plan, "I can. Berths 3 and 4 are free from the 9th.")?;
    reaction::add(tx, &at(ben, 47), Target::Comment(offer), "🎉")?;
    reply(
        tx,
        &at(ada, 46),
        plan,
        &format!("Good. [Ben Okafor](twist-mention://{ben}), please tell the pilots."),
    )?;
    let storm = post(
        tx,
        &at(chiyo, 20),
        lights,
        "East light failed the storm test",
        "It went dark for 40 seconds at 02:10. Log below.\n\n```\n02:10:04 mains lost\n02:10:44 generator up\n```",
        Audience::of(Reach::Channel),
        None,
    )?;
    reply(tx, &at(ada, 19), storm, "Can we get that under ten seconds?")?;
    reply(tx, &at(chiyo, 3), storm, "With a battery, yes. Offer requested.")?;
    post(
        tx,
        &at(ben, 30),
        guests,
        "Summer timetable",
        "Emil, these are the slots we can offer from June.",
        Audience::of(Reach::Channel),
        None,
    )?;
    post(
        tx,
        &at(dita, 2),
        quays,
        "Lost property",
        "One orange lifebuoy, one left boot.",
        Audience::of(Reach::Channel),
        None,
    )?;

    let crew = NewGroup {
        name: "Night watch".to_owned(),
        description: Some("Whoever is on duty after ten".to_owned()),
        color: Some(8),
        users: vec![ben, chiyo],
    };
    group::add(tx, &at(ada, 160), workspace, &crew)?;

    let pair = conversation::get_or_create(tx, &at(ada, 10), workspace, &[ben])?.id;
    say(tx, &at(ada, 10), pair, "Did the pilots answer?")?;
    say(tx, &at(ben, 9), pair, "Yes, all fine. 🚢")?;
    let trio = conversation::get_or_create(tx, &at(dita, 6), workspace, &[ada, chiyo])?.id;
    say(tx, &at(dita, 6), trio, "Lunch at the slip at noon?")?;
    say(tx, &at(chiyo, 5), trio, "I will bring the tea.")?;
    Ok(())
}

fn open(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    name: &str,
    public: bool,
    people: &[UserId],
) -> Result<ChannelId, Error> {
    let new = ChannelChange {
        name: Some(name.to_owned()),
        public: Some(public),
        ..ChannelChange::default()
    };
    Ok(channel::add(tx, actor, workspace, &new, people, None)?.id)
}

fn text(content: &str, attachments: Option<serde_json::Value>) -> Result<Post, Error> {
    let attachments = attachments.map(|list| serde_json::from_value(list).unwrap_or_default());
    Post::new(PostParts { content: content.to_owned(), attachments, ..PostParts::default() })
}

fn post(
    tx: &mut Tx<'_>,
    actor: &Actor,
    channel: ChannelId,
    title: &str,
    content: &str,
    audience: Audience,
    attachments: Option<serde_json::Value>,
) -> Result<ThreadId, Error> {
    let post = text(content, attachments)?;
    let new = NewThread { channel, title: title.to_owned(), post, audience, temp_id: None };
    Ok(thread::add(tx, actor, &new)?.id)
}

fn reply(
    tx: &mut Tx<'_>,
    actor: &Actor,
    thread: ThreadId,
    content: &str,
) -> Result<halyard_messaging::CommentId, Error> {
    let new = NewComment {
        thread,
        post: text(content, None)?,
        audience: Audience::of(Reach::Thread),
        action: None,
        moves_pointer: true,
        temp_id: None,
    };
    Ok(comment::add(tx, actor, &new)?.id)
}

fn say(
    tx: &mut Tx<'_>,
    actor: &Actor,
    conversation: halyard_messaging::ConversationId,
    content: &str,
) -> Result<(), Error> {
    message::add(tx, actor, conversation, &text(content, None)?)?;
    Ok(())
}
