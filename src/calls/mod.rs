//! Calls: voice and video through the media server inside the process.

pub mod sfu;
