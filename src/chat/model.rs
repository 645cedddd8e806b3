//! Rooms and messages as rows and as objects on the wire.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::ids::{MemberId, MessageId, RoleId, RoomId};
use crate::live::Seq;
use crate::social::HeardWords;

macro_rules! small_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// As stored.
            #[must_use]
            pub const fn number(self) -> i16 { match self { $(Self::$variant => $number),+ } }

            /// From the database.
            ///
            /// # Errors
            /// When the number stands for nothing.
            pub fn from_number(number: i16) -> $crate::error::Result<Self> {
                match number { $($number => Ok(Self::$variant),)+ other => Err($crate::error::Error::broken(format!("{} {other}", stringify!($name)))) }
            }
        }
    };
}

small_enum! {
    /// What sort of room it is.
    RoomKind {
        /// Every member may read and join.
        Public = 0,
        /// Those who were added.
        Private = 1,
        /// Every member may read and join; few may write.
        Announcement = 2,
        /// Two members.
        Direct = 3,
        /// A few members, without a name of its own.
        Group = 4,
    }
}

small_enum! {
    /// From where on a member sees a room's messages.
    History {
        /// All of them.
        All = 0,
        /// Those sent since they joined.
        SinceJoin = 1,
    }
}

small_enum! {
    /// What a member may do in one room.
    RoomRole {
        /// Talk.
        Member = 0,
        /// Add, remove, pin, change the topic.
        Moderator = 1,
        /// Everything in the room.
        Owner = 2,
    }
}

small_enum! {
    /// What of a room is brought to a member's notice.
    Level {
        /// Every message.
        All = 0,
        /// Mentions only.
        Mentions = 1,
        /// Nothing.
        Nothing = 2,
    }
}

impl RoomKind {
    /// May every member find, read and join it?
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Public | Self::Announcement)
    }

    /// Is it a conversation rather than a place?
    #[must_use]
    pub const fn is_conversation(self) -> bool {
        matches!(self, Self::Direct | Self::Group)
    }
}

/// A room's row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = crate::storage::schema::rooms)]
pub struct RoomRow {
    /// Its id.
    pub id: RoomId,
    /// [`RoomKind`].
    pub kind: i16,
    /// Its name; conversations have none.
    pub name: Option<String>,
    /// What it is about.
    pub topic: String,
    /// [`History`].
    pub history: i16,
    /// Who made it.
    pub created_by: Option<MemberId>,
    /// When.
    pub created_at: Millis,
    /// Since when nobody writes in it.
    pub archived_at: Option<Millis>,
    /// How many members it has.
    pub member_count: i32,
    /// What makes the conversation of two the only one: their ids.
    pub circle: Option<String>,
    /// Has it voice: may one call in it?
    pub voice: bool,
    /// Seconds between two messages of one member; 0: none.
    pub slow_seconds: i32,
    /// Days for which it keeps its messages; 0: for ever; none: as the community does.
    pub keep_days: Option<i32>,
    /// Up to this place they are gone.
    pub expired_seq: Seq,
}

impl RoomRow {
    /// The two whose conversation it is.
    #[must_use]
    pub fn two(&self) -> Option<[MemberId; 2]> {
        let (one, other) = self.circle.as_deref()?.split_once(':')?;
        Some([one.parse().ok()?, other.parse().ok()?])
    }

    /// The other of the two.
    #[must_use]
    pub fn other_than(&self, member: MemberId) -> Option<MemberId> {
        self.two()?.into_iter().find(|id| *id != member)
    }
}

/// A member's place in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = crate::storage::schema::room_members)]
pub struct PlaceRow {
    /// The room.
    pub room: RoomId,
    /// The member.
    pub member: MemberId,
    /// [`RoomRole`].
    pub role: i16,
    /// [`Level`].
    pub level: i16,
    /// When they came.
    pub joined_at: Millis,
    /// The room's head when they came.
    pub joined_seq: Seq,
}

/// A message's row.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = crate::storage::schema::messages)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// Its room.
    pub room: RoomId,
    /// Its place.
    pub seq: Seq,
    /// Who wrote it.
    pub author: MemberId,
    /// The author's key for it.
    pub client_key: String,
    /// Markdown.
    pub body: String,
    /// Safe HTML.
    pub body_html: String,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The first message of its thread.
    pub thread: Option<MessageId>,
    /// Answers in its own thread.
    pub thread_count: i32,
    /// [`Mentions`] as JSON.
    pub mentions: Option<String>,
    /// How many reactions it has.
    pub reactions: i32,
    /// Since when it is pinned.
    pub pinned_at: Option<Millis>,
    /// When it was sent.
    pub sent_at: Millis,
    /// When it was last changed.
    pub edited_at: Option<Millis>,
    /// When it was deleted.
    pub deleted_at: Option<Millis>,
    /// Is it for its author's eyes alone?
    pub unheard: bool,
    /// Where the unbroken row of such messages of its author begins to which it belongs.
    pub hides_from: Option<Seq>,
    /// [`HeardWords`] as JSON: what the other of a conversation heard, who shut the author out before the words were changed.
    pub heard: Option<String>,
}

impl MessageRow {
    /// The words as the other last heard them, when a change at this place is not for them.
    #[must_use]
    pub fn last_heard(&self, until: Seq) -> HeardWords {
        self.heard_words().unwrap_or_else(|| HeardWords {
            body: self.body.clone(),
            body_html: self.body_html.clone(),
            mentions: self.mentions.clone(),
            edited_at: self.edited_at,
            until,
        })
    }

    fn heard_words(&self) -> Option<HeardWords> {
        self.heard.as_deref().map(HeardWords::read)
    }

    /// From which place on is what happens to its words hidden from this member? From 0 on, when the message is not for them at all.
    #[must_use]
    pub fn hidden_from(&self, member: MemberId) -> Option<Seq> {
        if !self.is_heard_by(member) {
            return Some(0);
        }
        self.heard_words().filter(|_| self.author != member).map(|heard| heard.until)
    }

    /// With the words that this member has heard.
    #[must_use]
    pub fn heard_by(mut self, member: MemberId) -> Self {
        if self.author != member
            && let Some(heard) = self.heard_words()
        {
            let HeardWords { body, body_html, mentions, edited_at, until: _ } = heard;
            (self.body, self.body_html, self.mentions, self.edited_at) = (body, body_html, mentions, edited_at);
        }
        self
    }

    /// Is it there for this member?
    #[must_use]
    pub fn is_heard_by(&self, member: MemberId) -> bool {
        !self.unheard || self.author == member
    }
}

/// A room on the wire.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// What sort of room it is.
    pub kind: RoomKind,
    /// Its name; null for conversations.
    pub name: Option<String>,
    /// What it is about.
    pub topic: String,
    /// From where on members see messages.
    pub history: History,
    /// Does nobody write in it any more?
    pub archived: bool,
    /// Has it voice: may one call in it? Conversations have it always.
    pub voice: bool,
    /// Slow mode: seconds between two messages of one member, 5–21,600; 0: off. Who leads the room, and who moderates, is free of it.
    pub slow_seconds: i32,
    /// For how many days it keeps its messages, 1–3,650; 0: for ever; null: as the community does. Conversations keep theirs.
    pub keep_days: Option<i32>,
    /// Up to this place its messages are gone, since their time was over.
    pub expired_seq: Seq,
    /// Who made it.
    pub created_by: Option<MemberId>,
    /// When.
    pub created_at: Millis,
    /// How many members it has.
    pub member_count: i32,
    /// What concerns the member who asks, when they are in it.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(skip))]
    pub mine: Option<Mine>,
}

/// A member's own view of a room.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Mine {
    /// The head of its log.
    pub seq: Seq,
    /// The oldest event that is still kept.
    pub first_seq: Seq,
    /// The head when I joined.
    pub joined_seq: Seq,
    /// What I may do in it.
    pub role: RoomRole,
    /// What of it is brought to my notice.
    pub level: Level,
    /// Up to where I have read.
    pub read_seq: Seq,
    /// Messages of others that I have not read, at most 1,000.
    pub unread: usize,
    /// Of these, those that mention me.
    pub mentions: usize,
    /// Who is in it, for conversations.
    pub members: Option<Vec<MemberId>>,
    /// Who is invited and has not come, for groups.
    pub invited: Option<Vec<MemberId>>,
    /// When the newest message was sent.
    pub last_at: Option<Millis>,
    /// When I last wrote in it while it was slow.
    pub said_at: Option<Millis>,
    /// For how many milliseconds I still wait in it as a member, where it is slow; 0: I may write.
    pub wait_ms: Millis,
}

/// Whom an author may call together, beside members by their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Everyone in the room, and roles.
    pub many: bool,
    /// Those who are here: not where the community hides who is online.
    pub here: bool,
}

/// Whom a message mentions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Mentions {
    /// Members by name.
    pub members: Vec<MemberId>,
    /// Roles: whoever in the room has one of them.
    pub roles: Vec<RoleId>,
    /// Everyone in the room.
    pub room: bool,
    /// Who was in the room and online when it was sent, for `@here`; at most 500.
    #[serde(default)]
    pub here: Vec<MemberId>,
}

impl Mentions {
    /// The same for a member who is not called by it, neither by name nor among many.
    #[must_use]
    pub fn without(mut self, member: MemberId) -> Self {
        self.members.retain(|id| *id != member);
        self.here.retain(|id| *id != member);
        self.roles.clear();
        self.room = false;
        self
    }

    /// Does it say this member's name, or that they are here?
    #[must_use]
    pub fn names(&self, member: MemberId) -> bool {
        self.members.contains(&member) || self.here.contains(&member)
    }

    /// Does it call many together?
    #[must_use]
    pub const fn calls_many(&self) -> bool {
        self.room || !self.roles.is_empty() || !self.here.is_empty()
    }

    /// Nobody?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.roles.is_empty() && self.here.is_empty() && !self.room
    }
}

/// The message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Quote {
    /// Its id.
    pub id: MessageId,
    /// Its place.
    pub seq: Seq,
    /// Who wrote it.
    pub author: MemberId,
    /// Its beginning as plain text; null when it was deleted.
    pub excerpt: Option<String>,
}

/// One emoji under a message, and who put it there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who, in order of time.
    pub members: Vec<MemberId>,
}

/// A message but for its place, as it stands in the event that sent it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MessageBody {
    /// Its id.
    pub id: MessageId,
    /// Who wrote it.
    pub author: MemberId,
    /// The author's key for it.
    pub client_key: String,
    /// Markdown; null when deleted.
    pub body: Option<String>,
    /// Safe HTML; null when deleted.
    pub body_html: Option<String>,
    /// When it was last changed.
    pub edited_at: Option<Millis>,
    /// Is only the tombstone left?
    pub deleted: bool,
    /// What it answers.
    pub reply_to: Option<Quote>,
    /// The first message of its thread.
    pub thread: Option<MessageId>,
    /// Answers in its own thread.
    pub thread_count: i32,
    /// Is it pinned?
    pub pinned: bool,
    /// Whom it mentions.
    pub mentions: Mentions,
    /// What hangs on it.
    pub reactions: Vec<Reaction>,
    /// How many answers the thread has now that this one is in it; only in events.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub thread_total: Option<i32>,
}

/// A message on the wire.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Message {
    /// Its room.
    pub room: RoomId,
    /// Its place.
    pub seq: Seq,
    /// When it was sent.
    pub at: Millis,
    /// Everything else.
    #[serde(flatten)]
    pub body: MessageBody,
}
