//! The hub of live connections: logs leave in order, each event is framed once, and one who does not read slows nobody.
//!
//! It knows no feature: what commands do and what stands in the rows comes through [`Commands`] and [`Source`].

mod admission;
mod dialogue;
mod frames;
mod hub;
mod line;
mod log;
mod order;
mod queue;
mod run;
mod shard;
#[cfg(test)]
mod sim;
mod socket;
mod source;
#[cfg(test)]
mod types;

pub use dialogue::connection_name;
pub use frames::CloseCode;
pub use hub::{ConnectionLimits, Hub, LocalHub};
pub use line::{Line, PlainStream};
pub use log::{Effect, Instead, LogId, Logged, Seq};
pub use queue::{QUEUE_BYTES, QUEUE_FRAMES};
pub use shard::{Addressee, Signal, WATCHED_MEMBERS, frame_of, signal_frame, to_everyone};
pub use socket::{Descriptor, FRAME_BYTES, LONG_FRAME_BYTES, is_handshake, open};
pub use source::{Ack, Answer, Caller, CatchUp, Commands, Page, Source, Standing};
#[cfg(test)]
pub(crate) use types::{presence_signal, server_frames};
