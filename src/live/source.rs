//! What the hub asks of the rest: the rows behind the logs, and what commands do. Implemented above it.

use std::net::IpAddr;

use futures_util::future::BoxFuture;
use serde::Serialize;

use super::log::{LogId, Logged, Seq};
use crate::clock::Millis;
use crate::error::Result;
use crate::ids::{MemberId, RoomId, SessionId};

/// Where a member stands when a connection begins; everything from one snapshot.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The lineage of the database.
    pub epoch: String,
    /// The member object.
    pub me: serde_json::Value,
    /// Calls of the member, and of their rooms, as a list.
    pub calls: serde_json::Value,
    /// The head of the member's own log.
    pub me_head: Seq,
    /// The member's rooms with their heads, in ascending id.
    pub rooms: Vec<(RoomId, Seq)>,
}

/// What a client that missed something gets for one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// Events above `after`, up to `head` and whatever comes meanwhile.
    Replay {
        /// The client's cursor.
        after: Seq,
        /// The head now.
        head: Seq,
    },
    /// Too far behind, or ahead of us: load the newest page again.
    Reset {
        /// The head now.
        head: Seq,
    },
    /// Not theirs, or not there.
    Gone,
}

/// A client further behind in a log than this loads the newest page instead.
const MOST_BEHIND: Seq = 500;

impl CatchUp {
    /// For a client that stands at `after` in a log of `head` that begins with `first`, of which the member hears what is above `floor`.
    #[must_use]
    pub const fn from(after: Seq, (first, head): (Seq, Seq), floor: Seq) -> Self {
        if head.saturating_sub(after) > MOST_BEHIND || after > head || after < first - 1 || after < floor {
            Self::Reset { head }
        } else {
            Self::Replay { after, head }
        }
    }
}

/// What is read of a log.
#[derive(Debug)]
pub enum Page {
    /// Events, oldest first.
    Events(Vec<Logged>),
    /// The reader hears this log from a later place only: their client loads the newest page again.
    Reset,
    /// The reader hears this log no longer.
    Gone,
}

/// The rows behind the logs.
pub trait Source: Send + Sync + 'static {
    /// Where the member of this session stands.
    fn standing(&self, caller: Caller) -> BoxFuture<'static, Result<Standing>>;
    /// At most `limit` events above `after`, oldest first, as they are now; for one reader alone without what others hear in their place.
    /// Whether that reader still hears the log is asked in the same snapshot.
    fn page(&self, log: LogId, reader: Option<MemberId>, after: Seq, limit: i64) -> BoxFuture<'static, Result<Page>>;
    /// What each log needs, for this caller.
    fn catch_up(&self, caller: Caller, cursors: Vec<(LogId, Seq)>) -> BoxFuture<'static, Result<Vec<(LogId, CatchUp)>>>;
    /// Every head.
    fn heads(&self) -> BoxFuture<'static, Result<Vec<(LogId, Seq)>>>;
}

/// Whose connection a command came over.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The member.
    pub member: MemberId,
    /// Their session.
    pub session: SessionId,
    /// Where they come from.
    pub address: Option<IpAddr>,
    /// Language of refusals.
    pub language: &'static str,
    /// The number of the shard that has the connection.
    pub shard: usize,
    /// The connection's own number, unique while the program runs; on the wire in hexadecimal.
    pub connection: u64,
}

/// The answer to a write that came over a connection. It is given on the thread of the connection's shard, together with the events
/// that were committed with it, so that one write to the socket carries both.
pub struct Answer {
    /// The shard's number.
    pub shard: usize,
    /// Gives it.
    pub give: Box<dyn FnOnce() + Send>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("shard", &self.shard).finish_non_exhaustive()
    }
}

/// The answer to a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Ack {
    /// The id of what was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub id: Option<String>,
    /// Its place in the room's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub seq: Option<Seq>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub at: Option<Millis>,
}

/// What commands do, beside those that the hub knows itself.
pub trait Commands: Send + Sync + 'static {
    /// Runs the command of this name; `None` when there is none. Writes are queued before this returns, but for texts that are long or
    /// mention somebody: those are rendered on another thread first, and may be overtaken. `Ok(None)` is a command without an answer.
    fn run(&self, caller: Caller, name: &str, frame: &str) -> Option<BoxFuture<'static, Result<Option<Ack>>>>;
    /// A connection is over.
    fn left(&self, _caller: Caller) {}
    /// May a frame of this type be so long? Within [`super::FRAME_BYTES`] all may.
    fn may_be_long(&self, _name: &str) -> bool {
        false
    }
    /// Counts one frame against what a member may say.
    ///
    /// # Errors
    /// 429 when there were too many.
    fn admit(&self, caller: Caller) -> Result<()>;
    /// Do members see who is online?
    fn shows_presence(&self) -> bool;
    /// The sentence for a refusal.
    fn sentence(&self, language: &str, code: &str) -> String;
}
