use halyard_identity::{self as identity, NewUser, UserId};
use halyard_platform::{db::Tx, params};
use serde_json::json;

use super::{Member, getone, record};
use crate::{
    Actor, ChannelId, Error, Role, WorkspaceId, audit, channel,
    json::encode,
    name::{MAX_NAME, check_name},
    workspace,
};

/// Somebody to be brought into a workspace.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Address.
    pub email: String,
    /// Full name of somebody new; made from the address when missing.
    pub name: Option<String>,
    /// What the person will be allowed to do.
    pub role: Role,
    /// Channels to join beside the default channel; a guest joins only these.
    pub channels: Vec<ChannelId>,
}

/// What became of an invitation.
#[derive(Debug, Clone, PartialEq)]
pub struct Invited {
    /// The new member.
    pub member: Member,
    /// The person has no password yet and needs a one-time code to choose one.
    pub code_needed: bool,
}

/// Brings a person into a workspace, or back into it. Administrators may invite anybody, users
/// may invite users and guests (our decision).
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::Forbidden`]; [`Error::Exists`] for a current member;
/// [`Error::ChannelNotFound`] for a channel that the actor cannot see; [`Error::NameInvalid`];
/// [`Error::Identity`] for an unacceptable address.
pub fn invite(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    invitation: &Invitation,
) -> Result<Invited, Error> {
    let own_role = workspace::lock(tx, actor, workspace)?;
    may_invite(own_role)?;
    if invitation.role == Role::Admin && own_role != Role::Admin {
        return Err(Error::Forbidden("only admins may invite admins"));
    }
    let channels = channels_to_join(tx, actor, workspace, invitation)?;
    let user = find_or_create(tx, actor, invitation)?;
    let joined: Option<UserId> = tx.optional(
        "insert into member (workspace_id, user_id, role, joined_at) values ($1, $2, $3, $4)
         on conflict (workspace_id, user_id) do update
         set role = excluded.role, joined_at = excluded.joined_at, removed_at = null, away = true,
             version = member.version + 1
         where member.removed_at is not null
         returning user_id",
        params![workspace, user, invitation.role.stored(), actor.now],
    )?;
    if joined.is_none() {
        return Err(Error::Exists("this person is a member already"));
    }
    let found = identity::load_user(tx, user)?;
    if found.removed {
        identity::reinstate_user(tx, user)?;
    }
    if found.default_workspace.is_none() {
        identity::set_default_workspace(tx, user, Some(workspace.0))?;
    }
    record(tx, actor, workspace, user, "workspace_user_added")?;
    let detail = json!({"email": found.email, "role": invitation.role});
    audit::record(tx, actor, workspace, "member_added", ("user", user.0), detail)?;
    for channel in channels {
        channel::join(tx, actor, workspace, channel, &[user])?;
    }
    // Read as one who sees everybody: the inviter is no guest.
    let member = getone(tx, actor, workspace, user)?;
    Ok(Invited { code_needed: member.setup_pending, member })
}

/// The member who is to get another invitation; the caller issues the code.
///
/// # Errors
/// [`Error::WorkspaceNotFound`]; [`Error::Forbidden`] for guests; [`Error::UserNotFound`] when
/// the person is not in the workspace; [`Error::Exists`] when the invitation was accepted.
pub fn resend_invite(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Member, Error> {
    may_invite(workspace::role(tx, actor, workspace)?)?;
    let member = getone(tx, actor, workspace, user)?;
    if member.removed {
        return Err(Error::UserNotFound);
    }
    if !member.setup_pending {
        return Err(Error::Exists("this person has accepted the invitation"));
    }
    Ok(member)
}

fn may_invite(role: Role) -> Result<(), Error> {
    match role {
        Role::Admin | Role::User => Ok(()),
        Role::Guest => Err(Error::Forbidden("guests may not invite people")),
    }
}

/// The channels named, all of which the actor must see, and the default channel unless the
/// invitation is for a guest.
fn channels_to_join(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    invitation: &Invitation,
) -> Result<Vec<ChannelId>, Error> {
    let mut channels = invitation.channels.clone();
    channels.sort_unstable();
    channels.dedup();
    let visible: Vec<ChannelId> = tx.all(
        "select c.id from channel c
         where c.workspace_id = $1 and c.removed_at is null and c.id in {ids $2}
             and (c.public or exists (
                 select 1 from channel_member cm where cm.channel_id = c.id and cm.user_id = $3))
         order by c.id",
        params![workspace, &encode(&channels), actor.user],
    )?;
    if visible != channels {
        return Err(Error::ChannelNotFound);
    }
    if invitation.role != Role::Guest {
        // The default channel may have been removed since.
        let default: Option<ChannelId> = tx.optional(
            "select c.id from workspace w
             join channel c on c.id = w.default_channel and c.removed_at is null
             where w.id = $1",
            params![workspace],
        )?;
        channels.extend(default.filter(|default| !visible.contains(default)));
    }
    Ok(channels)
}

fn find_or_create(
    tx: &mut Tx<'_>,
    actor: &Actor,
    invitation: &Invitation,
) -> Result<UserId, Error> {
    let email = identity::check_email(&invitation.email)?;
    let name = match invitation.name.as_deref() {
        Some(name) => check_name(name, MAX_NAME)?,
        None => name_from(&email),
    };
    let new = NewUser { name, email, password_hash: None, bot: false };
    // Created first and looked up second: the other way round, two invitations of the same
    // stranger to two workspaces could pass each other.
    match identity::create_user(tx, &new, actor.now) {
        Ok(user) => Ok(user),
        Err(identity::Error::EmailTaken) => {
            let known = identity::load_user_by_email(tx, &new.email)?;
            Ok(known.ok_or(identity::Error::EmailTaken)?.id)
        }
        Err(error) => Err(error.into()),
    }
}

/// `ann.lee+work@example.com` is called "Ann Lee" until she says otherwise.
fn name_from(email: &str) -> String {
    let local = email.split('@').next().unwrap_or(email);
    let name: Vec<String> = local
        .split('+')
        .next()
        .unwrap_or(local)
        .split(['.', '_', '-'])
        .filter_map(|word| {
            let mut letters = word.chars();
            let first = letters.next()?;
            Some(first.to_uppercase().chain(letters).collect())
        })
        .collect();
    if name.is_empty() { local.to_owned() } else { name.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::name_from;

    #[test]
    fn a_name_is_made_from_the_address() {
        for (email, name) in [
            ("ann.lee+work@example.com", "Ann Lee"),
            ("bo@example.com", "Bo"),
            ("élise_m-k@example.com", "Élise M K"),
            ("_@example.com", "_"),
            ("+x@example.com", "+x"),
        ] {
            assert_eq!(name_from(email), name);
        }
    }
}
