//! What was committed and never published is read from the logs: when a later event waits for it, and when the heads say so.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::Inner;
use crate::error::Result;
use crate::live::log::{LogId, Seq};
use crate::live::source::{Page, Source};
use crate::threads::vital;

/// How often what was delivered is compared with the heads in the database.
const COMPARE: Duration = Duration::from_secs(10);
/// So many heads are compared at once: whoever commits waits for them.
const HEADS: usize = 1_000;
/// Events read at once to fill a gap.
const GAP_PAGE: i64 = 500;

/// Looks for gaps on a thread of its own, until the hub is gone.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn look_for(hub: Weak<Inner>, source: Weak<dyn Source>) -> Result<()> {
    Ok(vital("rialto-gaps", move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a clock needs nothing");
        runtime.block_on(fill(&hub, &source));
    })?)
}

async fn fill(hub: &Weak<Inner>, source: &Weak<dyn Source>) {
    let mut compare_at = Instant::now() + COMPARE;
    while let Some(inner) = hub.upgrade() {
        let wake_at = inner.with_order(|order| order.next_overdue()).map_or(compare_at, |at| at.min(compare_at));
        let holds = Arc::clone(&inner.holds);
        drop(inner);
        let _ = tokio::time::timeout_at(wake_at.into(), holds.notified()).await;
        let Some((inner, source)) = hub.upgrade().zip(source.upgrade()) else { return };
        let now = Instant::now();
        let mut late = inner.with_order(|order| order.overdue(now));
        if now >= compare_at {
            compare_at = now + COMPARE;
            match source.heads().await {
                Ok(heads) => late.extend(behind(&inner, &heads)),
                Err(error) => tracing::warn!(%error, "the heads could not be compared"),
            }
        }
        for (log, after) in late {
            let events = match source.page(log, None, after, GAP_PAGE).await {
                Ok(Page::Events(events)) => events,
                Ok(Page::Reset | Page::Gone) => Vec::new(),
                Err(error) => {
                    tracing::warn!(%error, "a gap could not be read");
                    Vec::new()
                }
            };
            inner.with_order(|order| {
                inner.deliver(&order.take(events, now), Vec::new());
                order.postpone_unless_past(log, after, Instant::now());
            });
        }
    }
}

/// The logs whose heads are ahead of what was delivered, each with the place after which to read.
fn behind(inner: &Inner, heads: &[(LogId, Seq)]) -> Vec<(LogId, Seq)> {
    heads.chunks(HEADS).flat_map(|some| inner.with_order(|order| order.behind(some.iter().copied()))).collect()
}
