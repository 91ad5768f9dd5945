//! Documents are found by their words, alike on both databases.
#![cfg(test)]

use halyard_platform::{
    MIGRATIONS,
    db::{self, Db},
    fulltext::{self, Document, Found, Query},
    on_both_databases,
};

fn document(id: i64, words: &str) -> Document {
    Document { id, words: words.split(' ').map(str::to_owned).collect() }
}

async fn put(db: &Db, documents: Vec<Document>) {
    db.write(move |tx| fulltext::put(tx, &documents)).await.unwrap();
}

/// `a|b c`: one of a and b, and c.
fn query(text: &str) -> Query {
    let lists = text.split_whitespace().map(|list| list.split('|').map(str::to_owned).collect());
    Query { all: lists.collect() }
}

async fn newest(db: &Db, text: &str, from: i64, below: i64, limit: i64) -> Found {
    let query = query(text);
    db.read(move |tx| fulltext::newest(tx, &query, from, below, limit)).await.unwrap()
}

async fn all(db: &Db, text: &str) -> Vec<i64> {
    newest(db, text, i64::MIN, i64::MAX, 1000).await.documents
}

on_both_databases! {
    MIGRATIONS.to_vec();

    async fn words_find_documents_newest_first(test: &TestDb) {
        let db = &test.db;
        put(db, vec![
            document(10, "red apple 東京 5\u{E000}x"),
            document(-3, "red"),
            document(7_000_000_000_000, "red apple"),
            document(12, "green pear ß"),
        ]).await;
        assert_eq!(all(db, "red").await, [7_000_000_000_000, 10, -3]);
        assert_eq!(all(db, "red apple").await, [7_000_000_000_000, 10]);
        assert_eq!(all(db, "apple|pear").await, [7_000_000_000_000, 12, 10]);
        assert_eq!(all(db, "apple|pear green").await, [12]);
        assert_eq!(all(db, "東京").await, [10]);
        assert_eq!(all(db, "5\u{E000}x").await, [10]);
        assert_eq!(all(db, "ß").await, [12]);
        for nothing in ["", "re", "redd", "Red", "red blue", "blue"] {
            assert_eq!(all(db, nothing).await, [0; 0], "{nothing}");
        }
        let part = newest(db, "red", -5, 11, 1).await;
        assert_eq!(part, Found { documents: vec![10], rest: Some(10) });
        let part = newest(db, "red", -5, 10, 5).await;
        assert_eq!(part, Found { documents: vec![-3], rest: None });
        assert_eq!(newest(db, "red", 10, 10, 5).await, Found::default());
    }

    async fn what_is_entered_again_or_removed_leaves_nothing_behind(test: &TestDb) {
        let db = &test.db;
        put(db, vec![document(1, "old"), document(2, "old")]).await;
        put(db, vec![document(1, "new")]).await;
        assert_eq!((all(db, "old").await, all(db, "new").await), (vec![2], vec![1]));
        db.write(|tx| fulltext::remove(tx, &[2, 99])).await.unwrap();
        assert_eq!(all(db, "old").await, [0; 0]);
        assert_eq!(db.read(|tx| fulltext::known(tx, &[1, 2, 3])).await.unwrap(), [1]);
        db.write(fulltext::clear).await.unwrap();
        assert_eq!(all(db, "new").await, [0; 0]);
        put(db, vec![document(1, "new")]).await;
        assert_eq!(all(db, "new").await, [1]);
    }

    async fn words_that_begin_alike_come_by_frequency(test: &TestDb) {
        let db = &test.db;
        put(db, vec![document(1, "team tea teach"), document(2, "teach tea"), document(3, "teach")])
            .await;
        let begin = |start: &'static str, n| db.read(move |tx| fulltext::beginning_with(tx, start, n));
        assert_eq!(begin("tea", 9).await.unwrap(), ["teach", "tea", "team"]);
        assert_eq!(begin("tea", 1).await.unwrap(), ["teach"]);
        assert_eq!(begin("tee", 9).await.unwrap(), Vec::<String>::new());
    }

    async fn common_words_are_walked_from_the_newest_on(test: &TestDb) {
        let db = &test.db;
        for part in 0..5 {
            let ids = part * 5_000..(part + 1) * 5_000;
            put(db, ids.map(|id| document(id, if id == 100 { "much rare" } else { "much" })).collect())
                .await;
        }
        put(db, (30_000..33_000).map(|id| document(id, "rare")).collect()).await;
        assert_eq!(newest(db, "much", 0, 25_000, 2).await.documents, [24_999, 24_998]);
        // Both are common: however many steps it takes, it gets there and then it ends.
        let (mut below, mut found, mut steps) = (i64::MAX, Vec::new(), 0);
        loop {
            let part = newest(db, "much rare", i64::MIN, below, 10).await;
            found.extend(part.documents);
            steps += 1;
            match part.rest {
                Some(rest) => below = rest,
                None => break,
            }
        }
        assert_eq!(found, [100]);
        assert!(steps <= 3, "{steps} steps");
    }

    async fn the_index_is_no_table_to_be_backed_up(test: &TestDb) {
        let tables = test.db.read(db::tables).await.unwrap();
        let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
        assert!(names.contains(&"fulltext_word") && names.contains(&"event"), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("fulltext_index")), "{names:?}");
    }
}
