//! People, tokens, one-time codes and profiles, on both databases.
#![cfg(test)]

use halyard_identity::{
    AwayKind, AwayMode, Credentials, Error, LOGIN_TOKENS, MOST_LOGIN_TOKENS, NewUser, Principal,
    ProfileChange, Purpose, SESSION_DAYS, SURPLUS_LOGIN_DAYS, Scope, Scopes, SecretHash, TimeOfDay,
    TokenKind, UNUSED_LOGIN_DAYS, User, UserId, authenticate, count_users, create_user,
    forget_default_workspace, issue_code, issue_token, list_users, load_user, load_user_by_email,
    mark_user_removed, redeem_code, reinstate_user, revoke_all_tokens, revoke_token,
    set_default_workspace, set_password, sweep_tokens, update_profile, write_uses,
};
use halyard_platform::{
    clock::Millis,
    db::{Db, Migration, Tx},
    on_both_databases, params,
};

const NOW: Millis = 1_800_000_000_000;
const DAY: Millis = 86_400_000;

fn migrations() -> Vec<Migration> {
    [halyard_platform::MIGRATIONS, halyard_identity::MIGRATIONS].concat()
}

async fn write<T, F>(db: &Db, run: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
{
    db.write(run).await
}

fn new(name: &str, email: &str) -> NewUser {
    NewUser {
        name: name.to_owned(),
        email: email.to_owned(),
        password_hash: Some("$hash$".to_owned()),
        bot: false,
    }
}

async fn person(db: &Db, email: &'static str) -> UserId {
    write(db, move |tx| create_user(tx, &new("Ann Lee", email), NOW)).await.unwrap()
}

async fn user(db: &Db, id: UserId) -> User {
    db.read(move |tx| load_user(tx, id)).await.unwrap()
}

async fn token(db: &Db, user: UserId, kind: TokenKind, secret: &'static str) -> i64 {
    write(db, move |tx| {
        let scopes = Scopes::parse("threads:write").unwrap();
        issue_token(tx, user, kind, &SecretHash::of(secret), "test", scopes, NOW)
    })
    .await
    .unwrap()
}

async fn who(db: &Db, credentials: Credentials, now: Millis) -> Result<Principal, Error> {
    db.read(move |tx| authenticate(tx, &credentials, now)).await
}

fn bearer(secret: &str) -> Credentials {
    Credentials::Token(SecretHash::of(secret))
}

fn cookie(secret: &str) -> Credentials {
    Credentials::Session(SecretHash::of(secret))
}

async fn change(db: &Db, id: UserId, change: ProfileChange) -> Result<User, Error> {
    let change = change.check()?;
    write(db, move |tx| {
        update_profile(tx, id, &change)?;
        load_user(tx, id)
    })
    .await
}

on_both_databases! {
    migrations();

    async fn an_address_belongs_to_one_person(test: &TestDb) {
        let ann = person(&test.db, "Ann@Example.com").await;
        let taken = write(&test.db, |tx| create_user(tx, &new("Bo", " ann@example.COM "), NOW)).await;
        assert!(matches!(taken, Err(Error::EmailTaken)), "{taken:?}");
        let found = test.db.read(|tx| load_user_by_email(tx, "ANN@example.com")).await.unwrap().unwrap();
        assert_eq!((found.id, found.email.as_str()), (ann, "Ann@Example.com"));
        assert!(!found.setup_pending && !found.removed && !found.bot);
        assert_eq!((found.lang.as_str(), found.timezone.as_str()), ("en", "UTC"));
        let nobody = test.db.read(|tx| load_user_by_email(tx, "bo@example.com")).await.unwrap();
        assert_eq!(nobody, None);
        let missing = test.db.read(|tx| load_user(tx, UserId(9_999))).await;
        assert!(matches!(missing, Err(Error::UserNotFound)), "{missing:?}");
    }

    async fn bots_are_listed_but_not_counted(test: &TestDb) {
        assert_eq!(test.db.read(count_users).await.unwrap(), 0);
        let ann = person(&test.db, "ann@example.com").await;
        let bot = write(&test.db, |tx| {
            let bot = NewUser { bot: true, password_hash: None, ..new("Robot", "robot@example.com") };
            create_user(tx, &bot, NOW)
        }).await.unwrap();
        assert_eq!(test.db.read(count_users).await.unwrap(), 1);
        let all = test.db.read(list_users).await.unwrap();
        assert_eq!(all.iter().map(|user| user.id).collect::<Vec<_>>(), [ann, bot]);
        assert!(!all[1].setup_pending, "a bot never chooses a password");
    }

    async fn an_invited_person_waits_for_a_password(test: &TestDb) {
        let ann = write(&test.db, |tx| {
            create_user(tx, &NewUser { password_hash: None, ..new("Ann", "ann@example.com") }, NOW)
        }).await.unwrap();
        let before = user(&test.db, ann).await;
        assert!(before.setup_pending && before.password_hash.is_none());
        write(&test.db, move |tx| set_password(tx, ann, "$new$")).await.unwrap();
        let after = user(&test.db, ann).await;
        assert!(!after.setup_pending);
        assert_eq!(after.password_hash.as_deref(), Some("$new$"));
        assert!(after.version > before.version);
    }

    async fn a_token_opens_until_it_is_revoked(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        let id = token(&test.db, ann, TokenKind::Personal, "one").await;
        let other = token(&test.db, ann, TokenKind::Personal, "two").await;
        let principal = who(&test.db, bearer("one"), NOW + 1000 * DAY).await.unwrap();
        assert_eq!((principal.user, principal.token, principal.kind), (ann, id, TokenKind::Personal));
        assert!(principal.scopes.allow(Scope::THREADS_READ));
        assert!(!principal.scopes.allow(Scope::THREADS_REMOVE));

        write(&test.db, move |tx| revoke_token(tx, id, NOW)).await.unwrap();
        let gone = who(&test.db, bearer("one"), NOW).await;
        assert!(matches!(gone, Err(Error::InvalidToken)), "{gone:?}");
        assert_eq!(who(&test.db, bearer("two"), NOW).await.unwrap().token, other);
    }

    async fn a_token_opens_only_as_what_it_is(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        token(&test.db, ann, TokenKind::Personal, "personal").await;
        token(&test.db, ann, TokenKind::Session, "session").await;
        assert!(who(&test.db, bearer("personal"), NOW).await.is_ok());
        assert!(who(&test.db, cookie("session"), NOW).await.is_ok());
        for wrong in [cookie("personal"), bearer("session"), bearer("unknown"), Credentials::None] {
            let refused = who(&test.db, wrong, NOW).await;
            assert!(matches!(refused, Err(Error::InvalidToken)), "{wrong:?} {refused:?}");
        }
    }

    async fn a_login_token_ends_when_nobody_uses_it(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        let used = token(&test.db, ann, TokenKind::Login, "used").await;
        token(&test.db, ann, TokenKind::Login, "unused").await;
        token(&test.db, ann, TokenKind::Personal, "personal").await;
        assert_eq!(who(&test.db, bearer("used"), NOW).await.unwrap().kind, TokenKind::Login);
        let end = NOW + UNUSED_LOGIN_DAYS * DAY;
        write(&test.db, move |tx| Ok(write_uses(tx, &[used, used + 1000], NOW + DAY)?)).await.unwrap();
        write(&test.db, move |tx| sweep_tokens(tx, end - 1)).await.unwrap();
        assert!(who(&test.db, bearer("unused"), end).await.is_ok());
        write(&test.db, move |tx| sweep_tokens(tx, end)).await.unwrap();
        assert!(who(&test.db, bearer("unused"), end).await.is_err());
        assert!(who(&test.db, bearer("used"), end).await.is_ok());
        write(&test.db, move |tx| sweep_tokens(tx, end + DAY)).await.unwrap();
        assert!(who(&test.db, bearer("used"), end).await.is_err());
        assert!(who(&test.db, bearer("personal"), end).await.is_ok());
        // Of a token from before, nobody knows when it was used.
        token(&test.db, ann, TokenKind::Login, "before").await;
        write(&test.db, |tx| Ok(tx.exec("update token set used_at = null", &[])?)).await.unwrap();
        write(&test.db, move |tx| sweep_tokens(tx, end + DAY)).await.unwrap();
        assert!(who(&test.db, bearer("before"), end).await.is_ok());
    }

    async fn many_logins_leave_few_tokens(test: &TestDb) {
        let (ann, bo) = (person(&test.db, "ann@example.com").await, person(&test.db, "bo@example.com").await);
        let log_in = async |user: UserId, from: i64, many: i64, now: Millis| {
            write(&test.db, move |tx| {
                for at in from..from + many {
                    let secret = SecretHash::of(&format!("{user} {at}"));
                    issue_token(tx, user, TokenKind::Login, &secret, "login", Scopes::ALL, now)?;
                }
                Ok(())
            }).await.unwrap();
        };
        let count = async |user: UserId| {
            let sql = "select count(*) from token where user_id = $1 and kind = 'login'";
            test.db.read(move |tx| tx.one::<i64>(sql, params![user])).await.unwrap_or_else(|error: halyard_platform::db::Error| panic!("{error}"))
        };
        token(&test.db, ann, TokenKind::Personal, "personal").await;
        let kept = token(&test.db, ann, TokenKind::Login, "kept").await;
        log_in(bo, 0, 60, NOW).await;
        log_in(ann, 0, 60, NOW).await;
        assert_eq!(count(ann).await, 61, "all of them are young");
        let later = NOW + SURPLUS_LOGIN_DAYS * DAY + 1;
        write(&test.db, move |tx| Ok(write_uses(tx, &[kept], NOW + DAY)?)).await.unwrap();
        log_in(ann, 60, 1, later).await;
        assert_eq!(count(ann).await, LOGIN_TOKENS + 1, "the newest ones, and the one in use");
        assert!(who(&test.db, bearer("kept"), later).await.is_ok());
        log_in(ann, 61, MOST_LOGIN_TOKENS, later).await;
        assert_eq!(count(ann).await, MOST_LOGIN_TOKENS);
        assert!(who(&test.db, bearer("kept"), later).await.is_err());
        assert!(who(&test.db, bearer("personal"), later).await.is_ok());
        assert_eq!(count(bo).await, 60);
        write(&test.db, move |tx| revoke_all_tokens(tx, ann, TokenKind::Personal)).await.unwrap();
        assert_eq!(count(ann).await, 0);
    }

    async fn a_session_ends_by_itself(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        token(&test.db, ann, TokenKind::Session, "session").await;
        let end = NOW + SESSION_DAYS * DAY;
        assert!(who(&test.db, cookie("session"), end - 1).await.is_ok());
        let over = who(&test.db, cookie("session"), end).await;
        assert!(matches!(over, Err(Error::InvalidToken)), "{over:?}");
    }

    async fn revoking_all_of_a_kind_leaves_the_others(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        let bo = person(&test.db, "bo@example.com").await;
        token(&test.db, ann, TokenKind::Session, "a").await;
        token(&test.db, ann, TokenKind::Session, "b").await;
        token(&test.db, ann, TokenKind::Personal, "c").await;
        token(&test.db, bo, TokenKind::Session, "d").await;
        write(&test.db, move |tx| revoke_all_tokens(tx, ann, TokenKind::Session)).await.unwrap();
        assert!(who(&test.db, cookie("a"), NOW).await.is_err());
        assert!(who(&test.db, cookie("b"), NOW).await.is_err());
        assert!(who(&test.db, bearer("c"), NOW).await.is_ok());
        assert!(who(&test.db, cookie("d"), NOW).await.is_ok());
    }

    async fn an_ended_account_opens_nothing(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        token(&test.db, ann, TokenKind::Personal, "personal").await;
        token(&test.db, ann, TokenKind::Session, "session").await;
        write(&test.db, move |tx| {
            issue_code(tx, Purpose::Password, Some(ann), &SecretHash::of("code"), NOW + DAY)
        }).await.unwrap();
        write(&test.db, move |tx| mark_user_removed(tx, ann, NOW)).await.unwrap();

        assert!(who(&test.db, bearer("personal"), NOW).await.is_err());
        assert!(who(&test.db, cookie("session"), NOW).await.is_err());
        let code = write(&test.db, |tx| {
            redeem_code(tx, Purpose::Password, &SecretHash::of("code"), NOW)
        }).await;
        assert!(matches!(code, Err(Error::InvalidToken)), "{code:?}");
        let ann_now = user(&test.db, ann).await;
        assert!(ann_now.removed && ann_now.password_hash.is_none());
        // A token that some other path left behind does not open either.
        token(&test.db, ann, TokenKind::Personal, "late").await;
        let late = who(&test.db, bearer("late"), NOW).await;
        assert!(matches!(late, Err(Error::InvalidToken)), "{late:?}");
        let taken = write(&test.db, |tx| create_user(tx, &new("Ann", "ann@example.com"), NOW)).await;
        assert!(matches!(taken, Err(Error::EmailTaken)), "a removed person keeps the address");
    }

    async fn an_account_comes_back_without_a_password(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        write(&test.db, move |tx| reinstate_user(tx, ann)).await.unwrap();
        let same = user(&test.db, ann).await;
        assert!(!same.setup_pending && same.password_hash.is_some(), "nothing to give back");
        write(&test.db, move |tx| mark_user_removed(tx, ann, NOW)).await.unwrap();
        write(&test.db, move |tx| reinstate_user(tx, ann)).await.unwrap();
        let back = user(&test.db, ann).await;
        assert!(!back.removed && back.setup_pending && back.password_hash.is_none());
    }

    async fn a_code_works_once_for_its_purpose_and_in_time(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        write(&test.db, move |tx| {
            issue_code(tx, Purpose::Password, Some(ann), &SecretHash::of("reset"), NOW + 1000)?;
            issue_code(tx, Purpose::Password, Some(ann), &SecretHash::of("late"), NOW)?;
            issue_code(tx, Purpose::SetUp, None, &SecretHash::of("first"), NOW + 1000)
        }).await.unwrap();
        let redeem = async |purpose, secret: &'static str| {
            write(&test.db, move |tx| redeem_code(tx, purpose, &SecretHash::of(secret), NOW)).await
        };
        for (purpose, secret) in [
            (Purpose::SetUp, "reset"),
            (Purpose::Password, "first"),
            (Purpose::Password, "late"),
            (Purpose::Password, "unknown"),
        ] {
            let refused = redeem(purpose, secret).await;
            assert!(matches!(refused, Err(Error::InvalidToken)), "{secret}: {refused:?}");
        }
        assert_eq!(redeem(Purpose::Password, "reset").await.unwrap(), Some(ann));
        assert_eq!(redeem(Purpose::SetUp, "first").await.unwrap(), None);
        for (purpose, secret) in [(Purpose::Password, "reset"), (Purpose::SetUp, "first")] {
            let again = redeem(purpose, secret).await;
            assert!(matches!(again, Err(Error::InvalidToken)), "{secret}: {again:?}");
        }
    }

    async fn a_code_is_not_redeemed_twice_at_once(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        write(&test.db, move |tx| {
            issue_code(tx, Purpose::Password, Some(ann), &SecretHash::of("code"), NOW + 1000)
        }).await.unwrap();
        let mut running = Vec::new();
        for _ in 0..8 {
            let db = test.db.clone();
            running.push(tokio::spawn(async move {
                write(&db, |tx| redeem_code(tx, Purpose::Password, &SecretHash::of("code"), NOW)).await
            }));
        }
        let mut redeemed = 0;
        for task in running {
            redeemed += usize::from(task.await.unwrap().is_ok());
        }
        assert_eq!(redeemed, 1);
    }

    async fn the_sweep_takes_what_has_expired(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        token(&test.db, ann, TokenKind::Session, "session").await;
        token(&test.db, ann, TokenKind::Personal, "personal").await;
        write(&test.db, move |tx| {
            issue_code(tx, Purpose::Password, Some(ann), &SecretHash::of("old"), NOW + 1)?;
            issue_code(tx, Purpose::Password, Some(ann), &SecretHash::of("new"), NOW + 100 * DAY)
        }).await.unwrap();
        let rows = async || {
            test.db.read(|tx| tx.one::<(i64, i64)>(
                "select (select count(*) from token), (select count(*) from one_time_code)",
                params![],
            )).await.unwrap()
        };
        assert_eq!(write(&test.db, |tx| sweep_tokens(tx, NOW)).await.unwrap(), 0);
        assert_eq!(rows().await, (2, 2));
        let end = NOW + SESSION_DAYS * DAY;
        assert_eq!(write(&test.db, move |tx| sweep_tokens(tx, end)).await.unwrap(), 2);
        assert_eq!(rows().await, (1, 1));
        assert!(who(&test.db, bearer("personal"), end).await.is_ok());
    }

    async fn every_field_of_a_profile_changes_and_clears(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        let away = AwayMode {
            kind: AwayKind::Vacation,
            date_from: "2027-01-10".parse().unwrap(),
            date_to: "2027-01-20".parse().unwrap(),
        };
        let full = change(&test.db, ann, ProfileChange {
            name: Some(" Ann Lee-Smith ".to_owned()),
            email: Some("Ann.Smith@example.com".to_owned()),
            password_hash: Some("$other$".to_owned()),
            default_workspace: Some(7),
            profession: Some(Some("Sailor".to_owned())),
            contact_info: Some(Some("on deck".to_owned())),
            timezone: Some("Asia/Tokyo".to_owned()),
            snooze_until: Some(Some(NOW + DAY)),
            snooze_dnd_start: Some(Some(TimeOfDay::parse("snooze_dnd_start", "22:00").unwrap())),
            snooze_dnd_end: Some(Some(TimeOfDay::parse("snooze_dnd_end", "06:30").unwrap())),
            away_mode: Some(Some(away.clone())),
            off_days: Some(vec![7, 6, 7]),
            avatar: Some(Some("blob".to_owned())),
        }).await.unwrap();
        let before = full.version;
        assert_eq!(full, User {
            name: "Ann Lee-Smith".to_owned(),
            email: "Ann.Smith@example.com".to_owned(),
            password_hash: Some("$other$".to_owned()),
            default_workspace: Some(7),
            profession: Some("Sailor".to_owned()),
            contact_info: Some("on deck".to_owned()),
            timezone: "Asia/Tokyo".to_owned(),
            snooze_until: Some(NOW + DAY),
            snooze_dnd_start: Some("22:00".to_owned()),
            snooze_dnd_end: Some("06:30".to_owned()),
            away_mode: Some(away),
            off_days: vec![6, 7],
            avatar: Some("blob".to_owned()),
            ..full.clone()
        });

        let same = change(&test.db, ann, ProfileChange::default()).await.unwrap();
        assert_eq!(same, User { version: before + 1, ..full.clone() }, "nothing named, nothing changed");

        let cleared = change(&test.db, ann, ProfileChange {
            profession: Some(None),
            contact_info: Some(None),
            snooze_until: Some(None),
            snooze_dnd_start: Some(None),
            snooze_dnd_end: Some(None),
            away_mode: Some(None),
            off_days: Some(Vec::new()),
            avatar: Some(None),
            ..ProfileChange::default()
        }).await.unwrap();
        assert_eq!(cleared, User {
            profession: None,
            contact_info: None,
            snooze_until: None,
            snooze_dnd_start: None,
            snooze_dnd_end: None,
            away_mode: None,
            off_days: Vec::new(),
            avatar: None,
            version: before + 2,
            ..full
        });
        let old = test.db.read(|tx| load_user_by_email(tx, "ann@example.com")).await.unwrap();
        assert_eq!(old, None, "the old address is free");
        let found = test.db.read(|tx| load_user_by_email(tx, "ann.smith@example.com")).await.unwrap();
        assert_eq!(found.map(|user| user.id), Some(ann));
    }

    async fn a_profile_refuses_what_makes_no_sense(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        person(&test.db, "bo@example.com").await;
        let before = user(&test.db, ann).await;
        let day = |text: &str| text.parse().unwrap();
        let range = AwayMode { kind: AwayKind::Other, date_from: day("2027-02-02"), date_to: day("2027-02-01") };
        let none = ProfileChange::default;

        let result = change(&test.db, ann, ProfileChange { name: Some("  ".to_owned()), ..none() }).await;
        assert!(matches!(result, Err(Error::NameInvalid)), "{result:?}");
        let result = change(&test.db, ann, ProfileChange { name: Some("n".repeat(256)), ..none() }).await;
        assert!(matches!(result, Err(Error::NameInvalid)), "{result:?}");
        let result = change(&test.db, ann, ProfileChange { email: Some("ann@localhost".to_owned()), ..none() }).await;
        assert!(matches!(result, Err(Error::EmailInvalid)), "{result:?}");
        let result = change(&test.db, ann, ProfileChange { email: Some("BO@example.com".to_owned()), ..none() }).await;
        assert!(matches!(result, Err(Error::EmailTaken)), "{result:?}");
        let result = change(&test.db, ann, ProfileChange { timezone: Some("Mars/Olympus".to_owned()), ..none() }).await;
        assert!(matches!(result, Err(Error::TimezoneUnknown)), "{result:?}");
        let result = change(&test.db, ann, ProfileChange { away_mode: Some(Some(range)), ..none() }).await;
        assert!(matches!(result, Err(Error::DateRangeInvalid)), "{result:?}");
        for days in [vec![0], vec![1, 8]] {
            let result = change(&test.db, ann, ProfileChange { off_days: Some(days), ..none() }).await;
            assert!(matches!(result, Err(Error::Invalid { field: "off_days", .. })), "{result:?}");
        }
        let long = Some(Some("x".repeat(1001)));
        let result = change(&test.db, ann, ProfileChange { profession: long.clone(), ..none() }).await;
        assert!(matches!(result, Err(Error::Invalid { field: "profession", .. })), "{result:?}");
        let result = change(&test.db, ann, ProfileChange { contact_info: long, ..none() }).await;
        assert!(matches!(result, Err(Error::Invalid { field: "contact_info", .. })), "{result:?}");
        for text in ["25:00", "noon", "", "12:00:00.5"] {
            let result = TimeOfDay::parse("snooze_dnd_start", text);
            assert!(matches!(result, Err(Error::Invalid { field: "snooze_dnd_start", .. })), "{text}");
        }
        let result = change(&test.db, UserId(9_999), none()).await;
        assert!(matches!(result, Err(Error::UserNotFound)), "{result:?}");

        assert_eq!(user(&test.db, ann).await, before);
        let own = change(&test.db, ann, ProfileChange { email: Some("ANN@example.com".to_owned()), ..none() }).await;
        assert_eq!(own.unwrap().email, "ANN@example.com", "one's own address in other letters is free");
    }

    async fn where_clients_start_is_forgotten_with_the_workspace(test: &TestDb) {
        let ann = person(&test.db, "ann@example.com").await;
        let bo = person(&test.db, "bo@example.com").await;
        write(&test.db, move |tx| {
            set_default_workspace(tx, ann, Some(3))?;
            set_default_workspace(tx, bo, Some(4))
        }).await.unwrap();
        write(&test.db, |tx| forget_default_workspace(tx, 3)).await.unwrap();
        assert_eq!(user(&test.db, ann).await.default_workspace, None);
        assert_eq!(user(&test.db, bo).await.default_workspace, Some(4));
    }
}
