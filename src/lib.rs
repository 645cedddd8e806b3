//! Rialto: a self-hosted community app in one program.
pub mod cli;
pub mod clock;
pub mod config;
pub mod error;
pub mod http;
pub mod ids;
pub mod live;
pub mod settings;
pub mod storage;
