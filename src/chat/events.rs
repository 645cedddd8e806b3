//! What happens in rooms, in words on the wire. Applying an event twice changes nothing.

use serde::Serialize;

use super::model::{History, Level, Mentions, MessageBody, RoomKind, RoomRole, RoomRow};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, MessageId, RoomId};
use crate::live::{Effect, Seq};
use crate::storage::{Announcement, LogEntry};

/// Numbers of the kinds as stored; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the events")]
pub enum EventNumber {
    MessageSent = 1,
    MessageEdited = 2,
    MessageDeleted = 3,
    MessagePinned = 4,
    MessageUnpinned = 5,
    ReactionAdded = 6,
    ReactionRemoved = 7,
    MemberJoined = 8,
    MemberLeft = 9,
    RoomChanged = 10,
    RoomRoleSet = 11,
    MemberInvited = 12,
    MemberUninvited = 13,
    Hidden = 14,
    MessagesExpired = 15,
    RoomJoined = 200,
    RoomLeft = 201,
    ReadMarked = 202,
    LevelSet = 203,
}

/// Why somebody is no longer in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// They went.
    Left,
    /// Somebody removed them.
    Removed,
    /// They were banned from the community.
    Banned,
    /// Their account was deleted.
    Deleted,
}

/// How many answers a thread has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ThreadTotal {
    /// Its first message.
    pub id: MessageId,
    /// Answers that are left.
    pub total: i32,
}

/// An event of a room.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "docs/protocol.md describes every field, and a test holds both together")]
pub enum Event {
    MessageSent(MessageBody),
    MessageEdited {
        id: MessageId,
        actor: MemberId,
        body: Option<String>,
        body_html: Option<String>,
        edited_at: Option<Millis>,
        mentions: Mentions,
    },
    MessageDeleted {
        id: MessageId,
        actor: MemberId,
        thread: Option<MessageId>,
        thread_total: Option<i32>,
    },
    MessagePinned {
        id: MessageId,
        actor: MemberId,
    },
    MessageUnpinned {
        id: MessageId,
        actor: MemberId,
    },
    ReactionAdded {
        id: MessageId,
        actor: MemberId,
        emoji: String,
    },
    ReactionRemoved {
        id: MessageId,
        actor: MemberId,
        emoji: String,
    },
    MemberJoined {
        member: MemberId,
        actor: MemberId,
    },
    MemberLeft {
        member: MemberId,
        actor: Option<MemberId>,
        reason: Departure,
    },
    MemberInvited {
        member: MemberId,
        actor: MemberId,
    },
    MemberUninvited {
        member: MemberId,
        actor: Option<MemberId>,
    },
    RoomChanged {
        actor: MemberId,
        name: Option<String>,
        topic: String,
        archived: bool,
        history: History,
        voice: bool,
        slow_seconds: i32,
        keep_days: Option<i32>,
    },
    RoomRoleSet {
        actor: Option<MemberId>,
        member: MemberId,
        role: RoomRole,
    },
    Hidden,
    MessagesExpired {
        through: Seq,
        threads: Vec<ThreadTotal>,
    },
}

/// An event of a member's own log that chat writes.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "docs/protocol.md describes every field, and a test holds both together")]
pub enum MeEvent {
    RoomJoined { room: RoomId, head: Seq },
    RoomLeft { room: RoomId, reason: Departure },
    ReadMarked { room: RoomId, thread: Option<MessageId>, seq: Seq },
    LevelSet { room: RoomId, level: Level },
}

/// Something passing in a room.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "docs/protocol.md describes every field, and a test holds both together")]
pub enum Signal {
    Typing { room: RoomId, member: MemberId },
}

impl Event {
    /// That a room is now as its row says.
    ///
    /// # Errors
    /// When the row holds what stands for nothing.
    pub(super) fn room_changed(row: &RoomRow, actor: MemberId) -> Result<Self> {
        Ok(Self::RoomChanged {
            actor,
            name: row.name.clone(),
            topic: row.topic.clone(),
            archived: row.archived_at.is_some(),
            history: History::from_number(row.history)?,
            voice: row.voice || RoomKind::from_number(row.kind)?.is_conversation(),
            slow_seconds: row.slow_seconds,
            keep_days: row.keep_days,
        })
    }

    /// The event as it is written to the room's log.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn announcement(&self, actor: Option<MemberId>) -> Result<Announcement> {
        use EventNumber as Kind;
        let (kind, subject, entry) = match self {
            Self::MessageSent(message) => (Kind::MessageSent, Some(message.id.0), LogEntry::AsItsSubject),
            Self::MessageEdited { id, .. } => (Kind::MessageEdited, Some(id.0), LogEntry::WithoutWords),
            Self::MessageDeleted { id, .. } => (Kind::MessageDeleted, Some(id.0), LogEntry::Whole),
            Self::MessagePinned { id, .. } => (Kind::MessagePinned, Some(id.0), LogEntry::Whole),
            Self::MessageUnpinned { id, .. } => (Kind::MessageUnpinned, Some(id.0), LogEntry::Whole),
            Self::ReactionAdded { id, .. } => (Kind::ReactionAdded, Some(id.0), LogEntry::Whole),
            Self::ReactionRemoved { id, .. } => (Kind::ReactionRemoved, Some(id.0), LogEntry::Whole),
            Self::MemberJoined { member, .. } => (Kind::MemberJoined, Some(member.0), LogEntry::Whole),
            Self::MemberLeft { member, .. } => (Kind::MemberLeft, Some(member.0), LogEntry::Whole),
            Self::MemberInvited { member, .. } => (Kind::MemberInvited, Some(member.0), LogEntry::Whole),
            Self::MemberUninvited { member, .. } => (Kind::MemberUninvited, Some(member.0), LogEntry::Whole),
            Self::RoomChanged { .. } => (Kind::RoomChanged, None, LogEntry::WithoutWords),
            // Nothing is stored under this name: it is what one member hears in the place of something else.
            Self::Hidden => (Kind::Hidden, None, LogEntry::Whole),
            Self::MessagesExpired { .. } => (Kind::MessagesExpired, None, LogEntry::Whole),
            Self::RoomRoleSet { member, .. } => (Kind::RoomRoleSet, Some(member.0), LogEntry::Whole),
        };
        let event = serde_json::to_string(self)?;
        Ok(Announcement { kind: kind as i16, actor, subject, event, entry, effect: Effect::None, instead: Vec::new() })
    }
}

impl MeEvent {
    /// The event as it is written to the member's log, with what it does to their connections.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn announcement(&self, actor: Option<MemberId>) -> Result<Announcement> {
        use EventNumber as Kind;
        let (kind, room, effect) = match self {
            Self::RoomJoined { room, head } => (Kind::RoomJoined, room, Effect::Join { room: *room, head: *head }),
            Self::RoomLeft { room, .. } => (Kind::RoomLeft, room, Effect::Leave(*room)),
            Self::ReadMarked { room, .. } => (Kind::ReadMarked, room, Effect::None),
            Self::LevelSet { room, .. } => (Kind::LevelSet, room, Effect::None),
        };
        let event = serde_json::to_string(self)?;
        Ok(Announcement { kind: kind as i16, actor, subject: Some(room.0), event, entry: LogEntry::Whole, effect, instead: Vec::new() })
    }
}
