use halyard_platform::{
    db::{self, Tx},
    events::{self, NewEvent},
};

use crate::{Actor, WorkspaceId};

/// Records a fact in the transaction of the change.
///
/// `kind` is a name of the outbound hooks (`comment_added`); `subject` is what deliveries are
/// ordered by, such as `("thread", 17)`; `payload` is a JSON object with the ids of what was
/// touched. Contents stay out: they can be edited or removed later.
pub(crate) fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    workspace: WorkspaceId,
    kind: &str,
    subject: (&str, i64),
    payload: &str,
) -> Result<(), db::Error> {
    let event = NewEvent {
        workspace_id: Some(workspace.0),
        kind,
        subject: &format!("{}:{}", subject.0, subject.1),
        payload,
        at: actor.now,
    };
    events::record(tx, &event)
}
