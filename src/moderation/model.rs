//! A case: a report with what surrounds it, what may be done, and what is decided; and what members are told.

use serde::{Deserialize, Serialize};

use crate::chat::Scene;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, ReportId};
use crate::members::{Profile, Sanction, ToldSanction};
use crate::social::Report;
use crate::text::clean_line;

/// Most characters of a message that is shown beside the reported one.
const SHOWN: usize = 1_000;
/// Most characters of a reason.
const REASON: usize = 500;

/// What is done in answer to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseOutcome {
    /// Nothing.
    None,
    /// The member is told that something was wrong.
    Warn,
    /// The message goes.
    Remove,
    /// The member may not write for a time.
    Mute,
    /// The member goes out of the room.
    Kick,
    /// The member is shut out, for a time or until it is lifted.
    Ban,
}

impl CaseOutcome {
    /// Every one, from nothing to the most.
    pub const ALL: [Self; 6] = [Self::None, Self::Warn, Self::Remove, Self::Mute, Self::Kick, Self::Ban];
}

/// What is decided about a report.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct Decision {
    /// What is done.
    pub outcome: CaseOutcome,
    /// Why, for the member to read, 1–500 characters; where nothing is done nobody reads it.
    #[serde(default)]
    pub reason: String,
    /// Until when, milliseconds UTC: for a mute, and for a ban that ends.
    #[serde(default)]
    pub until: Option<Millis>,
    /// For the queue alone, at most 1,000 characters.
    #[serde(default)]
    pub note: String,
}

impl Decision {
    /// The reason that the member reads.
    ///
    /// # Errors
    /// `moderation.reason` where something is done without one; `moderation.until` where nothing has an end.
    pub fn checked_reason(&self) -> Result<String> {
        let has_end = matches!(self.outcome, CaseOutcome::Mute | CaseOutcome::Ban);
        if self.until.is_some() && !has_end {
            return Err(Error::invalid("until", "moderation.until"));
        }
        let least = usize::from(self.outcome != CaseOutcome::None);
        clean_line(&self.reason, least, REASON, "reason", "moderation.reason")
    }
}

/// A report with what surrounds it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Case {
    /// The report.
    pub report: Report,
    /// What the room is called; null for a conversation, and for a room that one does not see.
    pub room_name: Option<String>,
    /// Does one see the room, and so what was said around the message?
    pub sees_room: bool,
    /// What was said there, oldest first; only what one sees in the room anyway.
    pub around: Vec<CaseMessage>,
    /// Other reports of the same member, newest first, at most 20.
    pub others: Vec<Report>,
    /// What was done to the member before, and in answer to this report, newest first.
    pub sanctions: Vec<Sanction>,
    /// Whom these name.
    pub members: Vec<Profile>,
    /// What one may do; nothing where the report is closed.
    pub may: Vec<CaseOutcome>,
}

/// A message of a case.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CaseMessage {
    /// Its id.
    pub id: MessageId,
    /// Who wrote it.
    pub author: Option<Profile>,
    /// Markdown, at most 1,000 characters; null when it was deleted.
    pub body: Option<String>,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// When it was last changed.
    pub edited_at: Option<Millis>,
    /// Is it the one that is reported?
    pub is_reported: bool,
}

impl CaseMessage {
    /// What was said around the reported message.
    #[must_use]
    pub fn all(scene: Scene, reported: MessageId) -> Vec<Self> {
        let Scene { messages, members, .. } = scene;
        let each = |message: crate::chat::Message| {
            let (at, body) = (message.at, message.body);
            Self {
                id: body.id,
                author: members.iter().find(|one| one.id == body.author).cloned(),
                body: body.body.map(|text| shortened(&text)),
                at,
                edited_at: body.edited_at,
                is_reported: body.id == reported,
            }
        };
        messages.into_iter().map(each).collect()
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// An appeal in the queue.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AppealCase {
    /// Against what, with the appeal.
    pub sanction: Sanction,
    /// Who appeals.
    pub member: Option<Profile>,
    /// Who did what it is against; null: a rule of the community.
    pub made_by: Option<Profile>,
    /// Who decided.
    pub decided_by: Option<Profile>,
    /// May one decide it?
    pub may_decide: bool,
    /// Is it for another, since one did it oneself and somebody else may decide?
    pub is_for_another: bool,
}

/// What is decided about an appeal.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct AppealDecision {
    /// What becomes of what was done.
    pub outcome: AppealOutcome,
    /// For the member to read, at most 500 characters.
    #[serde(default)]
    pub answer: String,
}

/// What becomes of what an appeal is against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppealOutcome {
    /// It stays.
    Uphold,
    /// It is lifted, or taken back in words where it cannot be.
    Lift,
}

/// An appeal to be made.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewAppeal {
    /// In the member's words, 1–2,000 characters.
    pub words: String,
}

/// What a member is told by those who keep the peace.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MyNotices {
    /// What was done to me, newest first, at most 100.
    pub sanctions: Vec<SanctionNotice>,
    /// What I reported and was looked at, newest first, at most 100. What was done is not said.
    pub reports: Vec<ReportNotice>,
    /// How many of these I have not seen.
    pub unread: i64,
}

/// What was done to me.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SanctionNotice {
    /// What, why, until when, and my appeal.
    #[serde(flatten)]
    pub told: ToldSanction,
    /// What the room is called in which it was done.
    pub room_name: Option<String>,
    /// Have I not seen it, or what became of my appeal?
    pub is_new: bool,
}

/// A report of mine that was looked at.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReportNotice {
    /// Which.
    pub report: ReportId,
    /// Whom I reported.
    pub member: Option<Profile>,
    /// When I did, milliseconds UTC.
    pub reported_at: Millis,
    /// When it was looked at, milliseconds UTC.
    pub at: Millis,
    /// Have I not seen it?
    pub is_new: bool,
}

/// Up to when notices were seen.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
pub struct NoticesSeen {
    /// Milliseconds UTC; what came later stays unseen.
    pub until: Millis,
}

/// Everybody whom some sanctions name.
#[must_use]
pub fn named_in(sanctions: &[Sanction]) -> Vec<MemberId> {
    let of = |one: &Sanction| [one.made_by, one.appeal.as_ref().and_then(|appeal| appeal.decided_by)];
    let mut people: Vec<MemberId> = sanctions.iter().flat_map(of).flatten().collect();
    people.sort_unstable();
    people.dedup();
    people
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(outcome: CaseOutcome, reason: &str, until: Option<Millis>) -> Decision {
        Decision { outcome, reason: reason.to_owned(), until, note: String::new() }
    }

    #[test]
    fn whatever_is_done_has_a_reason_and_only_what_holds_has_an_end() {
        for outcome in CaseOutcome::ALL {
            let is_nothing = outcome == CaseOutcome::None;
            let ends = matches!(outcome, CaseOutcome::Mute | CaseOutcome::Ban);
            assert_eq!(decision(outcome, "", None).checked_reason().is_ok(), is_nothing, "{outcome:?}");
            assert_eq!(decision(outcome, " too  loud ", None).checked_reason().ok().as_deref(), Some("too loud"), "{outcome:?}");
            assert_eq!(decision(outcome, "loud", Some(5)).checked_reason().is_ok(), ends, "{outcome:?}");
            assert!(decision(outcome, &"x".repeat(REASON + 1), None).checked_reason().is_err(), "{outcome:?}");
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        assert_eq!(shortened("é"), "é");
        let cut = shortened(&"é".repeat(SHOWN + 1));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (SHOWN + 1, true));
        assert_eq!(shortened(&"é".repeat(SHOWN)).chars().count(), SHOWN);
    }
}
