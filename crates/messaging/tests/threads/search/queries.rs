//! A table of queries with what each of them finds: both databases must find exactly that. The
//! table is `queries.txt`: texts with a letter each, then queries with the letters of their hits.

use std::collections::BTreeMap;

use halyard_messaging::{
    CommentId,
    search::{self, Narrow},
};
use halyard_platform::on_both_databases;

use crate::{
    people::{NOW, Team, migrations},
    search::whole::index,
    support::*,
};

const TABLE: &str = include_str!("queries.txt");

on_both_databases! {
    migrations();

    async fn every_query_of_the_table_finds_exactly_its_hits(test: &TestDb) {
        let team = Team::new(&test.db).await;
        let everyone = halyard_messaging::Audience::of(halyard_messaging::Reach::Channel);
        let thread = start(test, team.ann, NOW, team.general, everyone).await.id;
        let mut letters: BTreeMap<CommentId, &str> = BTreeMap::new();
        for line in TABLE.lines() {
            if let Some((letter, text)) = line.split_once(": ") {
                let text = text.replace("\\n", "\n");
                letters.insert(say(test, team.ann, NOW, thread, &text).await.id, letter);
            }
        }
        index(&test.db).await;
        let (mut queries, mut wrong) = (0, Vec::new());
        for line in TABLE.lines() {
            let Some((query, expected)) = line.rsplit_once(" =>") else { continue };
            // A query in bars ends in a blank.
            let query = query.strip_prefix('|').and_then(|query| query.strip_suffix('|'))
                .unwrap_or(query).to_owned();
            let asked = query.clone();
            let found = see(test, team.bo, NOW, move |tx, actor| {
                search::in_thread(tx, actor, thread, &asked, &Narrow::default())
            });
            let found = found.await.expect("an answer");
            let mut hits: Vec<&str> = found.iter().map(|id| letters[id]).collect();
            hits.sort_unstable();
            let hits = hits.join(" ");
            if hits != expected.trim() {
                wrong.push(format!("{query} => {hits}"));
            }
            queries += 1;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(queries >= 100, "{queries} queries");
    }
}
