//! Ids as parameters, and what the negative ones stand for.

use halyard_identity::UserId;
use halyard_messaging::{
    Actor, ChannelId, CommentId, ConversationId, GroupId, MessageId, ThreadId, WorkspaceId,
    temp_id::{self, Kind},
};
use halyard_platform::db::Tx;

use super::error::Error;
use crate::id_param;

id_param!(UserId);
id_param!(WorkspaceId);
id_param!(ChannelId);
id_param!(ThreadId);
id_param!(CommentId);
id_param!(ConversationId);
id_param!(MessageId);
id_param!(GroupId);

/// An id that a client may also name by a temporary one.
pub(super) trait Resolve: Copy {
    /// The real id.
    ///
    /// # Errors
    /// Unknown temporary id.
    fn resolve(self, tx: &mut Tx<'_>, actor: &Actor) -> Result<Self, Error>;
}

macro_rules! resolve {
    ($($id:ident $kind:ident),+) => {$(
        impl Resolve for $id {
            fn resolve(self, tx: &mut Tx<'_>, actor: &Actor) -> Result<Self, Error> {
                Ok($id(temp_id::resolve(tx, actor, Kind::$kind, self.0)?))
            }
        }
    )+};
}
resolve!(WorkspaceId Workspace, ChannelId Channel, ThreadId Thread, CommentId Comment);
