//! The live protocol, as other people's clients meet it.

mod catching_up;
mod frames;
