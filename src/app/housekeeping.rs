//! Small housekeeping, every minute: what is over ends, what changed beside the program is read, and a clock that jumped is told of.

use std::time::{Duration, Instant};

use actix_web::rt;
use tokio::task::JoinHandle;

use super::App;
use crate::clock::Jumps;
use crate::error::Result;
use crate::storage::{Tx, fact, forget_answers_before, forget_fact, set_fact};
use crate::{admin, backups, chat, members};

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(60);
/// Answers are kept for keys that come again within a day.
const ANSWERS_KEPT_MS: i64 = 86_400_000;

/// The fact of the number of the latest signal, there only while the program stands still.
const SIGNALS: &str = "signals";
/// How it begins: another version may have something else to say of what they told.
const OWN_SIGNALS: &str = concat!(env!("CARGO_PKG_VERSION"), " ");

/// The number of the latest signal of a program that stopped in order. It holds for one start: after a crash there is none.
///
/// # Errors
/// When the database refuses.
pub(super) fn take_signals(tx: &mut Tx<'_>) -> Result<Option<u64>> {
    let kept = fact(tx, SIGNALS)?;
    forget_fact(tx, SIGNALS)?;
    Ok(kept.and_then(|kept| kept.strip_prefix(OWN_SIGNALS)?.parse().ok()))
}

impl App {
    /// Begins; goes on until it is aborted.
    pub(super) fn start_housekeeping(&self) -> JoinHandle<()> {
        let app = self.clone();
        rt::spawn(async move {
            let (mut rounds, mut jumps) = (tokio::time::interval(ROUND), Jumps::default());
            loop {
                rounds.tick().await;
                if let Some(by) = jumps.look(app.ground.clock.now(), Instant::now()) {
                    tracing::warn!(
                        seconds = by / 1_000,
                        "the clock of this machine jumped, or the machine slept; no order rests on it, but check its time service"
                    );
                    app.metrics.count_jump();
                }
                if let Err(error) = app.keep_house().await {
                    tracing::warn!(%error, "housekeeping failed");
                }
                if let Err(error) = backups::keep(&app.ground).await {
                    tracing::warn!(%error, "the schedule of backups cannot be kept");
                }
                if jumps.is_believed(Instant::now())
                    && let Err(error) = chat::tidy(&app.ground).await
                {
                    tracing::warn!(%error, "messages whose time is over cannot be looked for");
                }
                if let Err(error) = admin::figures::keep(&app.ground).await {
                    tracing::warn!(%error, "the figures of the days cannot be counted");
                }
                app.ground.rates.sweep(app.ground.clock.now());
            }
        })
    }

    /// The last thing before the program ends in order: where the numbers of signals stand, so that nobody who comes back reads anew what they
    /// know. Nothing may signal any more.
    pub(super) async fn keep_signals(&self) -> Result<()> {
        let kept = format!("{OWN_SIGNALS}{}", self.ground.hub.signalled());
        self.ground.db.write(move |tx| set_fact(tx, SIGNALS, &kept)).await
    }

    /// Stores when sessions were last seen, ends what is over.
    pub(super) async fn keep_house(&self) -> Result<()> {
        self.members.sessions.flush(&self.ground.db).await?;
        // The command line may have changed them beside us.
        self.ground.settings.reload(&self.ground.db).await?;
        let billing = self.billing.clone();
        self.ground.db.read(move |conn| billing.standings.catch_up(conn)).await?;
        let (members, times) = (self.members.clone(), self.metrics.take_times());
        let written = self.ground.db.write(move |tx| {
            members::clean_sessions(tx)?;
            members::end_bans_that_are_over(tx, &members)?;
            admin::figures::note_times(tx, &times)?;
            let before = tx.now() - ANSWERS_KEPT_MS;
            forget_answers_before(tx, before).map(|_| ())
        });
        written.await.inspect_err(|_| self.metrics.give_back_times(&times))
    }
}
