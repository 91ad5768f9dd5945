//! People in a workspace. In all of these calls `id` is the id of the workspace.

use halyard_identity::{Mail, Purpose, SecretHash, UserId, issue_code};
use halyard_messaging::{
    Actor, ChannelId, Role, WorkspaceId,
    mail::wants_to_know_of_joining,
    member::{self, Invitation, Member, People},
    workspace,
};
use halyard_platform::db::Tx;

use super::{
    call::{Call, DONE},
    dto::{Activity, MemberAnswer, View},
    endpoint::Reply,
    error::Error,
    ids::Resolve,
    users::CODE_LIFETIME,
};
use crate::{choice_param, params};

choice_param!(Role {
    "USER" => Role::User,
    "GUEST" => Role::Guest,
    "ADMIN" => Role::Admin,
});

params! {
    /// Names a workspace.
    pub(crate) struct In {
        /// The workspace.
        #[names("id", "workspace_id")]
        id: WorkspaceId,
    }

    /// Selects people of a workspace.
    pub(crate) struct Get {
        /// The workspace.
        #[names("id", "workspace_id")]
        id: WorkspaceId,
        /// Without people who were removed when false; with them when not given.
        archived: Option<bool>,
    }

    /// Names a person by id.
    pub(crate) struct ById {
        /// The workspace.
        #[names("id", "workspace_id")]
        id: WorkspaceId,
        /// The person.
        user_id: UserId,
    }

    /// Names a person by address.
    pub(crate) struct ByEmail {
        /// The workspace.
        #[names("id", "workspace_id")]
        id: WorkspaceId,
        /// Address.
        email: String,
    }

    /// Names a person by id or address.
    pub(crate) struct ByEither {
        /// The workspace.
        #[names("id", "workspace_id")]
        id: WorkspaceId,
        /// The person; wins over the address.
        user_id: Option<UserId>,
        /// Address; needed without `user_id`.
        email: Option<String>,
    }

    /// Somebody to invite.
    pub(crate) struct Add {
        /// The workspace.
        #[names("id", "workspace_id")]
        id: WorkspaceId,
        /// Address.
        email: String,
        /// Full name of somebody new; made from the address when not given.
        name: Option<String>,
        /// What the person may do; a user when not given.
        user_type: Option<Role>,
        /// Channels to join beside the default channel; a guest joins only these.
        channel_ids: Option<Vec<ChannelId>>,
    }

    /// A new role for a person named by id or address.
    pub(crate) struct Update {
        /// The workspace.
        #[names("id", "workspace_id")]
        id: WorkspaceId,
        /// What the person may do.
        user_type: Role,
        /// The person; wins over the address.
        user_id: Option<UserId>,
        /// Address; needed without `user_id`.
        email: Option<String>,
    }
}

/// Who is meant when a person can be named in two ways.
struct Named {
    user_id: Option<UserId>,
    email: Option<String>,
}

impl Named {
    fn new(user_id: Option<UserId>, email: Option<String>) -> Result<Self, Error> {
        // Forms send unused fields empty.
        let email = email.filter(|email| !email.trim().is_empty());
        if user_id.is_none() && email.is_none() {
            return Err(Error::missing("user_id"));
        }
        Ok(Self { user_id, email })
    }

    fn find(&self, tx: &mut Tx<'_>, actor: &Actor, id: WorkspaceId) -> Result<UserId, Error> {
        match (self.user_id, &self.email) {
            (Some(user), _) => Ok(user),
            (None, Some(email)) => Ok(member::by_email(tx, actor, id, email)?.id),
            (None, None) => Err(Error::missing("user_id")),
        }
    }
}

/// Both spellings of a list: [`get`] answers everybody, as the imitated service does.
fn selected(archived: Option<bool>) -> People {
    if archived == Some(false) { People::Current } else { People::WithRemoved }
}

pub(crate) async fn get(call: Call, p: Get) -> Reply {
    let (version, base) = (call.version, call.base.clone());
    call.read(move |tx, actor| {
        let view = View { version, base: &base, now: actor.now };
        let id = p.id.resolve(tx, actor)?;
        let people = member::list(tx, actor, id, selected(p.archived))?;
        Ok(people.into_iter().map(|one| MemberAnswer::new(one, view)).collect::<Vec<_>>())
    })
    .await
}

pub(crate) async fn get_ids(call: Call, p: In) -> Reply {
    call.read(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        Ok(member::ids(tx, actor, id, People::WithRemoved)?)
    })
    .await
}

pub(crate) async fn getone(call: Call, p: ById) -> Reply {
    let (version, base) = (call.version, call.base.clone());
    call.read(move |tx, actor| {
        let view = View { version, base: &base, now: actor.now };
        let id = p.id.resolve(tx, actor)?;
        Ok(MemberAnswer::new(member::getone(tx, actor, id, p.user_id)?, view))
    })
    .await
}

pub(crate) async fn get_by_email(call: Call, p: ByEmail) -> Reply {
    let (version, base) = (call.version, call.base.clone());
    call.read(move |tx, actor| {
        let view = View { version, base: &base, now: actor.now };
        let id = p.id.resolve(tx, actor)?;
        Ok(MemberAnswer::new(member::by_email(tx, actor, id, &p.email)?, view))
    })
    .await
}

pub(crate) async fn get_info(call: Call, p: ById) -> Reply {
    let (version, base) = (call.version, call.base.clone());
    call.read(move |tx, actor| {
        let view = View { version, base: &base, now: actor.now };
        let id = p.id.resolve(tx, actor)?;
        Ok(Activity::new(member::info(tx, actor, id, p.user_id)?, view))
    })
    .await
}

pub(crate) async fn get_local_time(call: Call, p: ById) -> Reply {
    call.read(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        Ok(member::local_time(tx, actor, id, p.user_id)?)
    })
    .await
}

pub(crate) async fn add(call: Call, p: Add) -> Reply {
    let (version, base) = (call.version, call.base.clone());
    let code = call.app.random.hex(20);
    let name = p.name.filter(|name| !name.trim().is_empty());
    let (role, channels) = (p.user_type.unwrap_or(Role::User), p.channel_ids.unwrap_or_default());
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        let channels: Result<Vec<_>, _> =
            channels.iter().map(|channel| channel.resolve(tx, actor)).collect();
        let invitation =
            Invitation { email: p.email.clone(), name: name.clone(), role, channels: channels? };
        let invited = member::invite(tx, actor, id, &invitation)?;
        let code = invited.code_needed.then_some(code.as_str());
        send_invitation(tx, actor, &invited.member, &base, code)?;
        let view = View { version, base: &base, now: actor.now };
        Ok(MemberAnswer::new(invited.member, view))
    })
    .await
}

pub(crate) async fn resend_invite(call: Call, p: ByEither) -> Reply {
    let named = Named::new(p.user_id, p.email)?;
    let (base, code) = (call.base.clone(), call.app.random.hex(20));
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        let user = named.find(tx, actor, id)?;
        let member = member::resend_invite(tx, actor, id, user)?;
        send_invitation(tx, actor, &member, &base, Some(&code))?;
        Ok(DONE)
    })
    .await
}

pub(crate) async fn update(call: Call, p: Update) -> Reply {
    let named = Named::new(p.user_id, p.email)?;
    let (version, base) = (call.version, call.base.clone());
    call.write(move |tx, actor| {
        let view = View { version, base: &base, now: actor.now };
        let id = p.id.resolve(tx, actor)?;
        let user = named.find(tx, actor, id)?;
        Ok(MemberAnswer::new(member::set_role(tx, actor, id, user, p.user_type)?, view))
    })
    .await
}

pub(crate) async fn remove(call: Call, p: ByEither) -> Reply {
    let named = Named::new(p.user_id, p.email)?;
    call.write(move |tx, actor| {
        let id = p.id.resolve(tx, actor)?;
        let user = named.find(tx, actor, id)?;
        member::remove(tx, actor, id, user)?;
        Ok(DONE)
    })
    .await
}

/// Tells somebody that they are in a workspace now; with a code when they need a password.
fn send_invitation(
    tx: &mut Tx<'_>,
    actor: &Actor,
    member: &Member,
    base: &str,
    code: Option<&str>,
) -> Result<(), Error> {
    let workspace = workspace::getone(tx, actor, member.workspace)?.name;
    let inviter = member::getone(tx, actor, member.workspace, actor.user)?.name;
    let way_in = match code {
        Some(code) => {
            let expires_at = actor.now + CODE_LIFETIME;
            let secret = SecretHash::of(code);
            issue_code(tx, Purpose::Password, Some(member.id), &secret, expires_at)?;
            format!(
                "Choose a password within 24 hours to get in:\n\n{base}/set-password?code={code}"
            )
        }
        // Without a code it is only news.
        None if !wants_to_know_of_joining(tx, member.workspace, member.id)? => return Ok(()),
        None => format!("You find it here:\n\n{base}/a/{}/", member.workspace),
    };
    let mail = Mail {
        to: member.email.clone(),
        subject: format!("{inviter} has added you to {workspace}"),
        text: format!(
            "Hello {},\n\n{inviter} has added you to the workspace {workspace}.\n\n{way_in}\n",
            member.name
        ),
        ..Mail::default()
    };
    Ok(mail.enqueue(tx, actor.now)?)
}
