//! Who may do what in which room. The only place that decides it; every permit here is made by looking at rows.

mod membership;
mod messages;
mod rooms;
mod speaking;
mod stand;

pub use membership::{AddToRoom, LeadRoom, RemoveFromRoom};
pub use messages::{ChangeMessage, PinMessage, ReactTo, ReadMessage, RemoveMessage};
pub use rooms::{BeIn, ChangeRoom, MakeRoom, OverseeRooms, ReadRoom, SeeOwnRooms};
pub use speaking::{PostIn, SayIn, calls_of};
pub use stand::sees;
