//! Villagers who are in a voice room while the demo runs: over the program's own socket, with media of their own.

use std::net::SocketAddr;

use super::Cast;
use crate::access::Scopes;
use crate::calls::probe::Guest;
use crate::error::{Error, Result};
use crate::members::{SessionKind, make_session};
use crate::storage::Db;

/// The room that is in use.
const ROOM: &str = "night-shift";
/// Who is in it, whoever opens it first, and whose microphone is open.
const WHO: [(&str, bool); 2] = [("priya", true), ("minjun", false)];

/// Brings them in, and keeps them there until the call ends, or the program.
///
/// # Errors
/// When they are not let in.
pub async fn stay(db: &Db, cast: &Cast, address: SocketAddr) -> Result<()> {
    let room = cast.room(ROOM).ok_or_else(|| Error::broken(format!("the village has no {ROOM}")))?.id;
    let mut there = Vec::new();
    for (name, speaks) in WHO {
        let member = cast.member(name).ok_or_else(|| Error::broken(format!("the village has no {name}")))?.id;
        let made = db.write(move |tx| make_session(tx, member, SessionKind::Token, Scopes::ALL, "In a voice room", None)).await?;
        let token = made.1.reveal().to_owned();
        there.push(Guest { address, token, room, speaks }.enter().await?.last());
    }
    futures_util::future::join_all(there).await;
    Ok(())
}
