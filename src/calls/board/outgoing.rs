//! What follows from what happened: words to connections, to the media server and to the database.

use bytes::Bytes;

use crate::calls::model::{CallRole, Cause, Fate, Parting};
use crate::calls::sfu;
use crate::clock::Millis;
use crate::ids::{CallId, MemberId, StayId};
use crate::live::Addressee;

/// What follows from what happened, in order.
#[derive(Debug)]
pub enum Outgoing {
    /// A frame of the third class.
    Tell(Addressee, Bytes),
    /// A word to the media server.
    Media(sfu::Input),
    /// Something for the database.
    Keep(Record),
    /// An offer was answered or refused.
    Answered {
        /// Of whom.
        who: sfu::Who,
        /// Which.
        generation: u32,
        /// Why not.
        refused: Option<sfu::Refusal>,
    },
}

/// Something for the database, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A stay begins.
    Joined { stay: StayId, call: CallId, member: MemberId, role: CallRole, at: Millis },
    /// A stay is over.
    Parted(Box<Parted>),
    /// Somebody accepted.
    Answered { call: CallId, at: Millis },
    /// Cameras and screens stay off in it.
    Voices { call: CallId },
    /// The call ended for somebody who did not come in.
    Fate { call: CallId, member: MemberId, fate: Fate },
    /// Somebody's role changed by itself.
    Role { call: CallId, member: MemberId, role: CallRole },
    /// It is over.
    Ended { call: CallId, cause: Cause, at: Millis },
}

/// A stay that is over, with what was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Parted {
    /// Which.
    pub stay: StayId,
    /// The call.
    pub call: CallId,
    /// Who.
    pub member: MemberId,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// Why.
    pub parting: Parting,
    /// How long, milliseconds.
    pub lasted: Millis,
    /// How long it took until media was there, milliseconds.
    pub connected_ms: Option<Millis>,
    /// How packets travelled.
    pub route: &'static str,
    /// Towards the server, at the end, kilobits in a second.
    pub kbps_in: i32,
    /// From the server, at the end.
    pub kbps_out: i32,
    /// Over the stay, thousandths.
    pub loss_permille: i32,
    /// The first hop that failed at the end, or empty.
    pub trouble: &'static str,
    /// The worst mark.
    pub quality: Option<u8>,
}
