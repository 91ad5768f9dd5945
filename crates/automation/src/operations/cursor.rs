//! Cursors of polling triggers that are watched, so that a restart misses nothing.

use halyard_platform::{
    clock::Millis,
    db::{self, Tx},
    params,
};

use crate::{apps::run::Cursor, connections::WorkspaceId};

/// The cursor of this name, with the app and module that it is for.
///
/// # Errors
/// When the store fails, or what it holds is no cursor.
pub fn load_cursor(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<(String, String, Cursor)>, db::Error> {
    let found: Option<(String, String, String)> = tx.optional(
        "select app, module, cursor from trigger_cursor where workspace_id = $1 and name = $2",
        params![workspace, name],
    )?;
    let Some((app, module, text)) = found else { return Ok(None) };
    let cursor = serde_json::from_str(&text)
        .map_err(|error| db::Error::Engine(format!("the cursor {name:?}: {error}")))?;
    Ok(Some((app, module, cursor)))
}

/// Keeps a cursor under this name.
///
/// # Errors
/// When the store fails.
pub fn save_cursor(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    name: &str,
    (app, module, cursor): (&str, &str, &Cursor),
    now: Millis,
) -> Result<(), db::Error> {
    let text = serde_json::to_string(cursor).expect("a cursor becomes JSON");
    tx.exec(
        "insert into trigger_cursor (workspace_id, name, app, module, cursor, updated_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (workspace_id, name) do update set app = excluded.app,
             module = excluded.module, cursor = excluded.cursor, updated_at = excluded.updated_at",
        params![workspace, name, app, module, &text, now],
    )?;
    Ok(())
}

/// Forgets a cursor.
///
/// # Errors
/// When the store fails.
pub fn forget_cursor(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    name: &str,
) -> Result<bool, db::Error> {
    let gone = tx.exec(
        "delete from trigger_cursor where workspace_id = $1 and name = $2",
        params![workspace, name],
    )?;
    Ok(gone > 0)
}
