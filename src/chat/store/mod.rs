//! The SQL of chat and nothing else.

mod expiry;
mod invitations;
mod messages;
mod reads;
mod rooms;
mod slow;

pub(super) use expiry::{aged, bury_messages, count_aged, count_own_spans, rooms_that_forget, set_expired};
pub(super) use invitations::*;
pub(super) use messages::*;
pub(super) use reads::*;
pub(super) use rooms::*;
pub(super) use slow::*;
