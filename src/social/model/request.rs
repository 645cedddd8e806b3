//! What waits for a member's yes: contacts, followers, first words, calls, invitations.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::ids::{MemberId, RequestId, RoomId};
use crate::members::Profile;

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// To be a contact.
    Contact,
    /// To follow.
    Follow,
    /// To be heard: they wrote.
    Message,
    /// To ring.
    Call,
    /// To ring with a picture.
    VideoCall,
    /// To bring me into a room.
    Invite,
}

impl RequestKind {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database; what is unknown asks for the least.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Contact,
            1 => Self::Follow,
            3 => Self::Call,
            4 => Self::VideoCall,
            5 => Self::Invite,
            _ => Self::Message,
        }
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Yes, this time.
    AcceptedOnce,
    /// Yes, and from now on.
    AcceptedAlways,
    /// No answer, and none to come.
    Ignored,
    /// The sender is blocked now.
    Blocked,
    /// The sender took it back, or is gone.
    Withdrawn,
    /// It never came to the other's eyes.
    Unheard,
    /// The other lets nobody ask for it any more.
    Closed,
}

impl Outcome {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }
}

/// A row of `requests`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct RequestRow {
    /// Its id.
    pub id: RequestId,
    /// Who is asked.
    pub member: MemberId,
    /// Who asks.
    pub sender: MemberId,
    /// [`RequestKind`].
    pub kind: i16,
    /// The conversation that waits, or the room to come into.
    pub room: Option<RoomId>,
    /// When.
    pub at: Millis,
    /// When it was answered.
    pub ended_at: Option<Millis>,
    /// [`Outcome`].
    pub outcome: Option<i16>,
    /// Is it one of those of which a day has so many?
    pub counts: bool,
    /// Was it answered with a yes that its sender is told of, and has not seen?
    pub yes_unseen: bool,
}

/// A request in the inbox.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// What they ask for.
    pub kind: RequestKind,
    /// Who asks.
    pub sender: Profile,
    /// My own name for them, or empty.
    pub own_name: String,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// The room to come into.
    pub room: Option<RoomId>,
    /// Its name.
    pub room_name: Option<String>,
    /// The beginning of what they wrote last, as plain text; null where nothing was written, or all of it was taken back.
    pub preview: Option<String>,
    /// How many messages wait, at most 100.
    pub messages: usize,
}
