//! The bare store limit: handlers in the shape of ours that do the least for the same effect.
//!
//! * `POST /bare/insert`, SQLite: inserts one row equal to a comment through the grouped store.
//!   PostgreSQL: the equal transaction, statement by statement (insert the row, update the
//!   counters of its thread, insert an event), on ten connections.
//! * `GET /bare/select`: selects 50 rows equal to comments and serializes them.
//!
//! Neither knows of tokens, memberships, parameters or versions.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use halyard_platform::db::{Db, Dialect, Error, FromRow, Migration, Options, Row};
use halyard_platform::params;
use serde::Serialize;

/// Threads over which the rows are spread, as in the compared scenario.
const THREADS: i64 = 64;
/// Rows of one page.
const PAGE: i64 = 50;

const SCHEMA: &[Migration] = &[Migration {
    name: "bare/0001",
    sql: "create table thread (id bigint primary key, comments bigint not null, last bigint not null);
          create table comment (
              id {id}, thread_id bigint not null, obj_index bigint not null,
              creator bigint not null, content text not null, attachments text, actions text,
              audience text not null, recipients text not null, groups text not null,
              direct_mentions text not null, direct_group_mentions text not null,
              reactions text not null default '{}', system_message text,
              posted_at bigint not null, last_edited_at bigint, deleted_at bigint,
              deleted_by bigint, version bigint not null default 1);
          create unique index comment_of_thread on comment (thread_id, obj_index);
          create table event (id {id}, workspace_id bigint, kind text not null,
              subject text not null, payload text not null, at bigint not null,
              tx bigint not null);",
}];

/// Where the bare server keeps its rows.
#[derive(Debug, Clone)]
pub enum Place {
    /// A directory for SQLite.
    Directory(PathBuf),
    /// A PostgreSQL address.
    Url(String),
}

struct Bare {
    db: Db,
    next: AtomicI64,
}

#[derive(Serialize)]
struct Comment {
    id: i64,
    thread_id: i64,
    obj_index: i64,
    creator: i64,
    content: String,
    attachments: Option<String>,
    actions: Option<String>,
    audience: String,
    recipients: String,
    groups: String,
    direct_mentions: String,
    direct_group_mentions: String,
    reactions: String,
    system_message: Option<String>,
    posted_at: i64,
    last_edited_at: Option<i64>,
    deleted_at: Option<i64>,
    deleted_by: Option<i64>,
    version: i64,
}

impl FromRow for Comment {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            id: row.get()?,
            thread_id: row.get()?,
            obj_index: row.get()?,
            creator: row.get()?,
            content: row.get()?,
            attachments: row.get()?,
            actions: row.get()?,
            audience: row.get()?,
            recipients: row.get()?,
            groups: row.get()?,
            direct_mentions: row.get()?,
            direct_group_mentions: row.get()?,
            reactions: row.get()?,
            system_message: row.get()?,
            posted_at: row.get()?,
            last_edited_at: row.get()?,
            deleted_at: row.get()?,
            deleted_by: row.get()?,
            version: row.get()?,
        })
    }
}

/// Serves until the process ends, on as many threads as the machine has cores.
pub fn serve(listen: SocketAddr, place: &Place) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("build the runtime")?;
    runtime.block_on(async {
        let options = match place {
            Place::Directory(directory) => Options::sqlite(directory.join("bare.db")),
            Place::Url(url) => Options::postgres(url.clone()),
        };
        let db = Db::open(options, SCHEMA.to_vec()).await.context("open the store")?;
        db.write(|tx| -> Result<(), Error> {
            for thread in 0..THREADS {
                tx.exec(
                    "insert into thread (id, comments, last) values ($1, 0, 0)",
                    params![thread],
                )?;
            }
            for index in 0..PAGE {
                tx.exec(
                    "insert into comment (thread_id, obj_index, creator, content, audience,
                         recipients, groups, direct_mentions, direct_group_mentions, posted_at)
                     values (-1, $1, 1, $2, 'thread', '[]', '[]', '[]', '[]', 1700000000000)",
                    params![index, TEXT],
                )?;
            }
            Ok(())
        })
        .await
        .context("prepare the rows")?;
        let bare = Arc::new(Bare { db, next: AtomicI64::new(0) });
        let routes = Router::new()
            .route("/bare/insert", post(insert))
            .route("/bare/select", get(select))
            .route("/readyz", get(|| async { "ready" }))
            .with_state(bare);
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .with_context(|| format!("listen on {listen}"))?;
        axum::serve(listener, routes).await.context("serve")
    })
}

/// As long as the comment of the compared scenario.
const TEXT: &str = "The build is green again since this morning. I have moved the two open points \
                    to the next milestone and asked the others for a second look at the migration \
                    before we tag it.";

async fn insert(State(bare): State<Arc<Bare>>, _body: bytes::Bytes) -> Response {
    let number = bare.next.fetch_add(1, Ordering::Relaxed);
    let (thread, index) = (number % THREADS, number / THREADS);
    let whole_transaction = bare.db.dialect() == Dialect::Postgres;
    let inserted: Result<i64, Error> = bare
        .db
        .write(move |tx| {
            let id = tx.one(
                "insert into comment (thread_id, obj_index, creator, content, audience,
                     recipients, groups, direct_mentions, direct_group_mentions, posted_at)
                 values ($1, $2, 1, $3, 'thread', '[]', '[]', '[]', '[]', 1700000000000)
                 returning id",
                params![thread, index, TEXT],
            )?;
            if whole_transaction {
                tx.exec(
                    "update thread set comments = comments + 1, last = $2 where id = $1",
                    params![thread, index],
                )?;
                tx.exec(
                    "insert into event (workspace_id, kind, subject, payload, at, tx)
                     values (1, 'comment_added', 'thread:1', '{}', 1700000000000, {tx})",
                    params![],
                )?;
            }
            Ok(id)
        })
        .await;
    answer(inserted.map(|id| format!("{{\"id\":{id}}}").into_bytes()))
}

async fn select(State(bare): State<Arc<Bare>>) -> Response {
    let rows: Result<Vec<Comment>, Error> = bare
        .db
        .read(|tx| {
            tx.all(
                "select id, thread_id, obj_index, creator, content, attachments, actions,
                     audience, recipients, groups, direct_mentions, direct_group_mentions,
                     reactions, system_message, posted_at, last_edited_at, deleted_at,
                     deleted_by, version
                 from comment where thread_id = -1 order by obj_index desc limit 50",
                params![],
            )
        })
        .await;
    let encode = |rows: Vec<Comment>| {
        serde_json::to_vec(&rows).map_err(|error| Error::Engine(error.to_string()))
    };
    answer(rows.and_then(encode))
}

fn answer(body: Result<Vec<u8>, Error>) -> Response {
    match body {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
