//! Events of a member's own log that this slice writes: kinds 400–499. They hold no words.

use serde::Serialize;

use super::model::{ContactState, FollowState, Outcome, RequestKind};
use crate::error::Result;
use crate::ids::{MemberId, RequestId};
use crate::live::Effect;
use crate::storage::{Announcement, LogEntry};

/// An event on the wire.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "docs/protocol.md describes every field, and a test holds both together")]
pub enum SocialEvent {
    ContactChanged { member: MemberId, state: ContactState },
    FollowChanged { member: MemberId, state: FollowState },
    FollowerChanged { member: MemberId, follows_me: bool },
    Blocked { member: MemberId },
    Unblocked { member: MemberId },
    Muted { member: MemberId },
    Unmuted { member: MemberId },
    RequestCame { request: RequestId, about: RequestKind, sender: MemberId },
    RequestEnded { request: RequestId, outcome: Outcome },
    ReachChanged { asks_before_follow: bool },
    Listed { member: MemberId, always: bool, never: bool },
    NoteChanged { member: MemberId },
    MayCall { member: MemberId, about: Option<RequestKind> },
}

impl SocialEvent {
    /// The event as it is written to the member's log.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn announcement(&self, actor: Option<MemberId>) -> Result<Announcement> {
        let (kind, subject) = match self {
            Self::ContactChanged { member, .. } => (400, member.0),
            Self::FollowChanged { member, .. } => (401, member.0),
            Self::FollowerChanged { member, .. } => (402, member.0),
            Self::Blocked { member } => (403, member.0),
            Self::Unblocked { member } => (404, member.0),
            Self::Muted { member } => (405, member.0),
            Self::Unmuted { member } => (406, member.0),
            Self::RequestCame { request, .. } => (407, request.0),
            Self::RequestEnded { request, .. } => (408, request.0),
            Self::ReachChanged { .. } => (409, 0),
            Self::Listed { member, .. } => (410, member.0),
            Self::NoteChanged { member } => (411, member.0),
            Self::MayCall { member, .. } => (412, member.0),
        };
        let event = serde_json::to_string(self)?;
        Ok(Announcement { kind, actor, subject: Some(subject), event, entry: LogEntry::Whole, effect: Effect::None, instead: Vec::new() })
    }
}
