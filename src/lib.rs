//! Rialto: a self-hosted community app in one program.
pub mod access;
pub mod admin;
pub mod app;
pub mod backups;
pub mod billing;
pub mod calls;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod config;
pub mod consequences;
pub mod error;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod live;
pub mod mail;
pub mod members;
pub mod money;
pub mod mutants;
pub mod own_data;
pub mod settings;
pub mod social;
pub mod storage;
pub mod text;
pub mod wire;
#[cfg(test)]
mod wire_types;
