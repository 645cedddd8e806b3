//! Chat: rooms, who is in them, messages, reactions, read marks.
//!
//! A room's log is its truth in time: everything durable that happens there has a place in it, given in the transaction. Others reach
//! this slice only through what is re-exported here.

mod actions;
mod commands;
mod events;
mod jobs;
mod model;
mod pace;
mod pages;
mod policy;
mod retention;
mod routes;
mod source;
mod store;

pub use actions::seed;
pub use actions::{
    NewRoom, create_room, delete_message, hold_rooms_of, join_announcements, join_quietly, leave_conversation, leave_everything, let_in,
    look_at, remove_member, return_to_conversation, takes_invited,
};
pub use actions::{WouldGoEverywhere, expire_handful, expire_soon, would_go_everywhere};
pub use commands::{COMMANDS, run as run_command};
#[cfg(test)]
pub(crate) use events::{Departure, Signal, ThreadTotal};
pub use events::{Event, EventNumber, MeEvent};
pub use jobs::{tidy, work};
pub use model::{History, Level, Message, Room, RoomKind, RoomRole};
#[cfg(test)]
pub(crate) use model::{Mentions, MessageBody, Mine, Quote, Reaction};
pub use pace::PACES;
pub use pages::{Community, OpenRoom, State, browse_for_strangers};
#[cfg(test)]
pub(crate) use pages::{Limits, RoleName};
pub use policy::{RemoveFromRoom, RemoveMessage};
pub use retention::shortens;
#[cfg(test)]
pub(crate) use routes::MessagePage;
pub(crate) use routes::event_list;
pub use routes::{Scene, scene};
pub use source::{
    Rendered, catch_up, conversation_of, heard_from, is_in, other_of, render_member_rows, render_room_rows, room_name, room_names,
    standing_rooms, voice_rooms,
};

use utoipa::OpenApi;

/// Registers every route of the slice.
pub fn mount(routes: &mut crate::access::Routes<'_>) {
    routes::mount(routes);
    pages::mount_pages(routes);
}

/// The description of the slice's API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::openapi().merge_from(pages::StateApi::openapi())
}
