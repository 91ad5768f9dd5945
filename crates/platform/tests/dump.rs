//! What is dumped on either database loads on it again, ids to come included.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use halyard_platform::{
    db::{Error, Migration, dump, empty, load, raise_sequence, sequences, tables},
    on_both_databases, params,
};

const SCHEMA: &[Migration] = &[Migration {
    name: "test/0001",
    // The child comes first by name.
    sql: "create table parent (
              id {id},
              title text,
              ratio double precision,
              done boolean not null,
              raw {bytes}
          );
          create table child (
              parent_id bigint primary key references parent (id)
          );",
}];

const ROWS: &str = r#"[1,"tab\tline\nslash\\ \\N \"ü\"",0.1,true,"00ff5c0a"]
[7,null,null,false,null]
[9,"",-1e300,true,""]
"#;

on_both_databases! {
    SCHEMA;

    async fn rows_come_back_as_they_went(test: &TestDb) {
        test.db.write(|tx| -> Result<(), Error> {
            let tables = tables(tx)?;
            let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
            assert_eq!(names, ["parent", "child"]);
            assert_eq!(load(tx, &tables[0], ROWS.as_bytes())?, 3);
            assert_eq!(load(tx, &tables[1], "[7]\n".as_bytes())?, 1);
            let mut text = String::new();
            dump(tx, &tables[0], |line| {
                text.push_str(line);
                Ok::<_, Error>(())
            })?;
            assert_eq!(text, ROWS);
            empty(tx, &tables)?;
            assert_eq!(tx.one::<i64>("select count(*) from parent", params![])?, 0);
            Ok(())
        }).await.unwrap();
    }

    async fn a_sequence_goes_on_and_never_back(test: &TestDb) {
        let last = test.db.write(|tx| -> Result<_, Error> {
            raise_sequence(tx, "parent", 40)?;
            raise_sequence(tx, "parent", 12)?;
            let id: i64 = tx.one("insert into parent (done) values (true) returning id", params![])?;
            assert_eq!(id, 41);
            sequences(tx)
        }).await.unwrap();
        assert_eq!(last, [("parent".to_owned(), 41)]);
    }

    async fn what_is_no_row_is_refused_with_its_line(test: &TestDb) {
        for bad in ["[2]", "{}", "[2,\"t\",1,\"yes\",null]", "[2.5,null,null,true,null]", "["] {
            let lines = format!("[1,null,null,true,null]\n{bad}\n");
            let error = test.db.write(move |tx| -> Result<u64, Error> {
                let tables = tables(tx)?;
                load(tx, &tables[0], lines.as_bytes())
            }).await.unwrap_err();
            assert!(error.to_string().contains("line 2 of table parent"), "{bad}: {error}");
        }
    }
}
