//! How the people of the village stand to each other, as it is written down in `people.toml`: also who called whom, and who reported whom.

use serde::Deserialize;

use super::data::Age;
use crate::calls::Fate;
use crate::error::{Error, Result};
use crate::moderation::{AppealOutcome, CaseOutcome};
use crate::social::{ReachChoice, ReportReason, RequestKind};

const PEOPLE: &str = include_str!("people.toml");

/// How the people stand to each other today.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ties {
    pub(super) contacts: Vec<[String; 2]>,
    pub(super) follows: Vec<[String; 2]>,
    pub(super) blocks: Vec<[String; 2]>,
    /// Who asks whom to be a contact.
    pub(super) asks: Vec<[String; 2]>,
    pub(super) wishes: Vec<WishStory>,
    pub(super) reach: Vec<ReachStory>,
    pub(super) first_words: Vec<FirstWords>,
    pub(super) invites: Vec<InviteStory>,
    /// In the order of time.
    pub(super) report: Vec<ReportStory>,
    /// In the order of time.
    pub(super) call: Vec<CallTale>,
    /// In the order of time.
    pub(super) gathering: Vec<GatheringTale>,
}

/// A call in a room with voice, or in a group conversation.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GatheringTale {
    /// Which, by its file: `12-night-shift` is 12.
    pub(super) room: usize,
    pub(super) from: String,
    /// Who came.
    pub(super) with: Vec<String>,
    /// Who was called and did not come.
    #[serde(default)]
    pub(super) missed: Vec<String>,
    /// How long ago it ended.
    pub(super) ago: Age,
    pub(super) seconds: i64,
    #[serde(default)]
    pub(super) video: bool,
    pub(super) quality: u8,
}

/// A call of two.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallTale {
    pub(super) from: String,
    pub(super) to: String,
    /// How long ago it ended.
    pub(super) ago: Age,
    /// How it ended for whoever was called.
    pub(super) fate: Fate,
    #[serde(default)]
    pub(super) seconds: i64,
    #[serde(default)]
    pub(super) video: bool,
    #[serde(default)]
    pub(super) quality: Option<u8>,
}

/// Who would like to call whom, and was told yes, or waits.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WishStory {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) kind: RequestKind,
    pub(super) met: bool,
}

/// Who may reach somebody.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReachStory {
    pub(super) of: String,
    pub(super) choice: ReachChoice,
}

/// What somebody wrote to one who has not let them in.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstWords {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) text: String,
}

/// Who asked whom into which room, and waits for a yes.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InviteStory {
    pub(super) by: String,
    pub(super) room: String,
    pub(super) of: String,
}

/// Who reported whom, and what came of it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportStory {
    pub(super) by: String,
    pub(super) of: String,
    pub(super) ago: Age,
    pub(super) reason: ReportReason,
    pub(super) text: String,
    pub(super) answer: Option<AnswerStory>,
    pub(super) appeal: Option<AppealStory>,
}

/// What was done in answer to a report.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerStory {
    pub(super) by: String,
    pub(super) ago: Age,
    pub(super) outcome: CaseOutcome,
    pub(super) reason: String,
    #[serde(default)]
    pub(super) note: String,
}

/// An appeal against the newest thing that was done to somebody.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppealStory {
    pub(super) ago: Age,
    pub(super) words: String,
    pub(super) decision: Option<AppealEnd>,
}

/// How an appeal was decided.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppealEnd {
    pub(super) by: String,
    pub(super) ago: Age,
    pub(super) outcome: AppealOutcome,
    pub(super) answer: String,
}

impl Ties {
    /// Reads them.
    ///
    /// # Errors
    /// When the file is not written as it should be.
    pub(super) fn read() -> Result<Self> {
        toml::from_str(PEOPLE).map_err(|error| Error::broken(format!("people.toml: {error}")))
    }
}
