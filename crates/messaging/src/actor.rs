use halyard_identity::UserId;
use halyard_platform::{
    clock::Millis,
    db::{FromColumn, Value},
};
use serde::{Deserialize, Serialize};

/// Who does something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub user: UserId,
    /// The time of the request; the cores have no clock of their own.
    pub now: Millis,
}

/// What a member may do in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Manages members, channels and what others wrote.
    Admin,
    /// Sees and joins every public channel.
    User,
    /// Sees only the channels and conversations they were added to.
    Guest,
}

impl Role {
    /// The stored form.
    pub fn stored(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
            Self::Guest => "guest",
        }
    }
}

impl FromColumn for Role {
    const EXPECTED: &'static str = "a role";
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text("admin") => Some(Self::Admin),
            Value::Text("user") => Some(Self::User),
            Value::Text("guest") => Some(Self::Guest),
            _ => None,
        }
    }
}
