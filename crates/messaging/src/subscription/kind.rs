use std::fmt;

use halyard_identity::Scope;

/// Something that a subscription can be about: one of the names that a client subscribes with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    name: &'static str,
    scope: Scope,
}

impl fmt::Debug for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}

macro_rules! kinds {
    ($($scope:ident: $($name:literal)+;)+) => {
        /// Every name, in documented order. The last one is undocumented, and clients offer it.
        pub const KINDS: &[Kind] = &[$($(Kind { name: $name, scope: Scope::$scope }),+),+];
    };
}

kinds! {
    WORKSPACES_READ: "workspace_added" "workspace_updated" "workspace_deleted"
        "workspace_user_added" "workspace_user_updated" "workspace_user_removed";
    CHANNELS_READ: "channel_added" "channel_updated" "channel_deleted"
        "channel_user_added" "channel_user_updated" "channel_user_removed";
    THREADS_READ: "thread_added" "thread_updated" "thread_deleted";
    COMMENTS_READ: "comment_added" "comment_updated" "comment_deleted";
    MESSAGES_READ: "message_added" "message_updated" "message_deleted";
    GROUPS_READ: "group_added" "group_updated" "group_deleted"
        "group_user_added" "group_user_removed" "group_user_updated";
}

impl Kind {
    /// Finds a kind by its name. Some clients say `_user_deleted` for `_user_removed`.
    pub fn find(name: &str) -> Option<Self> {
        let synonym = name.strip_suffix("_user_deleted").map(|of| format!("{of}_user_removed"));
        let name = synonym.as_deref().unwrap_or(name);
        KINDS.iter().find(|kind| kind.name == name).copied()
    }

    /// The name on the wire and in the event log.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// What a token must cover to subscribe to it.
    pub fn scope(self) -> Scope {
        self.scope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_six_and_one_that_clients_offer() {
        assert_eq!(KINDS.len(), 27);
        assert_eq!(Kind::find("group_user_deleted").unwrap().name(), "group_user_removed");
        assert_eq!(Kind::find("comment_added").unwrap().scope(), Scope::COMMENTS_READ);
        assert!(Kind::find("comment_deleted").is_some() && Kind::find("comment_removed").is_none());
    }
}
