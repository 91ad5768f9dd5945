//! What is unread, against a model that is too simple to be wrong: it remembers for every person
//! and thread how many items were read. Random operations; after each one every person's answer
//! must be the model's.

use std::collections::{BTreeMap, BTreeSet};

use halyard_identity::UserId;
use halyard_messaging::{
    Audience, ChannelId, CommentId, Reach, ThreadId, channel,
    comment::{self, NewComment},
    thread,
};
use halyard_platform::{
    clock::Millis,
    db::{Dialect, testing::TestDb},
    on_both_databases,
};

use crate::{
    people::{NOW, Team, migrations},
    support::*,
};

/// A small generator, so that a failure names a seed that repeats it.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

struct ModelThread {
    channel: ChannelId,
    items: i64,
    last_updated: Millis,
    comments: Vec<(CommentId, i64)>,
    /// Indexes of comments that are removed.
    removed: BTreeSet<i64>,
    follows: BTreeSet<UserId>,
    read: BTreeMap<UserId, i64>,
    mentions: BTreeSet<(UserId, i64)>,
}

impl ModelThread {
    /// The number of the newest item that is not removed.
    fn live(&self) -> i64 {
        (1..=self.items).rev().find(|item| !self.removed.contains(&(item - 2))).unwrap_or(0)
    }
}

struct Model {
    now: Millis,
    people: Vec<UserId>,
    channels: Vec<ChannelId>,
    joined: BTreeSet<(UserId, ChannelId)>,
    threads: BTreeMap<ThreadId, ModelThread>,
}

impl Model {
    fn unread(&self, user: UserId) -> Vec<(ThreadId, ChannelId, i64, bool)> {
        let mut found: Vec<_> = self
            .threads
            .iter()
            .filter(|(_, thread)| self.joined.contains(&(user, thread.channel)))
            .filter_map(|(id, thread)| {
                let read = thread.read.get(&user).copied().unwrap_or(0);
                let mentioned =
                    thread.mentions.iter().any(|(who, at)| *who == user && *at > read - 2);
                (read < thread.live()).then(|| {
                    (thread.last_updated, (*id, thread.channel, (read - 2).max(-1), mentioned))
                })
            })
            .collect();
        found.sort();
        found.into_iter().map(|(_, one)| one).collect()
    }

    fn thread(&mut self, id: ThreadId) -> &mut ModelThread {
        self.threads.get_mut(&id).expect("a thread of the model")
    }

    fn everything_read(&mut self, user: UserId, channel: ChannelId) {
        for thread in self.threads.values_mut().filter(|thread| thread.channel == channel) {
            thread.read.insert(user, thread.items);
        }
    }
}

/// Does one random thing to the store and to the model; answers what it was.
async fn step(test: &TestDb, team: &Team, model: &mut Model, dice: &mut Dice) -> String {
    let user = dice.pick(&model.people.clone());
    let room = dice.pick(&model.channels.clone());
    let now = model.now;
    let ids: Vec<ThreadId> = model.threads.keys().copied().collect();
    let choice = if ids.is_empty() { 0 } else { dice.roll(24) };
    if choice == 0 {
        let id = start(test, user, now, room, Audience::of(Reach::Channel)).await.id;
        model.threads.insert(
            id,
            ModelThread {
                channel: room,
                items: 1,
                last_updated: now,
                comments: Vec::new(),
                removed: BTreeSet::new(),
                follows: BTreeSet::from([user]),
                read: BTreeMap::from([(user, 1)]),
                mentions: BTreeSet::new(),
            },
        );
        return format!("{user} posts {id} in {room}");
    }
    let id = dice.pick(&ids);
    let index = dice.roll(9) as i64 - 2;
    match choice {
        1..=6 => {
            let (moves, named) = (dice.roll(4) > 0, dice.pick(&model.people.clone()));
            let content = if dice.roll(3) == 0 {
                format!("[x](twist-mention://{named})")
            } else {
                "x".to_owned()
            };
            let mentions = content.len() > 1;
            let new = NewComment { moves_pointer: moves, ..new_comment(id, &content) };
            let said = done(test, user, now, move |tx, a| comment::add(tx, a, &new)).await;
            let thread = model.thread(id);
            thread.items += 1;
            thread.last_updated = now;
            thread.follows.insert(user);
            thread.comments.push((said.id, said.obj_index));
            if moves {
                thread.read.insert(user, thread.items);
            }
            if mentions {
                thread.mentions.insert((named, said.obj_index));
                thread.follows.insert(named);
            }
            format!("{user} comments on {id}, pointer moves: {moves}, {content}")
        }
        7 => {
            let comments = model.thread(id).comments.clone();
            if comments.is_empty() {
                return "nothing to remove".to_owned();
            }
            let (said, at) = dice.pick(&comments);
            done(test, team.ann, now, move |tx, a| comment::remove(tx, a, said)).await;
            model.thread(id).mentions.retain(|(_, mention)| *mention != at);
            model.thread(id).removed.insert(at);
            format!("comment {at} of {id} is removed")
        }
        8..=10 => {
            done(test, user, now, move |tx, a| thread::mark_read(tx, a, id, index)).await;
            let thread = model.thread(id);
            let read = thread.read.entry(user).or_insert(0);
            *read = (index + 2).clamp(0, thread.items).max(*read);
            format!("{user} has read {id} up to {index}")
        }
        11 | 12 => {
            done(test, user, now, move |tx, a| thread::mark_unread(tx, a, id, index)).await;
            let thread = model.thread(id);
            let read = if index < 0 { 0 } else { (index + 2).min(thread.live() - 1) };
            thread.read.insert(user, read);
            format!("{user} marks {id} unread from {index}")
        }
        13 => {
            done(test, user, now, move |tx, a| thread::mark_unread_for_others(tx, a, id, index))
                .await;
            let thread = model.thread(id);
            let read = if index < 0 { 0 } else { (index + 2).min(thread.live() - 1) };
            for other in thread.follows.clone().into_iter().filter(|other| *other != user) {
                thread.read.insert(other, read);
            }
            format!("{user} marks {id} unread from {index} for others")
        }
        14 => {
            let workspace = team.workspace;
            done(test, user, now, move |tx, a| thread::mark_all_read(tx, a, Some(workspace), None))
                .await;
            for room in model.channels.clone() {
                model.everything_read(user, room);
            }
            format!("{user} has read everything")
        }
        15 => {
            done(test, user, now, move |tx, a| thread::mark_all_read(tx, a, None, Some(room)))
                .await;
            model.everything_read(user, room);
            format!("{user} has read everything in {room}")
        }
        16..=18 => {
            let workspace = team.workspace;
            done(test, user, now, move |tx, a| thread::fold(tx, a, workspace)).await;
            format!("{user} folds")
        }
        19 => {
            // What is posted in the very millisecond of joining is new.
            model.now += 1;
            let now = model.now;
            if model.joined.insert((user, room)) {
                done(test, user, now, move |tx, a| channel::add_users(tx, a, room, &[a.user]))
                    .await;
                model.everything_read(user, room);
                return format!("{user} joins {room}");
            }
            model.joined.remove(&(user, room));
            done(test, user, now, move |tx, a| channel::remove_users(tx, a, room, &[a.user])).await;
            format!("{user} leaves {room}")
        }
        20 => {
            done(test, user, now, move |tx, a| thread::move_to_channel(tx, a, id, room)).await;
            let (people, joined) = (model.people.clone(), model.joined.clone());
            let thread = model.thread(id);
            if thread.channel != room {
                for who in people {
                    if joined.contains(&(who, room)) && !joined.contains(&(who, thread.channel)) {
                        thread.read.insert(who, thread.items);
                    }
                }
                thread.channel = room;
                let had_read = thread.read.get(&user) == Some(&thread.items);
                thread.items += 1;
                thread.last_updated = now;
                if had_read {
                    thread.read.insert(user, thread.items);
                }
            }
            format!("{user} moves {id} to {room}")
        }
        21 if dice.roll(3) == 0 => {
            done(test, team.ann, now, move |tx, a| thread::remove(tx, a, id)).await;
            model.threads.remove(&id);
            format!("{id} is removed")
        }
        _ => {
            let passed = dice.pick(&[1, 999, 15_000, 29_999, 30_000, 45_000, 3_600_000]);
            model.now += passed;
            format!("{passed} ms pass")
        }
    }
}

async fn play(test: &TestDb, team: &Team, people: &[UserId], seed: u64, steps: usize) {
    let channels = vec![
        team.general,
        open_channel(test, team, "one", true, &[]).await,
        open_channel(test, team, "two", true, &[team.bo]).await,
    ];
    let mut model = Model {
        // Long after everybody came.
        now: NOW + 7_200_000,
        people: people.to_vec(),
        joined: BTreeSet::from([
            (team.ann, channels[1]),
            (team.ann, channels[2]),
            (team.bo, channels[2]),
        ]),
        channels,
        threads: BTreeMap::new(),
    };
    model.joined.extend(people.iter().map(|user| (*user, team.general)));
    let mut dice = Dice(seed);
    let mut story = Vec::new();
    for _ in 0..steps {
        story.push(step(test, team, &mut model, &mut dice).await);
        for user in people {
            let found = unread(test, team, *user, model.now).await;
            let found: Vec<_> = found
                .iter()
                .map(|one| (one.thread, one.channel, one.obj_index, one.direct_mention))
                .collect();
            assert_eq!(found, model.unread(*user), "seed {seed}, for {user}, after {story:#?}");
        }
    }
    invariants(test).await;
}

on_both_databases! {
    migrations();

    async fn unread_is_what_a_simple_model_says(test: &TestDb) {
        let (plays, steps) = match test.db.dialect() {
            Dialect::Sqlite => (15, 120),
            Dialect::Postgres => (3, 100),
        };
        for seed in 1..=plays {
            let test = match test.db.dialect() {
                Dialect::Sqlite => TestDb::sqlite(migrations()).await,
                Dialect::Postgres => TestDb::postgres(migrations()).await,
            };
            let team = Team::new(&test.db).await;
            let cleo = hire(&test, &team, "cleo", NOW).await;
            play(&test, &team, &[team.ann, team.bo, cleo], seed, steps).await;
            test.drop_now().await;
        }
    }
}
