//! The call check: echoes, in which one hears oneself back from the media server, and what the last look from outside found.

mod actions;
mod echoes;
pub mod routes;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub use echoes::{EchoState, Echoes, Whose};

use super::probe::Report;
use crate::clock::Millis;

/// A look at calls from outside, and when it was.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Checked {
    /// Milliseconds UTC.
    pub at: Millis,
    /// What it found.
    pub report: Report,
}

/// The last look since the program started. One goes on at a time.
#[derive(Debug, Default)]
pub struct Checks {
    last: Mutex<Option<Checked>>,
    turn: tokio::sync::Mutex<()>,
    /// How many have begun.
    begun: AtomicU64,
}

impl Checks {
    /// What the last one found.
    #[must_use]
    pub fn last(&self) -> Option<Checked> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for the turn to look. What somebody else's look found, if it began meanwhile, is as good: then that is the answer.
    async fn turn(&self) -> Result<tokio::sync::MutexGuard<'_, ()>, Checked> {
        let known = self.begun.load(Ordering::Acquire);
        let turn = self.turn.lock().await;
        match self.last().filter(|_| self.begun.load(Ordering::Acquire) > known) {
            Some(found) => Err(found),
            None => {
                self.begun.fetch_add(1, Ordering::AcqRel);
                Ok(turn)
            }
        }
    }

    fn keep(&self, checked: &Checked) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(checked.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_takes_what_a_look_found_that_began_meanwhile() {
        let checks = Checks::default();
        let first = checks.turn().await.expect("the first looks");
        let report = Report { reached: true, hop: None, values: BTreeMap::new(), tcp: None, round_trip_ms: Some(1) };
        checks.keep(&Checked { at: 1, report: report.clone() });
        let (waits, ()) = tokio::join!(async { checks.turn().await.is_ok() }, async { drop(first) });
        assert!(waits, "what began before the wish is no answer to it");
        let running = checks.turn().await.expect("looks");
        let (found, ()) = tokio::join!(async { checks.turn().await.err() }, async {
            checks.begun.fetch_add(1, Ordering::AcqRel);
            checks.keep(&Checked { at: 2, report });
            drop(running);
        });
        assert_eq!(found.map(|found| found.at), Some(2));
    }
}
