//! Receivers that are down, gone, slow or elsewhere.

use super::*;

on_both_databases! {
    migrations();

    async fn a_receiver_that_was_down_gets_everything_in_order_under_the_same_ids(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (cat, sink) = (&desk.team.cat, &desk.sink);
        let hook = desk.subscribe(cat, "comment_added").await;
        let thread = desk.thread("T").await;
        sink.answer(|_| Answer::Status(500));
        desk.comment(thread, "first").await;
        for (retry, wait) in RETRIES.iter().enumerate().take(6) {
            desk.tried(cat, &hook, retry as i64 + 1).await;
            if retry == 3 {
                desk.comment(thread, "second").await;
            }
            desk.advance(*wait).await;
        }
        desk.tried(cat, &hook, 7).await;
        let before = sink.seen();
        assert_eq!(texts(&before), ["first"; 7]);
        let ids: BTreeSet<_> = before.iter().map(|one| one.header("webhook-id").to_owned()).collect();
        assert_eq!(ids.len(), 1, "the same delivery");
        let stamps: BTreeSet<_> = before.iter().map(|one| one.header("webhook-timestamp").to_owned()).collect();
        assert_eq!(stamps.len(), 7, "each attempt says when it was made");

        sink.answer(|_| Answer::Status(204));
        desk.advance(RETRIES[6]).await;
        let seen = sink.wait_for(9).await;
        assert_eq!(texts(&seen[7..]), ["first", "second"]);
        assert_eq!(seen[7].header("webhook-id"), seen[0].header("webhook-id"));
        desk.until(cat, &hook, &["delivered"]).await;
        assert_eq!(cat.get("v3/hooks/get").await.ok()[0]["failures"], 0);
        desk.stop().await;
    }

    async fn a_receiver_that_stays_down_is_given_up_and_its_owner_told(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (cat, sink) = (&desk.team.cat, &desk.sink);
        let hook = desk.subscribe(cat, "comment_added").await;
        let thread = desk.thread("T").await;
        sink.answer(|_| Answer::Status(503));
        desk.comment(thread, "one").await;
        for (retry, wait) in RETRIES.iter().enumerate() {
            desk.tried(cat, &hook, retry as i64 + 1).await;
            if retry == 8 {
                desk.comment(thread, "two").await;
                // Otherwise it may come to be one only after the end.
                eventually("two deliveries", || async {
                    desk.deliveries(cat, &hook).await.len() == 2
                })
                .await;
            }
            desk.advance(*wait).await;
        }
        eventually("the end", || async {
            !cat.get("v3/hooks/get").await.ok()[0]["disabled_ts"].is_null()
        })
        .await;
        assert!(RETRIES.iter().sum::<i64>() <= 12 * 3_600_000);
        let states: Vec<_> =
            desk.deliveries(cat, &hook).await.iter().map(|one| one["status"].clone()).collect();
        assert_eq!(states, ["stopped", "failed"]);
        let mails = desk.team.app.mails().await;
        let mail = mails.iter().find(|mail| mail.subject.contains("stopped")).unwrap();
        assert_eq!(mail.to, cat.email);
        assert!(mail.text.contains(&sink.url("/hook")) && mail.text.contains("503"), "{}", mail.text);
        let tried = sink.seen().len();
        assert_eq!(tried, 11, "once and ten times again");

        // Nothing more is tried, and nothing sent again, until the owner subscribes again.
        desk.comment(thread, "unheard").await;
        // Who is told is decided when the event is followed, and that may take a moment.
        eventually("the event is followed", || async {
            let behind = "select count(*) from event
                 where id > (select event_id from event_follower where name = 'hooks')";
            db.db.read(|tx| tx.one::<i64>(behind, &[])).await.unwrap() == 0
        })
        .await;
        let all = json!({"id": hook["id"], "from_ts": 0});
        cat.post_json("v3/hooks/resend", all.clone()).await.fails(403, 109);
        sink.answer(|_| Answer::Status(200));
        let again = desk.subscribe(cat, "comment_added").await;
        assert_eq!((&again["id"], &again["secret"]), (&hook["id"], &hook["secret"]));
        let answer = cat.post_json("v3/hooks/resend", all).await.ok();
        assert_eq!(answer["count"], 2);
        let seen = sink.wait_for(tried + 2).await;
        assert_eq!(texts(&seen[tried..]), ["one", "two"]);
        assert_eq!(seen[tried].header("webhook-id"), seen[0].header("webhook-id"));
        desk.until(cat, &hook, &["delivered"]).await;
        let one = json!({"id": hook["id"], "delivery_id": desk.deliveries(cat, &hook).await[0]["id"]});
        assert_eq!(cat.post_json("v3/hooks/resend", one).await.ok()["count"], 1);
        assert_eq!(texts(&sink.wait_for(tried + 3).await[tried + 2..]), ["two"]);
        cat.post_json("v3/hooks/resend", json!({"id": hook["id"]})).await.fails(400, 19);
        desk.stop().await;
    }

    async fn gone_ends_a_subscription_at_once(db: &TestDb) {
        let desk = Desk::new(db).await;
        let hook = desk.subscribe(&desk.team.cat, "comment_added").await;
        desk.sink.answer(|_| Answer::Status(410));
        let thread = desk.thread("T").await;
        desk.comment(thread, "one").await;
        desk.until(&desk.team.cat, &hook, &["failed"]).await;
        eventually("stopped", || async {
            !desk.team.cat.get("v3/hooks/get").await.ok()[0]["disabled_ts"].is_null()
        })
        .await;
        assert_eq!(desk.sink.seen().len(), 1);
        desk.stop().await;
    }

    async fn a_thread_that_fails_or_hangs_holds_up_no_other(db: &TestDb) {
        let desk = Desk::new(db).await;
        let (cat, sink) = (&desk.team.cat, &desk.sink);
        let hook = desk.subscribe(cat, "comment_added").await;
        let (bad, slow, good) =
            (desk.thread("B").await, desk.thread("S").await, desk.thread("G").await);
        let broken = Arc::new(AtomicUsize::new(1));
        let state = broken.clone();
        sink.answer(move |seen| match (state.load(Ordering::SeqCst), seen.json()["thread_id"].as_i64()) {
            (1, thread) if thread == Some(bad) => Answer::Status(500),
            (1, thread) if thread == Some(slow) => Answer::Hang,
            _ => Answer::Status(200),
        });
        for number in 0..4 {
            desk.comment(bad, &format!("b{number}")).await;
            desk.comment(slow, &format!("s{number}")).await;
            desk.comment(good, &format!("g{number}")).await;
        }
        let of = |first: char| -> Vec<String> {
            texts(&sink.seen()).into_iter().filter(|text| text.starts_with(first)).collect()
        };
        eventually("the good thread", || async { of('g') == ["g0", "g1", "g2", "g3"] }).await;
        // Behind a failure nothing of its thread is sent.
        eventually("both failures", || async {
            let all = desk.deliveries(cat, &hook).await;
            all.iter().filter(|one| one["attempts"] == 1 && one["status"] == "pending").count() == 2
        })
        .await;
        assert_eq!((of('b'), of('s')), (vec!["b0".to_owned()], vec!["s0".to_owned()]));
        let slow_one = desk.deliveries(cat, &hook).await;
        let slow_one = slow_one.iter().find(|one| one["error"].as_str().is_some_and(|e| e.contains("longer than")));
        assert!(slow_one.is_some(), "the slow one was cut off");
        broken.store(0, Ordering::SeqCst);
        desk.advance(RETRIES[0]).await;
        desk.until(cat, &hook, &["delivered"]).await;
        assert_eq!(of('b'), ["b0", "b0", "b1", "b2", "b3"]);
        assert_eq!(of('s'), ["s0", "s0", "s1", "s2", "s3"]);
        desk.stop().await;
    }

    async fn a_redirect_leads_nowhere(db: &TestDb) {
        let desk = Desk::new(db).await;
        let inside = Sink::at("127.0.0.2:0").await;
        let hook = desk.subscribe(&desk.team.cat, "comment_added").await;
        let to = inside.url("/secret");
        desk.sink.answer(move |_| Answer::Redirect(to.clone()));
        let thread = desk.thread("T").await;
        desk.comment(thread, "one").await;
        desk.tried(&desk.team.cat, &hook, 1).await;
        let delivery = desk.deliveries(&desk.team.cat, &hook).await.remove(0);
        assert_eq!((&delivery["response_status"], &delivery["status"]), (&json!(307), &json!("pending")));
        assert!(inside.seen().is_empty());
        desk.stop().await;
    }

    async fn an_address_that_has_moved_inside_is_not_connected_to(db: &TestDb) {
        let allow = vec!["127.0.0.1".parse().unwrap()];
        let options = outbound::Options { allow, idle: Duration::ZERO, ..Default::default() };
        let moving = Moving(AtomicUsize::new(0));
        let outbound = Outbound::with_resolver(options, moving).unwrap();
        let desk = Desk::on(TestApp::reaching(db, Settings::default(), outbound)).await;
        let port = desk.sink.address.port();
        let inside = Sink::at(&format!("127.0.0.2:{port}")).await;
        desk.sink.answer(|_| Answer::Status(500));
        let target = format!("http://moving.test:{port}/");
        let hook = subscribe(&desk.team.cat, &target, "comment_added", json!({})).await;
        let thread = desk.thread("T").await;
        desk.comment(thread, "one").await;
        desk.tried(&desk.team.cat, &hook, 1).await;
        desk.advance(RETRIES[0]).await;
        desk.tried(&desk.team.cat, &hook, 2).await;
        let delivery = desk.deliveries(&desk.team.cat, &hook).await.remove(0);
        let error = delivery["error"].as_str().unwrap();
        assert!(error.contains("loopback") && !error.contains("127.0.0.2"), "{error}");
        assert_eq!((desk.sink.seen().len(), inside.seen().len()), (1, 0));
        desk.stop().await;
    }
}

/// Is at 127.0.0.1 once, and then at 127.0.0.2.
struct Moving(AtomicUsize);

impl Resolve for Moving {
    fn resolve(&self, _: &str) -> Resolved {
        let last = if self.0.fetch_add(1, Ordering::SeqCst) == 0 { 1 } else { 2 };
        Box::pin(async move { Ok::<_, io::Error>(vec![IpAddr::from([127, 0, 0, last])]) })
    }
}
