//! Who waits for whom in PostgreSQL: a transaction of a test that holds something goes on when others wait for it.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use rialto::error::Result;
use rialto::storage::{Conn, Tx};

/// Those who wait for this transaction, and those who wait for them.
const WAITING: &str = "WITH RECURSIVE waits(pid) AS (\
     SELECT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)) \
     UNION SELECT l.pid FROM pg_locks l JOIN waits w ON w.pid = ANY(pg_blocking_pids(l.pid)) WHERE NOT l.granted\
 ) SELECT count(*) AS count FROM waits";

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Waits until so many others wait for what this transaction holds. SQLite has one writer: nobody waits for anybody.
pub fn until_others_wait(tx: &mut Tx<'_>, others: i64) -> Result<()> {
    let begun = Instant::now();
    let Conn::Pg(pg) = &mut **tx else { return Ok(()) };
    while diesel::sql_query(WAITING).get_result::<Waiting>(pg)?.count < others {
        assert!(begun.elapsed() < Duration::from_secs(10), "fewer than {others} wait");
        std::thread::yield_now();
    }
    Ok(())
}
