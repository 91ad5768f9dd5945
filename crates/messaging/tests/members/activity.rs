//! Who is there, and what time it is for them.

use halyard_identity::{ProfileChange, update_profile};
use halyard_messaging::member::{self, Platform};
use halyard_platform::on_both_databases;

use crate::people::{NOW, Team, act, act_at, migrations};

on_both_databases! {
    migrations();

    async fn a_heartbeat_makes_active_for_five_minutes(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let info = async |now| {
            act_at(&test.db, team.ann, now, move |tx, actor| {
                member::info(tx, actor, team.workspace, team.bo)
            }).await.unwrap()
        };
        let beat = async |now, platform| {
            act_at(&test.db, team.bo, now, move |tx, actor| {
                member::heartbeat(tx, actor, team.workspace, platform)
            }).await.unwrap();
        };
        let never = info(NOW).await;
        assert!(!never.is_active && never.latest().is_none());
        assert_eq!(Platform::ALL.map(|platform| never.seconds(platform)), [-1; 4]);

        beat(NOW - 60_000, Platform::Mobile).await;
        beat(NOW + 999, Platform::Desktop).await;
        let now = info(NOW + 1_000).await;
        assert!(now.is_active);
        assert_eq!(now.latest(), Some((Platform::Desktop, NOW / 1000)));
        assert_eq!(
            Platform::ALL.map(|platform| (platform.name(), now.seconds(platform))),
            [("mobile", NOW / 1000 - 60), ("desktop", NOW / 1000), ("api", -1), ("email", -1)],
        );
        assert_eq!(now.member.id, team.bo);
        let version = never.member.version;
        assert_eq!(now.member.version, version, "a heartbeat is no change of the member");
        assert!(info(NOW + 999 + 299_999).await.is_active);
        assert!(!info(NOW + 999 + 300_000).await.is_active);

        act(&test.db, team.bo, move |tx, actor| member::reset_presence(tx, actor, team.workspace)).await.unwrap();
        let away = info(NOW + 1_000).await;
        assert!(!away.is_active);
        assert_eq!(away.latest(), Some((Platform::Desktop, NOW / 1000)), "the times stay");
        beat(NOW + 2_000, Platform::Api).await;
        beat(NOW + 3_000, Platform::Email).await;
        let back = info(NOW + 3_000).await;
        assert!(back.is_active);
        assert_eq!((back.seconds(Platform::Api), back.seconds(Platform::Email)), (NOW / 1000 + 2, NOW / 1000 + 3));

        act(&test.db, team.ann, move |tx, actor| member::remove(tx, actor, team.workspace, team.bo)).await.unwrap();
        assert!(!info(NOW + 3_000).await.is_active);
        let other = act(&test.db, team.ann, move |tx, actor| {
            member::info(tx, actor, team.workspace, team.gus)
        }).await.unwrap();
        assert!(!other.is_active && other.latest().is_none(), "nobody else became active");
    }

    async fn a_local_time_is_that_of_the_members_zone(test: &TestDb) {
        let team = Team::new(&test.db).await;
        for (zone, expected) in [
            ("UTC", "2027-01-15 08:00:00"),
            ("Asia/Kathmandu", "2027-01-15 13:45:00"),
            ("America/New_York", "2027-01-15 03:00:00"),
        ] {
            test.db.write(move |tx| {
                let change = ProfileChange { timezone: Some(zone.to_owned()), ..ProfileChange::default() };
                update_profile(tx, team.bo, &change)
            }).await.unwrap();
            let (time, info) = act(&test.db, team.ann, move |tx, actor| {
                let time = member::local_time(tx, actor, team.workspace, team.bo)?;
                Ok((time, member::info(tx, actor, team.workspace, team.bo)?))
            }).await.unwrap();
            assert_eq!((time.as_str(), info.local_time.as_str()), (expected, expected), "{zone}");
        }
    }
}
