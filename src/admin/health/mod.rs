//! Health lights: whether each thing that must work does, in a colour and a sentence, with what to do about it. The dashboard's front page,
//! the API and `rialto doctor` tell the same.
//!
//! `facts` and `machine` look, `lights` judges: facts in, lights out. What nobody has set up is grey and no trouble.

mod facts;
mod lights;
mod machine;
mod model;

pub use facts::{Place, Vitals, facts};
pub use lights::{Teller, lights, report};
pub use model::{DiskFacts, Facts, HealthCheck, HealthReport, Light, MemoryFacts, Part};

use crate::access::{Ground, Keys};
use crate::calls::Calls;
use crate::clock::Millis;
use crate::error::Result;
use crate::storage::Conn;
use facts::facts_of_server;

/// For what tickets are made.
const PURPOSE: &str = "health ticket";
/// How long one is good.
const TICKET_MS: Millis = 60_000;

/// Lets whoever has the data folder's key read the lights of the program that serves from it, for a minute.
#[must_use]
pub fn ticket(keys: &Keys, now: Millis) -> String {
    keys.code_for(PURPOSE, now + TICKET_MS)
}

/// Is it a ticket of ours that is not over?
#[must_use]
pub fn is_ticket(keys: &Keys, ticket: &str, now: Millis) -> bool {
    keys.id_of_code(PURPOSE, ticket).is_some_and(|until| (1..=TICKET_MS).contains(&(until - now)))
}

/// All lights of the program that serves, in a language.
///
/// # Errors
/// When the database cannot be read.
pub fn look(conn: &mut Conn, ground: &Ground, exchange: &Calls, language: &str, now: Millis) -> Result<HealthReport> {
    let facts = facts_of_server(conn, ground, exchange, now)?;
    Ok(report(lights(&facts, now, &Teller { words: &ground.words, language }), now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_for_a_minute_and_for_nothing_else() {
        let keys = Keys::new([7; 32]);
        let made = ticket(&keys, 1_000);
        assert!(is_ticket(&keys, &made, 1_000) && is_ticket(&keys, &made, 60_999));
        assert!(!is_ticket(&keys, &made, 61_000) && !is_ticket(&keys, &made, 999), "over, or from a time to come");
        assert!(!is_ticket(&Keys::new([8; 32]), &made, 1_000) && !is_ticket(&keys, "nonsense", 1_000));
        assert!(!is_ticket(&keys, &keys.code_for("invite", 61_000), 1_000));
    }
}
