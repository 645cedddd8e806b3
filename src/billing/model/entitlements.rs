//! Entitlements: what plans are worth, typed, and how two of them at once combine.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Problem, Result};
use crate::settings::CallsOpenTo;
use crate::text::clean_line;

/// Characters of a badge's text.
const BADGE: std::ops::RangeInclusive<usize> = 1..=24;
/// Colours of a badge, those of avatars.
const HUES: std::ops::Range<i16> = 0..12;
/// Members of one call.
const GROUP_SIZE: std::ops::RangeInclusive<u32> = 2..=1_000;
/// Minutes of one call: at most a week.
const MINUTES: std::ops::RangeInclusive<u32> = 1..=10_080;
/// Megabytes of one upload: at most 100 GB.
const UPLOAD: std::ops::RangeInclusive<u32> = 1..=100_000;
/// Megabytes of all uploads: at most 10 TB.
const QUOTA: std::ops::RangeInclusive<u32> = 1..=10_000_000;

/// The sign that a plan puts beside a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PlanBadge {
    /// 1–24 characters.
    pub text: String,
    /// Its colour, 0–11.
    pub hue: i16,
}

/// What a plan entitles to, and what all of a member's plans together do. The names of the fields are those of the API and of the rows.
///
/// | type | fields | two at once |
/// |---|---|---|
/// | right | `calls.start`, `calls.video`, `calls.record`, `rooms.create` | any |
/// | limit of calls; none: no limit | `calls.group_size`, `calls.max_minutes` | the most generous of those that allow to start calls |
/// | allowance; none: what the community gives everyone | `upload.max_mb`, `storage.quota_mb` | the greatest |
/// | sign | `badge` | that of the first plan in the plans' order |
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Entitlements {
    /// May start calls.
    #[serde(rename = "calls.start")]
    pub calls_start: bool,
    /// Calls that they start have video.
    #[serde(rename = "calls.video")]
    pub calls_video: bool,
    /// Most members of a call that they start, 2–1,000; none: no limit.
    #[serde(rename = "calls.group_size")]
    pub calls_group_size: Option<u32>,
    /// Longest call that they start, 1–10,080 minutes; none: no limit.
    #[serde(rename = "calls.max_minutes")]
    pub calls_max_minutes: Option<u32>,
    /// May record calls that they start.
    #[serde(rename = "calls.record")]
    pub calls_record: bool,
    /// Largest upload, 1–100,000 MB; none: what everyone has.
    #[serde(rename = "upload.max_mb")]
    pub upload_max_mb: Option<u32>,
    /// Room for all uploads, 1–10,000,000 MB; none: what everyone has.
    #[serde(rename = "storage.quota_mb")]
    pub storage_quota_mb: Option<u32>,
    /// May make rooms, where the community asks for a plan.
    #[serde(rename = "rooms.create")]
    pub rooms_create: bool,
    /// The sign beside the name.
    pub badge: Option<PlanBadge>,
}

impl Entitlements {
    /// What everyone has without a plan.
    #[must_use]
    pub fn of_everyone(calls: CallsOpenTo) -> Self {
        let open = calls == CallsOpenTo::AllMembers;
        Self { calls_start: open, calls_video: open, ..Self::default() }
    }

    /// What a new community's first plan entitles to.
    #[must_use]
    pub fn of_first_plan() -> Self {
        Self { calls_start: true, calls_video: true, ..Self::default() }
    }

    /// Takes in another plan's. It does not matter in which order, but for the badge: the one that is there stays.
    pub fn take_in(&mut self, other: &Self) {
        let limit = |mine: Option<u32>, theirs: Option<u32>| match (self.calls_start, other.calls_start) {
            (true, true) => mine.zip(theirs).map(|(mine, theirs)| mine.max(theirs)),
            (true, false) => mine,
            (false, true) => theirs,
            (false, false) => None,
        };
        self.calls_group_size = limit(self.calls_group_size, other.calls_group_size);
        self.calls_max_minutes = limit(self.calls_max_minutes, other.calls_max_minutes);
        self.calls_start |= other.calls_start;
        self.calls_video |= other.calls_video;
        self.calls_record |= other.calls_record;
        self.rooms_create |= other.rooms_create;
        self.upload_max_mb = self.upload_max_mb.max(other.upload_max_mb);
        self.storage_quota_mb = self.storage_quota_mb.max(other.storage_quota_mb);
        if self.badge.is_none() {
            self.badge.clone_from(&other.badge);
        }
    }

    /// With clean text and every number within its range; all problems are told at once, each on its field.
    ///
    /// # Errors
    /// `billing.group_size`, `billing.minutes`, `billing.upload`, `billing.quota`, `billing.badge_text`, `billing.badge_hue`.
    pub fn checked(mut self) -> Result<Self> {
        let fits = |number: Option<u32>, range: std::ops::RangeInclusive<u32>| number.is_none_or(|number| range.contains(&number));
        let mut problems: Vec<Problem> = [
            (fits(self.calls_group_size, GROUP_SIZE), "calls.group_size", "billing.group_size"),
            (fits(self.calls_max_minutes, MINUTES), "calls.max_minutes", "billing.minutes"),
            (fits(self.upload_max_mb, UPLOAD), "upload.max_mb", "billing.upload"),
            (fits(self.storage_quota_mb, QUOTA), "storage.quota_mb", "billing.quota"),
            (self.badge.as_ref().is_none_or(|badge| HUES.contains(&badge.hue)), "badge.hue", "billing.badge_hue"),
        ]
        .into_iter()
        .filter(|(fits, _, _)| !fits)
        .map(|(_, field, code)| Problem { field: field.into(), code })
        .collect();
        if let Some(badge) = &mut self.badge {
            match clean_line(&badge.text, *BADGE.start(), *BADGE.end(), "badge.text", "billing.badge_text") {
                Ok(text) => badge.text = text,
                Err(Error::Invalid(more)) => problems.extend(more),
                Err(error) => return Err(error),
            }
        }
        if problems.is_empty() { Ok(self) } else { Err(Error::Invalid(problems)) }
    }
}
