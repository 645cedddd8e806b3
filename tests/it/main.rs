//! Integration tests, one binary: the whole program over real sockets, on SQLite and on PostgreSQL.

mod acme;
mod architecture;
mod automod;
mod backups;
mod bad_start;
mod billing;
mod bulk;
mod calls;
mod chat;
mod doctor;
mod export;
mod kept_backups;
mod limited;
mod live;
mod members;
mod migrations;
mod moderation;
mod openapi;
mod operating;
mod own_data;
mod protocol;
mod replay;
mod requests;
mod running;
mod settings;
mod sfu;
mod smuggling;
mod social;
#[cfg(feature = "stripe")]
mod stripe;
mod support;
mod sweep;
