//! What happens in chat: rows, announcements, consequences. Knows neither HTTP nor sockets.

mod calling;
mod changing;
mod drafting;
mod expiring;
mod hiding;
mod inviting;
mod membership;
mod objects;
mod posting;
mod reaching;
mod rooming;
pub mod seed;
mod watching;

pub use changing::delete_message;
pub(super) use changing::*;
pub(super) use drafting::*;
pub(super) use expiring::rooms_to_tidy;
pub use expiring::{WouldGoEverywhere, expire_handful, expire_soon, would_go_everywhere};
pub(super) use hiding::for_the_untold;
pub(super) use membership::*;
pub use membership::{hold_rooms_of, join_announcements, join_quietly, leave_everything, remove_member};
pub(super) use objects::*;
pub(super) use posting::*;
pub(super) use reaching::Reaching;
pub use reaching::{leave_conversation, let_in, look_at, return_to_conversation, takes_invited};
pub(super) use rooming::*;
pub use rooming::{NewRoom, create_room};
pub(super) use watching::Watch;
