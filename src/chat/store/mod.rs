//! The SQL of chat and nothing else.

mod invitations;
mod messages;
mod reads;
mod rooms;
mod slow;

pub(super) use invitations::*;
pub(super) use messages::*;
pub(super) use reads::*;
pub(super) use rooms::*;
pub(super) use slow::*;
