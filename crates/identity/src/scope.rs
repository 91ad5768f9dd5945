use std::fmt;

use crate::Error;

/// One right that a token can carry.
///
/// Names and number (27) are those of the vendor documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    name: &'static str,
    bits: u32,
}

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u32);

macro_rules! scopes {
    ($($constant:ident $name:literal $bit:literal $(> $implied:ident)?;)+) => {
        impl Scope {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: Scope = Scope {
                    name: $name,
                    // `remove` includes `write`, `write` includes `read` (vendor documentation).
                    bits: 1 << $bit $(| Scope::$implied.bits)?,
                };
            )+
        }

        /// Every scope, in documented order.
        pub const ALL_SCOPES: &[Scope] = &[$(Scope::$constant),+];
    };
}

scopes! {
    USER_READ "user:read" 0;
    USER_WRITE "user:write" 1 > USER_READ;
    WORKSPACES_READ "workspaces:read" 2;
    WORKSPACES_WRITE "workspaces:write" 3 > WORKSPACES_READ;
    CHANNELS_READ "channels:read" 4;
    CHANNELS_WRITE "channels:write" 5 > CHANNELS_READ;
    CHANNELS_REMOVE "channels:remove" 6 > CHANNELS_WRITE;
    THREADS_READ "threads:read" 7;
    THREADS_WRITE "threads:write" 8 > THREADS_READ;
    THREADS_REMOVE "threads:remove" 9 > THREADS_WRITE;
    COMMENTS_READ "comments:read" 10;
    COMMENTS_WRITE "comments:write" 11 > COMMENTS_READ;
    COMMENTS_REMOVE "comments:remove" 12 > COMMENTS_WRITE;
    GROUPS_READ "groups:read" 13;
    GROUPS_WRITE "groups:write" 14 > GROUPS_READ;
    GROUPS_REMOVE "groups:remove" 15 > GROUPS_WRITE;
    MESSAGES_READ "messages:read" 16;
    MESSAGES_WRITE "messages:write" 17 > MESSAGES_READ;
    MESSAGES_REMOVE "messages:remove" 18 > MESSAGES_WRITE;
    REACTIONS_READ "reactions:read" 19;
    REACTIONS_WRITE "reactions:write" 20 > REACTIONS_READ;
    REACTIONS_REMOVE "reactions:remove" 21 > REACTIONS_WRITE;
    SEARCH_READ "search:read" 22;
    ATTACHMENTS_READ "attachments:read" 23;
    ATTACHMENTS_WRITE "attachments:write" 24 > ATTACHMENTS_READ;
    NOTIFICATIONS_READ "notifications:read" 25;
    NOTIFICATIONS_WRITE "notifications:write" 26 > NOTIFICATIONS_READ;
}

impl Scope {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.name
    }
}

impl Scopes {
    /// Every right; login tokens have it.
    pub const ALL: Scopes = Scopes((1 << 27) - 1);
    /// No right at all.
    pub const NONE: Scopes = Scopes(0);

    /// Reads names separated by commas or blanks; both are in use.
    ///
    /// # Errors
    /// The first name that is not a scope.
    pub fn parse(text: &str) -> Result<Self, String> {
        let names = text.split([',', ' ']).filter(|name| !name.is_empty());
        names.into_iter().try_fold(Self::NONE, |scopes, name| {
            let scope = ALL_SCOPES.iter().find(|scope| scope.name == name);
            scope.map(|scope| Self(scopes.0 | scope.bits)).ok_or_else(|| name.to_owned())
        })
    }

    /// Whether the scope itself, or one that includes it, is in the set.
    pub fn allow(self, scope: Scope) -> bool {
        self.0 & scope.bits == scope.bits
    }

    /// Refuses a call that the set does not cover.
    ///
    /// # Errors
    /// [`Error::MissingScope`]
    pub fn require(self, scope: Scope) -> Result<(), Error> {
        if self.allow(scope) { Ok(()) } else { Err(Error::MissingScope(scope.name)) }
    }

    /// The stored form.
    pub fn bits(self) -> i64 {
        i64::from(self.0)
    }

    /// From the stored form; unknown bits are dropped.
    pub fn from_bits(bits: i64) -> Self {
        Self((bits & Self::ALL.bits()) as u32)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            ALL_SCOPES.iter().filter(|scope| self.allow(**scope)).map(|scope| scope.name).collect();
        out.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_seven_and_login_tokens_have_them_all() {
        assert_eq!(ALL_SCOPES.len(), 27);
        assert!(ALL_SCOPES.iter().all(|scope| Scopes::ALL.allow(*scope)));
        assert!(ALL_SCOPES.iter().all(|scope| !Scopes::NONE.allow(*scope)));
    }

    #[test]
    fn remove_includes_write_and_write_includes_read() {
        let scopes = Scopes::parse("threads:remove,comments:write channels:read").unwrap();
        assert!(scopes.allow(Scope::THREADS_READ) && scopes.allow(Scope::THREADS_WRITE));
        assert!(scopes.allow(Scope::COMMENTS_READ) && !scopes.allow(Scope::COMMENTS_REMOVE));
        assert!(!scopes.allow(Scope::CHANNELS_WRITE));
        assert_eq!(
            scopes.to_string(),
            "channels:read threads:read threads:write threads:remove comments:read comments:write"
        );
        assert_eq!(Scopes::parse("threads:fly"), Err("threads:fly".to_owned()));
    }

    #[test]
    fn the_stored_form_comes_back() {
        let scopes = Scopes::parse("groups:remove").unwrap();
        assert_eq!(Scopes::from_bits(scopes.bits()), scopes);
    }
}
