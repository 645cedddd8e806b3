//! The job of this slice: what rooms no longer keep is deleted.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::actions::{expire_handful, expire_soon, rooms_to_tidy};
use crate::access::Ground;
use crate::clock::Clock;
use crate::error::Result;
use crate::ids::RoomId;
use crate::jobs::{Job, Runner, Step, StepHandler};
use crate::storage::Db;

/// Jobs that delete messages whose time is over.
pub(super) const EXPIRE: &str = "chat.expire";

/// Handfuls that one step deletes; then others have the slot.
const HANDFULS: usize = 2;

/// Where: in one room, or in every one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Expire {
    pub(super) room: Option<RoomId>,
}

/// Of this key one job waits or runs at a time.
pub(super) fn expire_key(room: Option<RoomId>) -> String {
    room.map_or_else(|| EXPIRE.to_owned(), |room| format!("{EXPIRE}/{room}"))
}

/// Does the job. How far it came stands in the rows: an attempt that was ended goes on where it stood.
struct Tidier {
    db: Db,
    clock: Clock,
}

impl StepHandler for Tidier {
    fn step(&self, job: Job) -> BoxFuture<'_, Result<Step>> {
        Box::pin(async move {
            let rooms = match job.read::<Expire>()?.room {
                Some(room) => vec![room],
                None => {
                    let now = self.clock.now();
                    self.db.read(move |conn| rooms_to_tidy(conn, now)).await?
                }
            };
            let mut deleted = 0;
            for room in rooms {
                let mut has_more = true;
                while has_more {
                    if deleted == HANDFULS {
                        return Ok(Step::GoOn(self.clock.now()));
                    }
                    // Each handful is a write of its own, so that those of members come between.
                    has_more = self.db.write(move |tx| expire_handful(tx, room)).await?;
                    deleted += 1;
                }
            }
            Ok(Step::Done)
        })
    }
}

/// Adds what does the slice's jobs.
#[must_use]
pub fn work(runner: Runner, ground: &Ground) -> Runner {
    runner.register_long(EXPIRE, Tidier { db: ground.db.clone(), clock: ground.clock.clone() })
}

/// Looks whether the time of a message is over anywhere, and has a job delete it.
///
/// # Errors
/// When the database cannot be used.
pub async fn tidy(ground: &Ground) -> Result<()> {
    let now = ground.clock.now();
    let is_due = ground.db.read(move |conn| Ok(!rooms_to_tidy(conn, now)?.is_empty())).await?;
    if is_due { ground.db.write(|tx| expire_soon(tx, None)).await } else { Ok(()) }
}
