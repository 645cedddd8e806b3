//! Chat: rooms, who is in them, messages, reactions, read marks.
//!
//! A room's log is its truth in time: everything durable that happens there has a place in it, given in the transaction. Others reach
//! this slice only through what is re-exported here.

mod actions;
mod commands;
mod events;
mod model;
mod pages;
mod policy;
mod routes;
mod source;
mod store;

pub use actions::{NewRoom, create_room, join_quietly, leave_everything, seed};
pub use commands::{COMMANDS, run as run_command};
pub use events::{Event, MeEvent, RoomKindNumber};
pub use model::{Level, Message, Room, RoomKind, RoomRole};
pub use pages::{browse_for_strangers, mount_pages};
pub use routes::{Api, mount};
pub use source::{catch_up, render_member_rows, render_room_rows, standing_rooms};
