//! Who is connected. Changes are collected and told together, once in a while.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use halyard_identity::UserId;
use halyard_messaging::WorkspaceId;

/// Somebody whose last connection ended may be reloading a page.
const GRACE: Duration = Duration::from_secs(5);

/// Who is connected, and what has changed since it was last told.
#[derive(Debug, Default)]
pub(super) struct Presence {
    people: HashMap<WorkspaceId, BTreeMap<UserId, Here>>,
    arrived: BTreeMap<WorkspaceId, BTreeSet<UserId>>,
    leaving: usize,
}

#[derive(Debug)]
struct Here {
    connections: usize,
    /// When the last connection ended.
    left: Option<Instant>,
}

/// What changed in a workspace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) workspace: WorkspaceId,
    pub(super) online: Vec<UserId>,
    pub(super) offline: Vec<UserId>,
}

impl Presence {
    /// A connection begins.
    pub(super) fn arrive(&mut self, workspace: WorkspaceId, user: UserId) {
        let people = self.people.entry(workspace).or_default();
        let here = people.entry(user).or_insert_with(|| {
            self.arrived.entry(workspace).or_default().insert(user);
            Here { connections: 0, left: None }
        });
        here.connections += 1;
        if here.left.take().is_some() {
            self.leaving -= 1;
        }
    }

    /// A connection ends.
    pub(super) fn leave(&mut self, workspace: WorkspaceId, user: UserId, now: Instant) {
        let here = self.people.get_mut(&workspace).and_then(|people| people.get_mut(&user));
        let Some(here) = here else { return };
        here.connections = here.connections.saturating_sub(1);
        if here.connections == 0 && here.left.replace(now).is_none() {
            self.leaving += 1;
        }
    }

    /// Whether there may be something to tell.
    pub(super) fn is_restless(&self) -> bool {
        !self.arrived.is_empty() || self.leaving > 0
    }

    /// Who is connected.
    pub(super) fn online(&self, workspace: WorkspaceId) -> Vec<UserId> {
        self.people.get(&workspace).into_iter().flat_map(|people| people.keys().copied()).collect()
    }

    /// What has changed since the last call.
    pub(super) fn changes(&mut self, now: Instant) -> Vec<Change> {
        let mut changes: BTreeMap<WorkspaceId, Change> = BTreeMap::new();
        for (workspace, people) in std::mem::take(&mut self.arrived) {
            change_in(&mut changes, workspace).online = people.into_iter().collect();
        }
        if self.leaving > 0 {
            for (workspace, people) in &mut self.people {
                people.retain(|user, here| {
                    let gone = here.left.is_some_and(|left| now.duration_since(left) >= GRACE);
                    if gone {
                        self.leaving -= 1;
                        change_in(&mut changes, *workspace).offline.push(*user);
                    }
                    !gone
                });
            }
            self.people.retain(|_, people| !people.is_empty());
        }
        changes.into_values().collect()
    }
}

fn change_in(changes: &mut BTreeMap<WorkspaceId, Change>, workspace: WorkspaceId) -> &mut Change {
    let none = Change { workspace, online: Vec::new(), offline: Vec::new() };
    changes.entry(workspace).or_insert(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    const W: WorkspaceId = WorkspaceId(1);
    const ANN: UserId = UserId(7);
    const BO: UserId = UserId(8);

    #[test]
    fn arrivals_are_told_once_and_together() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        assert!(!presence.is_restless());
        presence.arrive(W, ANN);
        presence.arrive(W, ANN);
        presence.arrive(W, BO);
        assert!(presence.is_restless());
        let told = Change { workspace: W, online: vec![ANN, BO], offline: vec![] };
        assert_eq!(presence.changes(now), [told]);
        assert_eq!(presence.changes(now), []);
        assert_eq!(presence.online(W), [ANN, BO]);
    }

    #[test]
    fn who_comes_back_in_time_never_left() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.arrive(W, ANN);
        presence.changes(now);
        presence.leave(W, ANN, now);
        assert_eq!(presence.changes(now + GRACE / 2), []);
        presence.arrive(W, ANN);
        assert_eq!(presence.changes(now + GRACE * 2), []);
        assert!(!presence.is_restless());
    }

    #[test]
    fn the_last_connection_decides() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.arrive(W, ANN);
        presence.arrive(W, ANN);
        presence.changes(now);
        presence.leave(W, ANN, now);
        assert_eq!(presence.changes(now + GRACE), []);
        presence.leave(W, ANN, now);
        presence.leave(W, ANN, now);
        let told = Change { workspace: W, online: vec![], offline: vec![ANN] };
        assert_eq!(presence.changes(now + GRACE), [told]);
        assert_eq!(presence.online(W), []);
        assert!(!presence.is_restless());
    }
}
