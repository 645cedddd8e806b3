//! Slots against a publisher behind a bad network, and their behaviours one by one.

mod oracle;
mod pictures;
mod roads;
mod voices;
mod world;
