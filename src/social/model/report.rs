//! Reports of members and messages, and what became of them.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{MemberId, MessageId, ReportId, RoomId, RuleId};
use crate::members::Profile;
use crate::text::{clean_line, clean_paragraphs};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// As stored and on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $text),+ } }
        }
    };
}

named! {
    /// Why something is reported.
    ReportReason {
        /// Unwanted advertising.
        Spam = "spam",
        /// Insults, threats, hounding.
        Harassment = "harassment",
        /// Hatred of people for what they are.
        Hate = "hate",
        /// What should not be shown.
        Content = "content",
        /// Somebody plays somebody else.
        Impersonation = "impersonation",
        /// Anything else; the text says what.
        Other = "other",
    }
}

impl ReportReason {
    /// Every one, in the order in which people see them.
    pub const ALL: [Self; 6] = [Self::Spam, Self::Harassment, Self::Hate, Self::Content, Self::Impersonation, Self::Other];
}

named! {
    /// What became of a report.
    ReportOutcome {
        /// Something was done.
        Acted = "acted",
        /// Nothing was wrong.
        Dismissed = "dismissed",
    }
}

/// A report to be made.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct NewReport {
    /// Who is reported; missing: the author of the message.
    #[serde(default)]
    pub member: Option<MemberId>,
    /// A message that I can see.
    #[serde(default)]
    pub message: Option<MessageId>,
    /// Why.
    pub reason: ReportReason,
    /// In my words, at most 1,000 characters.
    #[serde(default)]
    pub text: String,
}

/// Which reports of the queue.
#[derive(Clone, Copy, Debug, Default)]
pub struct SoughtReports {
    /// Closed ones instead of open ones?
    pub closed: bool,
    /// Only those of this member.
    pub member: Option<MemberId>,
    /// Only those before this one.
    pub before: Option<ReportId>,
}

/// Most characters of what is said beside the reason, and of what an administrator notes.
const TEXT: usize = 1_000;

impl NewReport {
    /// What is said beside the reason.
    ///
    /// # Errors
    /// `social.report_text`; also for a report for another reason that says nothing.
    pub fn checked_text(&self) -> Result<String> {
        let least = usize::from(self.reason == ReportReason::Other);
        clean_paragraphs(&self.text, least, TEXT, "text", "social.report_text")
    }
}

/// The end of a report.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct Closing {
    /// What became of it.
    pub outcome: ReportOutcome,
    /// At most 1,000 characters.
    #[serde(default)]
    pub note: String,
}

impl Closing {
    /// The note.
    ///
    /// # Errors
    /// `social.report_text` on `note`.
    pub fn checked_note(&self) -> Result<String> {
        clean_line(&self.note, 0, TEXT, "note", "social.report_text").map_err(|_| Error::invalid("note", "social.report_text"))
    }
}

/// A row of `reports`.
#[derive(Clone, Debug, Queryable)]
pub struct ReportRow {
    /// Its id.
    pub id: ReportId,
    /// Who reported.
    pub reporter: MemberId,
    /// Who is reported.
    pub member: MemberId,
    /// Which message.
    pub message: Option<MessageId>,
    /// Where it stands.
    pub room: Option<RoomId>,
    /// Name of a [`ReportReason`].
    pub reason: String,
    /// In the reporter's words.
    pub text: String,
    /// The beginning of the message as it was then.
    pub excerpt: String,
    /// When.
    pub at: Millis,
    /// When it was closed.
    pub closed_at: Option<Millis>,
    /// By whom.
    pub closed_by: Option<MemberId>,
    /// Name of a [`ReportOutcome`].
    pub outcome: Option<String>,
    /// What the administrator noted.
    pub note: String,
    /// How often the reporter has said it anew, with the same words or others.
    pub said_again: i32,
    /// The report to which these other words were added; a row of the queue has none.
    pub again_of: Option<ReportId>,
    /// The rule that found it; what members report has none.
    pub rule: Option<RuleId>,
    /// When whoever reported saw that it was looked at.
    pub answer_seen_at: Option<Millis>,
}

/// What a reporter says of their subject: of two that are the same, one is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Why.
    pub reason: ReportReason,
    /// In their words.
    pub text: String,
    /// The beginning of the message as it is now.
    pub excerpt: String,
}

impl Said {
    /// Does this row say just the same?
    #[must_use]
    pub fn is_in(&self, row: &ReportRow) -> bool {
        (self.reason.name(), &self.text, &self.excerpt) == (row.reason.as_str(), &row.text, &row.excerpt)
    }

    /// A new row of it, which waits.
    #[must_use]
    pub fn row(self, id: ReportId, reporter: MemberId, member: MemberId, at: Millis) -> ReportRow {
        ReportRow {
            id,
            reporter,
            member,
            message: None,
            room: None,
            reason: self.reason.name().to_owned(),
            text: self.text,
            excerpt: self.excerpt,
            at,
            closed_at: None,
            closed_by: None,
            outcome: None,
            note: String::new(),
            said_again: 0,
            again_of: None,
            rule: None,
            answer_seen_at: None,
        }
    }
}

/// What the reporter said later of what waited already.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SaidAgain {
    /// Why.
    pub reason: String,
    /// In their words.
    pub text: String,
    /// The beginning of the message as it was then.
    pub excerpt: String,
    /// When, milliseconds UTC.
    pub at: Millis,
}

impl From<ReportRow> for SaidAgain {
    fn from(row: ReportRow) -> Self {
        Self { reason: row.reason, text: row.text, excerpt: row.excerpt, at: row.at }
    }
}

/// A report as administrators see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// Who reported.
    pub reporter: Option<Profile>,
    /// Who is reported.
    pub member: Option<Profile>,
    /// Which message.
    pub message: Option<MessageId>,
    /// Where it stands.
    pub room: Option<RoomId>,
    /// Why.
    pub reason: String,
    /// In the reporter's words.
    pub text: String,
    /// The beginning of the message as it was then.
    pub excerpt: String,
    /// How often the reporter has said it anew, with the same words or others.
    pub said_again: i32,
    /// What they said anew that was not the same, oldest first.
    pub again: Vec<SaidAgain>,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// When it was closed, milliseconds UTC.
    pub closed_at: Option<Millis>,
    /// By whom.
    pub closed_by: Option<Profile>,
    /// What became of it: `acted` or `dismissed`.
    pub outcome: Option<String>,
    /// What the administrator noted.
    pub note: String,
}

impl Report {
    /// From a row, with what was added to it, oldest first, and the members that it names.
    #[must_use]
    pub fn of(row: ReportRow, again: Vec<SaidAgain>, people: &[Profile]) -> Self {
        let person = |id: MemberId| people.iter().find(|person| person.id == id).cloned();
        Self {
            id: row.id,
            reporter: person(row.reporter),
            member: person(row.member),
            message: row.message,
            room: row.room,
            reason: row.reason,
            text: row.text,
            excerpt: row.excerpt,
            said_again: row.said_again,
            again,
            at: row.at,
            closed_at: row.closed_at,
            closed_by: row.closed_by.and_then(person),
            outcome: row.outcome,
            note: row.note,
        }
    }
}
