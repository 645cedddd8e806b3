//! What this slice tells other slices, inside the transaction in which it happened.

use std::sync::Arc;

use crate::error::Result;
use crate::ids::{MemberId, MessageId, RoomId};
use crate::storage::Tx;

/// Something happened between members, or to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A member does not want to hear of another at all any more.
    ShutOut {
        /// Who.
        member: MemberId,
        /// Whom.
        other: MemberId,
    },
    /// They may hear of each other again.
    LetBack {
        /// Who.
        member: MemberId,
        /// Whom.
        other: MemberId,
    },
    /// A report was looked at: whoever made it is to be told.
    ReportClosed {
        /// By whom it was made.
        reporter: MemberId,
    },
    /// A member said yes to what waited for them in a room.
    Accepted {
        /// Who.
        member: MemberId,
        /// In which room.
        room: RoomId,
    },
}

/// An invitation that somebody wants to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Who is invited.
    pub member: MemberId,
    /// By whom.
    pub sender: MemberId,
    /// Into which room.
    pub room: RoomId,
}

/// A message that somebody wants to report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenMessage {
    /// Its room.
    pub room: RoomId,
    /// Who wrote it.
    pub author: MemberId,
    /// Markdown.
    pub body: String,
    /// Do they see it in its room? One that waits for their yes they see in their inbox only.
    pub is_seen: bool,
}

/// What hears a notice.
type Listener = dyn Fn(&mut Tx<'_>, &Notice) -> Result<()> + Send + Sync;
/// Says whether an invitation still holds.
type Asked = dyn Fn(&mut Tx<'_>, &Invitation) -> Result<bool> + Send + Sync;
/// Looks at a message with the eyes of a member; none when it is not there for them.
type Looks = dyn Fn(&mut Tx<'_>, MemberId, MessageId) -> Result<Option<SeenMessage>> + Send + Sync;

/// What handlers of the slice need beside the ground: where notices go, and who knows the rooms.
#[derive(Clone)]
pub struct Social {
    listener: Arc<Listener>,
    asked: Arc<Asked>,
    looks: Arc<Looks>,
}

impl std::fmt::Debug for Social {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Social")
    }
}

impl Social {
    /// Notices go to `listener`, `asked` says whether an invitation still holds, and `looks` who sees which message; `consequences` connects
    /// the other slices.
    #[must_use]
    pub fn new(listener: Arc<Listener>, asked: Arc<Asked>, looks: Arc<Looks>) -> Self {
        Self { listener, asked, looks }
    }

    /// A message as a member sees it; none when it is gone, or was not for them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn look_at(&self, tx: &mut Tx<'_>, member: MemberId, message: MessageId) -> Result<Option<SeenMessage>> {
        (self.looks)(tx, member, message)
    }

    /// Can the invited still come into the room, by the word of who invited them?
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn may_still(&self, tx: &mut Tx<'_>, invitation: Invitation) -> Result<bool> {
        (self.asked)(tx, &invitation)
    }

    /// Tells.
    ///
    /// # Errors
    /// Those of the listeners; the transaction is then rolled back.
    pub fn tell(&self, tx: &mut Tx<'_>, notice: Notice) -> Result<()> {
        (self.listener)(tx, &notice)
    }
}
