//! Who reported whom in the village, what was done, and who appealed: through the product's own acts.

use super::World;
use crate::access::Permit;
use crate::cli::village::nobody_calls;
use crate::cli::village::story::PersonNo;
use crate::cli::village::ties::ReportStory;
use crate::consequences;
use crate::error::{Error, Result};
use crate::ids::{MemberId, ReportId, SanctionId};
use crate::members::seed::actor_of;
use crate::members::{self, DecideAppeal};
use crate::moderation::{self, AppealOutcome, Decision};
use crate::social::{self, HandleReport, SoughtReports, seed};
use crate::storage::Tx;

impl World {
    pub(super) fn report(&self, tx: &mut Tx<'_>, no: usize) -> Result<()> {
        let ReportStory { by, of, reason, text, .. } = &self.village.ties.report[no];
        seed::place_report(tx, self.named(by)?, self.named(of)?, *reason, text).map(|_| ())
    }

    /// Whoever looks takes the newest report of the member that waits.
    pub(super) fn answer(&self, tx: &mut Tx<'_>, no: usize) -> Result<()> {
        let story = &self.village.ties.report[no];
        let told = story.answer.as_ref().ok_or_else(|| Error::broken("a report without an answer"))?;
        let by = self.named(&told.by)?;
        let (actor, report) = (actor_of(tx, by)?, newest_report(tx, by, self.named(&story.of)?)?);
        let permit = HandleReport::check(tx, &actor, report)?;
        let social = consequences::social(&self.billing, &nobody_calls());
        let decision = Decision { outcome: told.outcome, reason: told.reason.clone(), until: None, note: told.note.clone() };
        moderation::decide(tx, &permit, &actor, (&self.members, &social), &decision)
    }

    pub(super) fn appeal(&self, tx: &mut Tx<'_>, no: PersonNo, words: &str) -> Result<()> {
        let newest = newest_sanction(tx, self.person(no)?)?;
        members::appeal(tx, newest, words)
    }

    pub(super) fn decide(&self, tx: &mut Tx<'_>, no: usize) -> Result<()> {
        let story = &self.village.ties.report[no];
        let end = story.appeal.as_ref().and_then(|appeal| appeal.decision.as_ref());
        let end = end.ok_or_else(|| Error::broken("an appeal without an end"))?;
        let actor = actor_of(tx, self.named(&end.by)?)?;
        let newest = newest_sanction(tx, self.named(&story.of)?)?;
        let permit = DecideAppeal::check(tx, &actor, newest)?;
        members::decide_appeal(tx, &permit, &actor, &self.members, end.outcome == AppealOutcome::Lift, &end.answer)
    }

    /// Everybody has read what they were told.
    pub(super) fn everyone_has_read(&self, tx: &mut Tx<'_>) -> Result<()> {
        for member in self.people.iter().flatten() {
            members::see_sanctions(tx, *member, self.now)?;
            social::see_answers(tx, *member, self.now)?;
        }
        Ok(())
    }

    fn named(&self, username: &str) -> Result<MemberId> {
        self.person(self.village.person(username)?)
    }
}

fn newest_report(tx: &mut Tx<'_>, viewer: MemberId, of: MemberId) -> Result<ReportId> {
    let now = tx.now();
    let sought = SoughtReports { closed: false, member: Some(of), before: None };
    social::reports(tx, viewer, &sought, 1, now)?.items.pop().map(|report| report.id).ok_or_else(|| Error::broken("nobody reported them"))
}

fn newest_sanction(tx: &mut Tx<'_>, member: MemberId) -> Result<SanctionId> {
    let newest = members::sanctions_of(tx, member)?.into_iter().next();
    newest.map(|row| row.id).ok_or_else(|| Error::broken("nothing was done to them"))
}
