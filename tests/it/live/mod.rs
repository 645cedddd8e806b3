//! The live protocol, as other people's clients meet it.

mod catching_up;
mod crowding;
mod frames;
mod greeting;
mod heartbeat;
mod limits;
mod order;
mod passing;
mod restart;
mod slow_reader;
