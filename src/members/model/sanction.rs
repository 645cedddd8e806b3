//! What was done to a member, what they are told of it, and their appeal.

use diesel::prelude::*;
use serde::Serialize;

use crate::access::Permission;
use crate::clock::Millis;
use crate::ids::{MemberId, ReportId, RoomId, SanctionId};

/// Most characters of an appeal.
pub const APPEAL_CHARACTERS: usize = 2_000;

/// What may be done to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SanctionKind {
    /// Shut out.
    Ban,
    /// May not write for a time.
    Mute,
    /// Told that something was wrong.
    Warning,
    /// A message of theirs was taken away.
    Removal,
    /// Taken out of a room.
    Kick,
}

impl SanctionKind {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            0 => Self::Ban,
            1 => Self::Mute,
            3 => Self::Removal,
            4 => Self::Kick,
            _ => Self::Warning,
        }
    }

    /// As on the wire, and in the names of words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ban => "ban",
            Self::Mute => "mute",
            Self::Warning => "warning",
            Self::Removal => "removal",
            Self::Kick => "kick",
        }
    }

    /// Who does it, and decides about an appeal against it.
    #[must_use]
    pub const fn right(self) -> Permission {
        match self {
            Self::Ban => Permission::Ban,
            Self::Mute | Self::Warning | Self::Removal | Self::Kick => Permission::Moderate,
        }
    }

    /// Does it hold until it is over or lifted? The others have happened, and can be taken back only in words.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Ban | Self::Mute)
    }
}

/// What is said of something that is done to a member.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms<'a> {
    /// Why, in words for the member, at most 500 characters.
    pub reason: &'a str,
    /// Until when.
    pub until: Option<Millis>,
    /// The report that it answers.
    pub report: Option<ReportId>,
    /// In which room it was done.
    pub room: Option<RoomId>,
}

/// A row of `sanctions`.
#[derive(Clone, Debug, Queryable)]
pub struct SanctionRow {
    /// Id.
    pub id: SanctionId,
    /// To whom.
    pub member: MemberId,
    /// Number of a [`SanctionKind`].
    pub kind: i16,
    /// Why, in words for the member.
    pub reason: String,
    /// By whom; nobody: a rule of the community.
    pub made_by: Option<MemberId>,
    /// When.
    pub made_at: Millis,
    /// Until when; none: until it is lifted.
    pub until: Option<Millis>,
    /// When it was lifted.
    pub lifted_at: Option<Millis>,
    /// Why, in words for the dashboard alone.
    pub note: String,
    /// The report that it answers.
    pub report: Option<ReportId>,
    /// In which room it was done.
    pub room: Option<RoomId>,
    /// When the member saw that they were told.
    pub seen_at: Option<Millis>,
    /// The member's appeal.
    pub appeal: Option<String>,
    /// When they made it.
    pub appealed_at: Option<Millis>,
    /// When it was decided.
    pub decided_at: Option<Millis>,
    /// By whom.
    pub decided_by: Option<MemberId>,
    /// Does it stay?
    pub upheld: Option<bool>,
    /// What was answered.
    pub answer: String,
}

impl SanctionRow {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> SanctionKind {
        SanctionKind::from_number(self.kind)
    }

    /// Does it hold at `now`?
    #[must_use]
    pub fn is_in_force(&self, now: Millis) -> bool {
        self.kind().holds() && self.lifted_at.is_none() && self.until.is_none_or(|until| until > now)
    }

    /// Is there something that an appeal could lift?
    #[must_use]
    pub fn is_open_to_appeal(&self, now: Millis) -> bool {
        self.lifted_at.is_none() && (!self.kind().holds() || self.is_in_force(now))
    }

    /// The same, and was there no appeal yet?
    #[must_use]
    pub fn may_be_appealed(&self, now: Millis) -> bool {
        self.appealed_at.is_none() && self.is_open_to_appeal(now)
    }

    /// As the dashboard shows it.
    #[must_use]
    pub fn sanction(self) -> Sanction {
        let kind = self.kind();
        let same_person = self.decided_by.is_some() && self.decided_by == self.made_by;
        let (decided_at, decided_by, upheld, answer) = (self.decided_at, self.decided_by, self.upheld, self.answer);
        let appeal = self.appeal.zip(self.appealed_at);
        Sanction {
            id: self.id,
            kind,
            reason: self.reason,
            note: self.note,
            by_rule: self.made_by.is_none(),
            made_by: self.made_by,
            made_at: self.made_at,
            until: self.until,
            lifted_at: self.lifted_at,
            report: self.report,
            room: self.room,
            appeal: appeal.map(|(words, at)| Appeal { words, at, decided_at, decided_by, upheld, answer, same_person }),
        }
    }

    /// As its member is told; by whose hand it was is not said.
    #[must_use]
    pub fn told(self, now: Millis) -> ToldSanction {
        let (may_appeal, in_force) = (self.may_be_appealed(now), self.is_in_force(now));
        let Sanction { id, kind, reason, by_rule, made_at, until, lifted_at, room, appeal, .. } = self.sanction();
        let appeal = appeal.map(|appeal| ToldAppeal {
            words: appeal.words,
            at: appeal.at,
            decided_at: appeal.decided_at,
            upheld: appeal.upheld,
            answer: appeal.answer,
            same_person: appeal.same_person,
        });
        ToldSanction { id, kind, reason, by_rule, at: made_at, until, lifted_at, in_force, room, appeal, may_appeal }
    }
}

/// What was done to a member, as the dashboard shows it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Sanction {
    /// Id.
    pub id: SanctionId,
    /// What.
    pub kind: SanctionKind,
    /// Why, in words for the member.
    pub reason: String,
    /// Why, in words for the dashboard alone.
    pub note: String,
    /// Was it a rule of the community, by nobody's hand?
    pub by_rule: bool,
    /// By whom; `null`: a rule of the community, or not said to whom it was done to.
    pub made_by: Option<MemberId>,
    /// When, milliseconds UTC.
    pub made_at: Millis,
    /// Until when; none: until it is lifted.
    pub until: Option<Millis>,
    /// When it was lifted, or taken back.
    pub lifted_at: Option<Millis>,
    /// The report that it answers.
    pub report: Option<ReportId>,
    /// In which room it was done.
    pub room: Option<RoomId>,
    /// The member's appeal.
    pub appeal: Option<Appeal>,
}

impl Sanction {
    /// As its member finds it in a dashboard of their own, which is no more than they are told elsewhere: whether they were reported, what those
    /// who keep the peace noted, and by whose hand it was, is not for them.
    #[must_use]
    pub fn for_its_member(self) -> Self {
        let appeal = self.appeal.map(|appeal| Appeal { decided_by: None, ..appeal });
        Self { note: String::new(), report: None, made_by: None, appeal, ..self }
    }
}

/// An appeal against what was done to a member.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Appeal {
    /// In the member's words.
    pub words: String,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// When it was decided.
    pub decided_at: Option<Millis>,
    /// By whom; not said to whoever appealed.
    pub decided_by: Option<MemberId>,
    /// Does what was done stay?
    pub upheld: Option<bool>,
    /// What was answered.
    pub answer: String,
    /// Was it decided by who did what it is against, since nobody else may?
    pub same_person: bool,
}

/// What was done to a member, as they are told.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ToldSanction {
    /// Id.
    pub id: SanctionId,
    /// What.
    pub kind: SanctionKind,
    /// Why; may be empty.
    pub reason: String,
    /// Was it a rule of the community, by nobody's hand?
    pub by_rule: bool,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// Until when; none: until it is lifted.
    pub until: Option<Millis>,
    /// When it was lifted, or taken back.
    pub lifted_at: Option<Millis>,
    /// Does it hold now?
    pub in_force: bool,
    /// In which room it was done.
    pub room: Option<RoomId>,
    /// The appeal.
    pub appeal: Option<ToldAppeal>,
    /// Can they appeal? Once, while there is something to lift.
    pub may_appeal: bool,
}

/// An appeal, as whoever made it is told.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ToldAppeal {
    /// In their words.
    pub words: String,
    /// When, milliseconds UTC.
    pub at: Millis,
    /// When it was decided.
    pub decided_at: Option<Millis>,
    /// Does what was done stay?
    pub upheld: Option<bool>,
    /// What was answered.
    pub answer: String,
    /// Was it decided by who did what it is against, since nobody else may?
    pub same_person: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: SanctionKind) -> SanctionRow {
        SanctionRow {
            id: SanctionId(1),
            member: MemberId(2),
            kind: kind.number(),
            reason: "loud".to_owned(),
            made_by: Some(MemberId(3)),
            made_at: 10,
            until: None,
            lifted_at: None,
            note: "for us".to_owned(),
            report: Some(ReportId(4)),
            room: None,
            seen_at: None,
            appeal: None,
            appealed_at: None,
            decided_at: None,
            decided_by: None,
            upheld: None,
            answer: String::new(),
        }
    }

    #[test]
    fn there_is_one_appeal_and_only_while_something_can_be_lifted() {
        use SanctionKind::{Ban, Kick, Mute, Removal, Warning};
        for kind in [Ban, Mute, Warning, Removal, Kick] {
            assert_eq!(SanctionKind::from_number(kind.number()), kind);
            assert!(row(kind).may_be_appealed(20));
            assert!(!SanctionRow { appealed_at: Some(15), ..row(kind) }.may_be_appealed(20), "{kind:?} twice");
            assert!(!SanctionRow { lifted_at: Some(15), ..row(kind) }.may_be_appealed(20), "{kind:?} that is lifted");
            let over = SanctionRow { until: Some(20), ..row(kind) };
            assert_eq!((over.may_be_appealed(19), over.may_be_appealed(20)), (true, !kind.holds()), "{kind:?} that is over");
        }
    }

    #[test]
    fn the_member_is_told_neither_by_whom_nor_what_the_dashboard_notes_nor_of_which_report() {
        let decided = SanctionRow {
            appeal: Some("no".to_owned()),
            appealed_at: Some(12),
            decided_at: Some(14),
            decided_by: Some(MemberId(3)),
            upheld: Some(true),
            ..row(SanctionKind::Mute)
        };
        let told = serde_json::to_value(decided.clone().told(20)).expect("JSON");
        assert_eq!((&told["appeal"]["same_person"], &told["reason"]), (&true.into(), &"loud".into()));
        let own = serde_json::to_value(decided.sanction().for_its_member()).expect("JSON");
        assert_eq!((&own["by_rule"], &own["reason"]), (&false.into(), &"loud".into()), "nobody's hand is another thing");
        for hidden in ["made_by", "decided_by", "note", "report"] {
            assert!(told.get(hidden).is_none() && told["appeal"].get(hidden).is_none(), "{hidden}");
            let says = [&own[hidden], &own["appeal"][hidden]].into_iter().any(|value| !value.is_null() && value != "");
            assert!(!says, "{hidden} in the dashboard");
        }
    }
}
