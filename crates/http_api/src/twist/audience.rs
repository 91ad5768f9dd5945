//! Who is told, as the wire says it: `recipients`, `groups` and their sentinels.

use halyard_identity::UserId;
use halyard_messaging::{Audience, GroupId, Reach};
use serde_json::Value;

use crate::kit::params::{Kind, Param, Problem, Raw};

/// The group number that stands for everyone in the channel (official SDK).
pub(super) const CHANNEL_GROUP: GroupId = GroupId(1);
/// The group number that stands for everyone in the thread (official SDK).
pub(super) const THREAD_GROUP: GroupId = GroupId(2);

/// The parameter `recipients`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recipients {
    /// `EVERYONE`
    Everyone,
    /// `EVERYONE_IN_THREAD`
    EveryoneInThread,
    /// A list of people.
    People(Vec<UserId>),
}

impl Param for Recipients {
    fn kind() -> Kind {
        Kind::IntegersOr(&["EVERYONE", "EVERYONE_IN_THREAD"])
    }

    fn parse(raw: Raw) -> Result<Option<Self>, Problem> {
        let word = match &raw {
            Raw::Text(text) => Some(text.trim().to_ascii_uppercase()),
            Raw::Json(Value::String(text)) => Some(text.trim().to_ascii_uppercase()),
            _ => None,
        };
        match word.as_deref().map(|word| word.trim_matches('"')) {
            Some("EVERYONE") => Ok(Some(Self::Everyone)),
            Some("EVERYONE_IN_THREAD") => Ok(Some(Self::EveryoneInThread)),
            _ => Ok(Vec::<UserId>::parse(raw)?.map(Self::People)),
        }
    }
}

/// The audience of a thread: everyone in the channel unless somebody is named. An empty list of
/// recipients without groups names nobody.
pub(super) fn of_thread(recipients: Option<Recipients>, groups: Option<Vec<GroupId>>) -> Audience {
    resolve(recipients, groups, Reach::Channel, Reach::Workspace)
}

/// The audience of a comment: everyone in the thread unless somebody is named.
pub(super) fn of_comment(recipients: Option<Recipients>, groups: Option<Vec<GroupId>>) -> Audience {
    resolve(recipients, groups, Reach::Thread, Reach::Channel)
}

fn resolve(
    recipients: Option<Recipients>,
    groups: Option<Vec<GroupId>>,
    unnamed: Reach,
    everyone: Reach,
) -> Audience {
    let groups = groups.unwrap_or_default();
    let (channel, thread) = (groups.contains(&CHANNEL_GROUP), groups.contains(&THREAD_GROUP));
    let custom: Vec<_> =
        groups.into_iter().filter(|id| ![CHANNEL_GROUP, THREAD_GROUP].contains(id)).collect();
    let (people, said) = match recipients {
        None if custom.is_empty() => (Vec::new(), unnamed),
        None => (Vec::new(), Reach::People),
        Some(Recipients::Everyone) => (Vec::new(), everyone),
        Some(Recipients::EveryoneInThread) => (Vec::new(), Reach::Thread),
        Some(Recipients::People(people)) => (people, Reach::People),
    };
    let reach = match (channel, thread, said) {
        (true, _, Reach::Workspace) => Reach::Workspace,
        (true, ..) => Reach::Channel,
        (false, true, Reach::People) => Reach::Thread,
        _ => said,
    };
    Audience { reach, recipients: people, groups: custom }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(ids: &[i64]) -> Option<Recipients> {
        Some(Recipients::People(ids.iter().copied().map(UserId).collect()))
    }

    fn groups(ids: &[i64]) -> Option<Vec<GroupId>> {
        Some(ids.iter().copied().map(GroupId).collect())
    }

    #[test]
    fn sentinels_and_defaults_of_threads() {
        let check = |recipients, groups, reach, named: &[i64], kept: &[i64]| {
            let audience = of_thread(recipients, groups);
            assert_eq!(audience.reach, reach);
            assert_eq!(audience.recipients, named.iter().copied().map(UserId).collect::<Vec<_>>());
            assert_eq!(audience.groups, kept.iter().copied().map(GroupId).collect::<Vec<_>>());
        };
        check(None, None, Reach::Channel, &[], &[]);
        check(people(&[]), None, Reach::People, &[], &[]);
        check(people(&[3]), None, Reach::People, &[3], &[]);
        check(people(&[3]), groups(&[1]), Reach::Channel, &[3], &[]);
        check(None, groups(&[200]), Reach::People, &[], &[200]);
        check(None, groups(&[]), Reach::Channel, &[], &[]);
        check(Some(Recipients::Everyone), None, Reach::Workspace, &[], &[]);
    }

    #[test]
    fn sentinels_and_defaults_of_comments() {
        let reach = |recipients, groups| of_comment(recipients, groups).reach;
        assert_eq!(reach(None, None), Reach::Thread);
        assert_eq!(reach(None, groups(&[2])), Reach::Thread);
        assert_eq!(reach(None, groups(&[7, 1])), Reach::Channel);
        assert_eq!(reach(Some(Recipients::EveryoneInThread), None), Reach::Thread);
        assert_eq!(reach(Some(Recipients::Everyone), None), Reach::Channel);
        assert_eq!(reach(people(&[2]), None), Reach::People);
        assert_eq!(reach(people(&[]), groups(&[2])), Reach::Thread);
    }

    #[test]
    fn words_and_lists_are_understood() {
        let parse = |text: &str| Recipients::parse(Raw::Text(text.to_owned())).unwrap();
        assert_eq!(parse("EVERYONE"), Some(Recipients::Everyone));
        assert_eq!(parse("everyone_in_thread"), Some(Recipients::EveryoneInThread));
        assert_eq!(parse("[1,2]"), people(&[1, 2]));
        assert!(Recipients::parse(Raw::Text("SOME".to_owned())).is_err());
    }
}
