//! What this slice tells other slices, inside the transaction in which it happened.

use std::sync::Arc;

use super::model::RequestKind;
use crate::error::Result;
use crate::ids::{MemberId, RoomId};
use crate::storage::Tx;

/// Something happened between two members.
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
    /// A member said yes to what waited for them in a room.
    Accepted {
        /// Who.
        member: MemberId,
        /// To whom.
        sender: MemberId,
        /// What.
        kind: RequestKind,
        /// In which room.
        room: RoomId,
    },
}

/// What hears a notice.
type Listener = dyn Fn(&mut Tx<'_>, &Notice) -> Result<()> + Send + Sync;

/// What handlers of the slice need beside the ground: where notices go.
#[derive(Clone)]
pub struct Social {
    listener: Arc<Listener>,
}

impl std::fmt::Debug for Social {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Social")
    }
}

impl Social {
    /// Notices go to `listener`; `consequences` connects the other slices.
    #[must_use]
    pub fn new(listener: Arc<Listener>) -> Self {
        Self { listener }
    }

    /// Tells.
    ///
    /// # Errors
    /// Those of the listeners; the transaction is then rolled back.
    pub fn tell(&self, tx: &mut Tx<'_>, notice: Notice) -> Result<()> {
        (self.listener)(tx, &notice)
    }
}
