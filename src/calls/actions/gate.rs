//! Who may begin calls, and in which way a call reaches whoever is called.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::starting::MINUTE;
use crate::access::Ground;
use crate::billing::{Billing, Entitlements, Standing};
use crate::calls::exchange::Calls;
use crate::calls::ringing::Way;
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::MemberId;
use crate::settings::Settings;
use crate::social::{self, Act, Asker, NewRequest, Own, RequestKind, Verdict};
use crate::storage::{Conn, Tx};

/// What beginning a call rests on beside the database.
#[derive(Clone, Debug)]
pub struct Gate {
    pub(super) settings: Arc<Settings>,
    pub(super) billing: Billing,
    pub(super) calls: Calls,
    pub(super) raised: bool,
}

impl Gate {
    /// As it is now.
    #[must_use]
    pub fn of(ground: &Ground, billing: &Billing, calls: &Calls) -> Self {
        Self { settings: ground.settings.get(), billing: billing.clone(), calls: calls.clone(), raised: ground.config.raised_limits }
    }

    pub(super) fn entitlements(&self, conn: &mut Conn, member: MemberId, now: Millis) -> Result<Entitlements> {
        self.billing.standings.entitlements_of(conn, member, now)
    }

    /// What a member may begin, for who shows it before it is tried.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn may_start(&self, conn: &mut Conn, member: MemberId, now: Millis) -> Result<MayStart> {
        let has = self.entitlements(conn, member, now)?;
        Ok(MayStart {
            calls: has.calls_start,
            video: has.calls_start && has.calls_video,
            group_size: has.calls_group_size,
            max_minutes: has.calls_max_minutes,
            closed: social::closed_ways(&self.settings),
        })
    }

    /// Refuses to ring anybody where the administrators have closed that for everybody.
    pub(super) fn must_be_open(&self, video: bool) -> Result<()> {
        social::must_be_open(&self.settings, act_of(video))
    }

    /// May cameras and screens be on in a call of `from` that `to` answers, though it began with voices?
    pub(super) fn shows(&self, conn: &mut Conn, from: MemberId, to: MemberId, now: Millis) -> Result<bool> {
        let standing = self.billing.standings.of(conn, from, now)?;
        let has_right = self.entitlements(conn, from, now)?.calls_video;
        Ok(has_right && social::answer(conn, &self.settings, &asker(from, true, &standing), to, false, now)? == Verdict::Through)
    }

    /// How a call of `from` comes to `to`; `Err` only when the reason is the caller's own.
    pub(super) fn way(&self, tx: &mut Tx<'_>, from: MemberId, to: MemberId, video: bool) -> Result<Way> {
        let now = tx.now();
        let standing = self.billing.standings.of(tx, from, now)?;
        let is_busy = self.calls.look(|board| board.taken_by(to).is_some());
        let verdict = social::answer(tx, &self.settings, &asker(from, video, &standing), to, is_busy, now)?;
        way_of(tx, &self.settings, (from, to), verdict, video, true)
    }

    /// The same for several at once, in ascending id. Who does not answer becomes a request of one who `asks`.
    pub(super) fn ways(
        &self,
        tx: &mut Tx<'_>,
        from: MemberId,
        to: &[MemberId],
        video: bool,
        asks: bool,
    ) -> Result<Vec<(MemberId, Result<Way>)>> {
        let now = tx.now();
        let standing = self.billing.standings.of(tx, from, now)?;
        let busy: BTreeSet<MemberId> = self.calls.look(|board| to.iter().filter(|one| board.taken_by(**one).is_some()).copied().collect());
        // What follows from the answers may write to logs: every pair is held before the first of them.
        social::hold_pairs(tx, from, to)?;
        for one in to {
            social::see_yes(tx, from, *one)?;
        }
        let mut verdicts = social::answers(tx, &self.settings, &asker(from, video, &standing), to, now)?;
        verdicts.sort_unstable_by_key(|(one, _)| *one);
        let way = |(one, verdict)| {
            // Being busy is asked last.
            let verdict = if verdict == Verdict::Through && busy.contains(&one) { Verdict::Busy } else { verdict };
            (one, way_of(tx, &self.settings, (from, one), verdict, video, asks))
        };
        Ok(verdicts.into_iter().map(way).collect())
    }
}

const fn request(video: bool) -> RequestKind {
    if video { RequestKind::VideoCall } else { RequestKind::Call }
}

/// What their plan gives was asked before: whoever is let in by another's plan calls all the same.
fn asker<'a>(from: MemberId, video: bool, standing: &'a Standing) -> Asker<'a> {
    Asker { may_start: true, ..Asker::standing(from, act_of(video), standing) }
}

/// How it rings.
const fn act_of(video: bool) -> Act {
    if video { Act::VideoCall } else { Act::Call }
}

fn way_of(
    tx: &mut Tx<'_>,
    settings: &Settings,
    (from, to): (MemberId, MemberId),
    verdict: Verdict,
    video: bool,
    asks: bool,
) -> Result<Way> {
    Ok(match verdict {
        Verdict::Through => {
            social::use_once(tx, from, to)?;
            Way::Rings
        }
        Verdict::Quietly => Way::Quiet,
        Verdict::Busy => Way::Busy,
        Verdict::Unheard => Way::Unheard,
        Verdict::Asks => {
            // Calls have limits of their own: no refusal here may tell that it has become a request.
            if asks {
                social::ask(tx, from, &NewRequest::of(request(video), to, true), None)?;
            }
            Way::Unheard
        }
        Verdict::Refused(Own::Closed) => return Err(Error::forbidden(social::closed_code(settings, act_of(video)))),
        Verdict::Refused(Own::Blocks) => return Err(Error::conflict("social.you_block")),
        Verdict::Refused(Own::NotEntitled) => return Err(payment("calls.plan_needed")),
        Verdict::Refused(Own::TooOften) => return Err(Error::slow_down("calls.too_many", MINUTE.unsigned_abs())),
    })
}

pub(super) const fn payment(code: &'static str) -> Error {
    Error::refused(RefusalKind::Payment, code)
}

/// What a member may begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MayStart {
    /// Calls at all.
    pub calls: bool,
    /// With cameras.
    pub video: bool,
    /// Most members; null: what the community allows.
    pub group_size: Option<u32>,
    /// Longest, in minutes; null: no limit.
    pub max_minutes: Option<u32>,
    /// Ways of reaching others that are closed for everybody.
    pub closed: Vec<Act>,
}
