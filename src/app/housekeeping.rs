//! Small housekeeping, every minute: what is over ends, what changed beside the program is read, and a clock that jumped is told of.

use std::time::{Duration, Instant};

use actix_web::rt;

use super::App;
use crate::clock::Jumps;
use crate::error::Result;
use crate::storage::forget_answers_before;
use crate::{backups, chat, members};

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(60);
/// Answers are kept for keys that come again within a day.
const ANSWERS_KEPT_MS: i64 = 86_400_000;

impl App {
    /// Begins; goes on while the program runs.
    pub(super) fn start_housekeeping(&self) {
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
                if let Err(error) = chat::tidy(&app.ground).await {
                    tracing::warn!(%error, "messages whose time is over cannot be looked for");
                }
                app.ground.rates.sweep(app.ground.clock.now());
            }
        });
    }

    /// Stores when sessions were last seen, ends what is over.
    pub(super) async fn keep_house(&self) -> Result<()> {
        self.members.sessions.flush(&self.ground.db).await?;
        // The command line may have changed them beside us.
        self.ground.settings.reload(&self.ground.db).await?;
        let billing = self.billing.clone();
        self.ground.db.read(move |conn| billing.standings.catch_up(conn)).await?;
        let members = self.members.clone();
        self.ground
            .db
            .write(move |tx| {
                members::clean_sessions(tx)?;
                members::end_bans_that_are_over(tx, &members)?;
                let before = tx.now() - ANSWERS_KEPT_MS;
                forget_answers_before(tx, before).map(|_| ())
            })
            .await
    }
}
