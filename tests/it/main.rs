//! Integration tests, one binary: the whole program over real sockets, on SQLite and on PostgreSQL.

mod acme;
mod architecture;
mod chat;
mod live;
mod openapi;
mod protocol;
mod replay;
mod support;
mod sweep;
