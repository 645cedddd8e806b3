//! The job of this slice: a member chose anew who may reach them, and what waits for their yes is looked at again.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::actions::{admit_askers, settle_waiting};
use super::notices::Social;
use crate::access::Ground;
use crate::billing::Billing;
use crate::error::Result;
use crate::ids::{MemberId, RequestId};
use crate::jobs::{Job, JobHandler, Runner};
use crate::storage::Db;

/// Jobs that look again at what waits for somebody's yes.
pub(super) const SETTLE: &str = "social.settle";

/// Whose.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Settle {
    pub(super) member: MemberId,
}

/// Does the job. What was settled waits no more: an attempt that was ended begins anew and does no harm.
struct Settler {
    db: Db,
    billing: Billing,
    social: Social,
}

impl JobHandler for Settler {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let Settle { member } = job.read()?;
            let mut next = Some(RequestId(0));
            // Each handful is a write of its own, so that those of members come between.
            while let Some(after) = next {
                let (billing, social) = (self.billing.clone(), self.social.clone());
                next = self.db.write(move |tx| settle_waiting(tx, member, after, &billing, &social)).await?;
            }
            loop {
                let social = self.social.clone();
                if !self.db.write(move |tx| admit_askers(tx, member, &social)).await? {
                    return Ok(());
                }
            }
        })
    }
}

/// Adds what does the slice's jobs.
#[must_use]
pub fn work(runner: Runner, ground: &Ground, billing: &Billing, social: &Social) -> Runner {
    runner.register(SETTLE, Settler { db: ground.db.clone(), billing: billing.clone(), social: social.clone() })
}
