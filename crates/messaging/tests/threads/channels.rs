use halyard_identity::UserId;
use halyard_messaging::{
    Audience, Error, GroupId, Reach,
    channel::{self, ChannelChange},
    comment,
    temp_id::{self, Kind},
    thread::{self, Filter, Place},
};
use halyard_platform::on_both_databases;

use crate::{
    people::{NOW, Team, act, last_event, migrations},
    support::*,
};

fn named(name: &str) -> ChannelChange {
    ChannelChange { name: Some(name.to_owned()), ..ChannelChange::default() }
}

on_both_databases! {
    migrations();

    async fn a_new_channel_has_its_creator_and_who_was_named(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let made = done(test, team.bo, NOW, move |tx, actor| {
            let new = ChannelChange {
                description: Some(Some("Talk".to_owned())),
                color: Some(Some(11)),
                icon: Some(Some(7)),
                public: Some(false),
                default_recipients: Some(vec![team.ann]),
                default_groups: Some(vec![GroupId(101)]),
                use_default_recipients: Some(true),
                favorited: Some(true),
                ..named("  Plans ")
            };
            channel::add(tx, actor, team.workspace, &new, &[team.gus, team.bo], Some(-5))
        }).await;
        assert_eq!((made.name.as_str(), made.creator, made.public), ("Plans", team.bo, false));
        assert_eq!((made.description.as_deref(), made.color, made.icon), (Some("Talk"), Some(11), Some(7)));
        assert_eq!((made.archived, made.favorited, made.use_default_recipients), (false, true, true));
        assert_eq!(made.user_ids, [team.bo, team.gus]);
        assert_eq!(made.default_recipients, Some(format!("[{}]", team.ann)));
        assert_eq!(made.default_groups.as_deref(), Some("[101]"));
        let id = made.id.0;
        let resolved = see(test, team.bo, NOW, |tx, actor| temp_id::resolve(tx, actor, Kind::Channel, -5)).await;
        assert_eq!(resolved.unwrap(), id);
        let (kind, subject, payload) = last_event(&test.db).await;
        assert_eq!((kind.as_str(), subject), ("channel_user_added", format!("channel:{id}")));
        assert!(payload.contains(&format!("[{},{}]", team.bo, team.gus)), "{payload}");
        let by_ann = see(test, team.ann, NOW, move |tx, actor| channel::load(tx, actor, made.id)).await;
        assert!(matches!(by_ann, Err(Error::ChannelNotFound)), "even an admin must be added: {by_ann:?}");
    }

    async fn the_fields_of_a_channel_are_checked(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let long = "x".repeat(81);
        for name in ["", " \t", &long] {
            let new = named(name);
            let refused = act(&test.db, team.ann, move |tx, a| channel::add(tx, a, team.workspace, &new, &[], None)).await;
            assert!(matches!(refused, Err(Error::NameInvalid)), "{refused:?}");
            let new = named(name);
            let refused = act(&test.db, team.ann, move |tx, a| channel::update(tx, a, team.general, &new)).await;
            assert!(matches!(refused, Err(Error::NameInvalid)), "{refused:?}");
        }
        let bad = [
            ("color", ChannelChange { color: Some(Some(12)), ..named("N") }),
            ("color", ChannelChange { color: Some(Some(-1)), ..named("N") }),
            ("icon", ChannelChange { icon: Some(Some(-1)), ..named("N") }),
            ("description", ChannelChange { description: Some(Some("x".repeat(5001))), ..named("N") }),
        ];
        for (wrong, new) in bad {
            let refused = act(&test.db, team.ann, move |tx, a| channel::add(tx, a, team.workspace, &new, &[], None)).await;
            assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == wrong), "{wrong}: {refused:?}");
        }
        let name = "日".repeat(80);
        let new = named(&name);
        let made = done(test, team.ann, NOW, move |tx, a| channel::add(tx, a, team.workspace, &new, &[], None)).await;
        assert_eq!(made.name, name);
        for stranger in [team.eve, team.rae, UserId(999)] {
            let refused = act(&test.db, team.ann, move |tx, a| {
                channel::add(tx, a, team.workspace, &named("N"), &[stranger], None)
            }).await;
            assert!(matches!(refused, Err(Error::UserNotFound)), "{refused:?}");
            let refused = act(&test.db, team.ann, move |tx, a| channel::add_users(tx, a, team.general, &[stranger])).await;
            assert!(matches!(refused, Err(Error::UserNotFound)), "{refused:?}");
        }
    }

    async fn an_update_changes_only_what_it_names(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let all = ChannelChange {
            description: Some(Some("D".to_owned())),
            color: Some(Some(3)),
            icon: Some(Some(4)),
            public: Some(true),
            default_recipients: Some(vec![team.bo]),
            default_groups: Some(vec![GroupId(7)]),
            use_default_recipients: Some(true),
            favorited: Some(true),
            ..named("N")
        };
        let before = done(test, team.ann, NOW, move |tx, a| channel::update(tx, a, team.general, &all)).await;
        assert_eq!(last_event(&test.db).await.0, "channel_updated");
        let same = done(test, team.ann, NOW, move |tx, a| {
            channel::update(tx, a, team.general, &ChannelChange::default())
        }).await;
        let strip = |c: &channel::Channel| format!("{:?}", channel::Channel { version: 0, ..c.clone() });
        assert_eq!(strip(&same), strip(&before));
        assert!(same.version > before.version);
        let cleared = done(test, team.ann, NOW, move |tx, a| {
            let change = ChannelChange { description: Some(None), color: Some(None), icon: Some(None), ..ChannelChange::default() };
            channel::update(tx, a, team.general, &change)
        }).await;
        assert_eq!((cleared.description, cleared.color, cleared.icon), (None, None, None));
        assert_eq!(cleared.name, "N");
        let by_bo = see(test, team.bo, NOW, move |tx, a| channel::load(tx, a, team.general)).await.unwrap();
        assert!(!by_bo.favorited, "a favourite is personal");
    }

    async fn favourites_need_membership(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let open = open_channel(test, &team, "open", true, &[]).await;
        for step in [channel::favorite, channel::unfavorite] {
            let refused = act(&test.db, team.bo, move |tx, a| step(tx, a, open)).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        }
        done(test, team.ann, NOW, move |tx, a| channel::favorite(tx, a, open)).await;
        let favorited = || see(test, team.ann, NOW, move |tx, a| channel::load(tx, a, open));
        assert!(favorited().await.unwrap().favorited);
        done(test, team.ann, NOW, move |tx, a| channel::unfavorite(tx, a, open)).await;
        assert!(!favorited().await.unwrap().favorited);
    }

    async fn people_come_and_go(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let open = open_channel(test, &team, "open", true, &[]).await;
        let users = || async { see(test, team.ann, NOW, move |tx, a| channel::load(tx, a, open)).await.unwrap().user_ids };
        done(test, team.bo, NOW, move |tx, a| channel::add_users(tx, a, open, &[a.user])).await;
        assert_eq!(users().await, [team.ann, team.bo], "whoever sees it may join");
        let version = || async { see(test, team.ann, NOW, move |tx, a| channel::load(tx, a, open)).await.unwrap().version };
        let before = version().await;
        let events = count(test, "select count(*) from event").await;
        done(test, team.bo, NOW, move |tx, a| channel::add_users(tx, a, open, &[a.user, a.user])).await;
        assert_eq!(version().await, before, "who is in stays in");
        assert_eq!(count(test, "select count(*) from event").await, events);
        done(test, team.bo, NOW, move |tx, a| channel::add_users(tx, a, open, &[team.gus])).await;
        assert_eq!(users().await, [team.ann, team.bo, team.gus]);
        done(test, team.gus, NOW, move |tx, a| channel::remove_users(tx, a, open, &[a.user])).await;
        let gone = see(test, team.gus, NOW, move |tx, a| channel::load(tx, a, open)).await;
        assert!(matches!(gone, Err(Error::ChannelNotFound)), "a guest who has left is outside: {gone:?}");
        done(test, team.ann, NOW, move |tx, a| channel::remove_users(tx, a, open, &[team.bo, team.eve])).await;
        assert_eq!(last_event(&test.db).await.0, "channel_user_removed");
        assert_eq!(users().await, [team.ann]);
    }

    async fn lists_are_ordered_and_hide_what_is_not_theirs(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let zoo = open_channel(test, &team, "zoo", true, &[]).await;
        let bar = open_channel(test, &team, "bar", true, &[team.gus]).await;
        let old = open_channel(test, &team, "old", true, &[team.bo]).await;
        done(test, team.ann, NOW, move |tx, a| channel::archive(tx, a, old)).await;
        let joined = async |user, archived| {
            let found = see(test, user, NOW, move |tx, a| channel::list_joined(tx, a, team.workspace, archived)).await;
            found.unwrap().iter().map(|channel| channel.id).collect::<Vec<_>>()
        };
        let public = async |user| {
            let found = see(test, user, NOW, move |tx, a| channel::list_public(tx, a, team.workspace)).await;
            found.unwrap().iter().map(|channel| channel.id).collect::<Vec<_>>()
        };
        assert_eq!(joined(team.bo, false).await, [team.general]);
        assert_eq!(joined(team.bo, true).await, [old]);
        assert_eq!(joined(team.gus, false).await, [bar, team.side]);
        assert_eq!(public(team.bo).await, [team.general, bar, zoo]);
        assert_eq!(public(team.gus).await, [bar], "a guest sees only what they joined");
    }

    async fn an_archived_channel_can_be_read_and_nothing_else(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let open = open_channel(test, &team, "open", true, &[team.bo]).await;
        let other = open_channel(test, &team, "other", true, &[]).await;
        let thread = start(test, team.ann, NOW, open, Audience::of(Reach::Channel)).await.id;
        let elsewhere = start(test, team.ann, NOW, other, Audience::of(Reach::Channel)).await.id;
        let said = say(test, team.ann, NOW, thread, "c").await.id;
        done(test, team.ann, NOW, move |tx, a| channel::archive(tx, a, open)).await;
        let version = see(test, team.ann, NOW, move |tx, a| channel::load(tx, a, open)).await.unwrap().version;
        done(test, team.ann, NOW, move |tx, a| channel::archive(tx, a, open)).await;
        let again = see(test, team.ann, NOW, move |tx, a| channel::load(tx, a, open)).await.unwrap();
        assert_eq!((again.archived, again.version), (true, version));
        let refusals = [
            act(&test.db, team.ann, move |tx, a| thread::add(tx, a, &new_thread(open, Audience::of(Reach::Channel), "x")).map(drop)).await,
            act(&test.db, team.ann, move |tx, a| comment::add(tx, a, &new_comment(thread, "x")).map(drop)).await,
            act(&test.db, team.ann, move |tx, a| thread::update(tx, a, thread, &Default::default()).map(drop)).await,
            act(&test.db, team.ann, move |tx, a| comment::update(tx, a, said, &Default::default()).map(drop)).await,
            act(&test.db, team.ann, move |tx, a| thread::move_to_channel(tx, a, thread, other)).await,
            act(&test.db, team.ann, move |tx, a| thread::move_to_channel(tx, a, elsewhere, open)).await,
            act(&test.db, team.bo, move |tx, a| channel::add_users(tx, a, open, &[team.gus])).await,
        ];
        for refused in refusals {
            assert!(matches!(refused, Err(Error::Forbidden("the channel is archived"))), "{refused:?}");
        }
        assert_eq!(look(test, team.bo, NOW, thread).await.comment_count, 1);
        done(test, team.ann, NOW, move |tx, a| channel::unarchive(tx, a, open)).await;
        say(test, team.bo, NOW, thread, "again").await;
    }

    async fn a_channel_is_archived_before_it_is_removed(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let open = open_channel(test, &team, "open", true, &[team.bo]).await;
        let thread = start(test, team.ann, NOW, open, Audience::of(Reach::Channel)).await.id;
        let refused = act(&test.db, team.ann, move |tx, a| channel::remove(tx, a, open)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        done(test, team.ann, NOW, move |tx, a| {
            channel::archive(tx, a, open)?;
            channel::remove(tx, a, open)
        }).await;
        assert_eq!(last_event(&test.db).await.0, "channel_deleted");
        for user in [team.ann, team.bo] {
            let gone = see(test, user, NOW, move |tx, a| channel::load(tx, a, open)).await;
            assert!(matches!(gone, Err(Error::ChannelNotFound)), "{gone:?}");
            let gone = see(test, user, NOW, move |tx, a| thread::load(tx, a, thread)).await;
            assert!(matches!(gone, Err(Error::ThreadNotFound)), "{gone:?}");
            let all = see(test, user, NOW, move |tx, a| {
                thread::list(tx, a, Place::Workspace(team.workspace), &Filter::default())
            }).await.unwrap();
            assert!(all.is_empty());
            assert!(unread(test, &team, user, NOW).await.is_empty());
        }
    }
}
