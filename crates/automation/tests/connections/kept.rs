//! Keeping connections: names, encryption, rotation of keys.

use halyard_automation::connections::{
    About, Error, Findings, Store, WorkspaceId, forget_workspace,
};
use halyard_iml::{Collection, Date, Value};
use halyard_platform::{db::Db, on_both_databases, params};

use crate::support::{NOW, Ring, about, collection, key, migrations, store};

const OPERATOR: WorkspaceId = WorkspaceId::OPERATOR;

async fn add(store: &Store, about: About) -> Result<(), Error> {
    let parameters = collection(&[("apiKey", "sesame-1"), ("region", "eu")]);
    let found = Findings {
        data: collection(&[("accessToken", "sesame-2"), ("region", "us")]),
        metadata: Some("ann@example.com".to_owned()),
        uid: Some("17".to_owned()),
        scopes: Some(vec!["a:read".into()]),
        ..Findings::default()
    };
    store.add(about, parameters, found).await.map(drop)
}

async fn raw(db: &Db, name: &'static str) -> Vec<u8> {
    db.read(move |tx| tx.one("select sealed from connection where name = $1", params![name]))
        .await
        .unwrap_or_else(|error: halyard_platform::db::Error| panic!("{error}"))
}

async fn exec(db: &Db, sql: &'static str) -> u64 {
    db.write(move |tx| tx.exec(sql, params![]))
        .await
        .unwrap_or_else(|error: halyard_platform::db::Error| panic!("{error}"))
}

fn text(root: &Value, name: &str) -> Option<String> {
    let Value::Collection(all) = root else { panic!("{root:?} is no collection") };
    all.by_name(name).map(|value| value.as_text().expect("a text").to_string())
}

on_both_databases! {
    migrations();

    async fn it_is_read_as_it_was_kept_and_encrypted_in_between(db: &TestDb) {
        let (db, ring) = (&db.db, Ring::of(&[key("k1", 1)]));
        let store = store(db, &ring);
        let with_base = About { base_url: Some("https://h.example".to_owned()), ..about("crew") };
        add(&store, with_base).await.unwrap();
        let read = store.load(OPERATOR, "crew").await.unwrap();
        let root = read.root();
        assert_eq!(text(&root, "apiKey").as_deref(), Some("sesame-1"));
        assert_eq!(text(&root, "accessToken").as_deref(), Some("sesame-2"));
        assert_eq!(text(&root, "region").as_deref(), Some("us"), "what was saved wins");
        assert_eq!(text(&root, "baseUrl").as_deref(), Some("https://h.example"));
        let listed = &store.list(None).await.unwrap()[0];
        assert_eq!(listed.metadata.as_deref(), Some("ann@example.com"));
        assert_eq!((listed.uid.as_deref(), listed.made_at), (Some("17"), NOW));
        assert_eq!(&*listed.scopes[0], "a:read");
        assert!(!raw(db, "crew").await.windows(6).any(|part| part == b"sesame"));
        assert!(!format!("{read:?}").contains("sesame"));
    }

    async fn types_of_values_survive(db: &TestDb) {
        let store = store(&db.db, &Ring::of(&[key("k1", 1)]));
        let ends = Value::Date(Date::from_ms(NOW).unwrap());
        let data = Collection::of([("expires", ends), ("raw", Value::buffer([0_u8, 255]))]);
        let found = Findings { data: data.into(), ..Findings::default() };
        store.add(about("dates"), Value::Undefined, found).await.unwrap();
        let read = store.load(OPERATOR, "dates").await.unwrap().secrets.data;
        let Value::Collection(read) = read else { panic!("no collection") };
        assert!(matches!(read.by_name("expires"), Some(Value::Date(date)) if date.ms() == NOW));
        assert!(matches!(read.by_name("raw"), Some(Value::Buffer(raw)) if **raw == [0, 255]));
    }

    async fn names_are_unique_in_a_workspace(db: &TestDb) {
        let store = store(&db.db, &Ring::of(&[key("k1", 1)]));
        add(&store, about("crew")).await.unwrap();
        assert!(matches!(add(&store, about("crew")).await, Err(Error::NameTaken(name)) if name == "crew"));
        let other = || About { workspace: WorkspaceId(7), ..about("crew") };
        store.expect_free(&other()).await.unwrap();
        add(&store, other()).await.unwrap();
        assert!(matches!(store.expect_free(&other()).await, Err(Error::NameTaken(_))));
        for wrong in ["", " crew", "a\nb", &"x".repeat(101)] {
            assert!(matches!(add(&store, about(wrong)).await, Err(Error::NameInvalid)), "{wrong:?}");
        }
        assert!(matches!(store.load(WorkspaceId(8), "crew").await, Err(Error::NotFound(_))));
        // A workspace that goes takes its connections along, and no others.
        let of_seven = store.load(WorkspaceId(7), "crew").await.unwrap().listed.id;
        db.db.write(|tx| forget_workspace(tx, WorkspaceId(7))).await.unwrap();
        assert!(matches!(store.load(WorkspaceId(7), "crew").await, Err(Error::NotFound(_))));
        let own = store.load(OPERATOR, "crew").await.unwrap().listed.id;
        assert!(!store.remove(of_seven).await.unwrap());
        assert!(store.remove(own).await.unwrap());
        assert!(store.list(None).await.unwrap().is_empty());
    }

    async fn a_row_that_was_changed_does_not_open(db: &TestDb) {
        let store = store(&db.db, &Ring::of(&[key("k1", 1)]));
        add(&store, about("crew")).await.unwrap();
        store.load(OPERATOR, "crew").await.unwrap();
        // Its secrets would go to somebody else's server.
        exec(&db.db, "update connection set base_url = 'https://evil.example'").await;
        let error = store.load(OPERATOR, "crew").await.unwrap_err();
        assert!(matches!(error, Error::Damaged(_)), "{error}");
        exec(&db.db, "update connection set base_url = null").await;
        store.load(OPERATOR, "crew").await.unwrap();
        let mut sealed = raw(&db.db, "crew").await;
        *sealed.last_mut().unwrap() ^= 1;
        db.db.write(move |tx| tx.exec("update connection set sealed = $1", params![&sealed])).await
            .unwrap_or_else(|error: halyard_platform::db::Error| panic!("{error}"));
        assert!(matches!(store.load(OPERATOR, "crew").await, Err(Error::Damaged(_))));
        // It can still be looked at, and removed.
        assert_eq!(store.list(Some(OPERATOR)).await.unwrap().len(), 1);
    }

    async fn another_key_says_so_and_a_missing_one_says_which(db: &TestDb) {
        let ring = Ring::of(&[key("k1", 1)]);
        let store = store(&db.db, &ring);
        add(&store, about("crew")).await.unwrap();
        ring.set(&[key("k1", 9)]);
        assert!(matches!(store.load(OPERATOR, "crew").await, Err(Error::Damaged(_))));
        ring.set(&[key("k2", 1)]);
        let error = store.load(OPERATOR, "crew").await.unwrap_err().to_string();
        assert!(error.contains("\"crew\"") && error.contains("key k1"), "{error}");
        assert_eq!(store.keys_in_use().await.unwrap(), ["k1"]);
    }

    async fn a_new_key_takes_over_everything(db: &TestDb) {
        let (old, new) = (key("k1", 1), key("k2", 2));
        let ring = Ring::of(std::slice::from_ref(&old));
        let store = store(&db.db, &ring);
        let names: Vec<String> = (0..130).map(|at| format!("c{at}")).collect();
        for name in &names {
            add(&store, about(name)).await.unwrap();
        }
        ring.set(&[new.clone(), old]);
        assert_eq!(store.rotate().await.unwrap(), 130);
        assert_eq!(store.rotate().await.unwrap(), 0);
        assert_eq!(store.keys_in_use().await.unwrap(), ["k2"]);
        ring.set(&[new]);
        for name in &names {
            let read = store.load(OPERATOR, name).await.unwrap();
            assert_eq!(text(&read.root(), "accessToken").as_deref(), Some("sesame-2"));
            assert_eq!(read.listed.version, 1, "what is saved has not changed");
        }
    }
}
