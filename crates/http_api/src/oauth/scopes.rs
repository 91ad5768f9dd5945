//! What each scope lets a program do, in words for people.

use halyard_identity::{ALL_SCOPES, Scopes};

/// Areas with what their scopes are about.
const AREAS: &[(&str, &str)] = &[
    ("user", "your name, address, picture and settings"),
    ("workspaces", "your workspaces and the people in them"),
    ("channels", "channels"),
    ("threads", "threads and your inbox"),
    ("comments", "comments"),
    ("groups", "groups of people"),
    ("messages", "your conversations and their messages"),
    ("reactions", "reactions"),
    ("search", "posts and messages that match a search"),
    ("attachments", "files"),
    ("notifications", "your notification settings"),
];

/// One line for each area: the widest right that the set has in it.
pub(super) fn in_words(scopes: Scopes) -> Vec<String> {
    let mut lines = Vec::new();
    for (area, about) in AREAS {
        let widest = ALL_SCOPES.iter().rev().find(|scope| {
            scope.name().split_once(':').is_some_and(|(name, _)| name == *area)
                && scopes.allow(**scope)
        });
        let Some(widest) = widest else { continue };
        lines.push(match widest.name().rsplit_once(':').map(|(_, right)| right) {
            Some("remove") => format!("See, add, change and remove {about}"),
            Some("write") => format!("See, add and change {about}"),
            _ => format!("See {about}"),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_words() {
        for scope in ALL_SCOPES {
            let scopes = Scopes::parse(scope.name()).unwrap();
            assert_eq!(in_words(scopes).len(), 1, "{}", scope.name());
        }
        assert_eq!(in_words(Scopes::ALL).len(), AREAS.len());
        let some = Scopes::parse("threads:remove,user:read").unwrap();
        assert_eq!(
            in_words(some),
            [
                "See your name, address, picture and settings",
                "See, add, change and remove threads and your inbox"
            ]
        );
    }
}
