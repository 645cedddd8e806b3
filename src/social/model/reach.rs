//! Who may reach a member, for each way of reaching: what they chose, and when they want to be left alone.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{PlanId, RoleId};
use crate::settings::{Class, Classes, Settings};

/// A way of reaching somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Write to them first.
    Message,
    /// Ring them.
    Call,
    /// Ring them with a picture.
    VideoCall,
    /// Bring them into a room.
    Invite,
    /// Call them by name in a room.
    Mention,
}

impl Act {
    /// Every one, in the order in which people see them.
    pub const ALL: [Self; 5] = [Self::Message, Self::Call, Self::VideoCall, Self::Invite, Self::Mention];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Call => "call",
            Self::VideoCall => "video_call",
            Self::Invite => "invite",
            Self::Mention => "mention",
        }
    }

    /// The code of who is refused it because it is closed for everybody; of calls [`closed_code`] says more.
    #[must_use]
    pub const fn closed_code(self) -> &'static str {
        match self {
            Self::Message => "social.closed_message",
            Self::Call => "social.closed_call",
            Self::VideoCall => "social.closed_video_call",
            Self::Invite => "social.closed_invite",
            Self::Mention => "social.closed_mention",
        }
    }

    /// Does it ring?
    #[must_use]
    pub const fn rings(self) -> bool {
        matches!(self, Self::Call | Self::VideoCall)
    }
}

/// Whom a member lets reach them in one way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rule {
    /// Classes of people.
    #[schema(value_type = Vec<Class>)]
    pub from: Classes,
    /// Which roles, when `from` holds `roles`; at most 20.
    #[serde(default)]
    pub roles: Vec<RoleId>,
    /// Which plans, when `from` holds `plans`; at most 20.
    #[serde(default)]
    pub plans: Vec<PlanId>,
}

impl Rule {
    const fn only(from: Classes) -> Self {
        Self { from, roles: Vec::new(), plans: Vec::new() }
    }
}

/// A rule for each way of reaching.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Write to me first.
    pub message: Rule,
    /// Ring me.
    pub call: Rule,
    /// Ring me with a picture.
    pub video_call: Rule,
    /// Invite me to rooms.
    pub invite: Rule,
    /// Call me by name.
    pub mention: Rule,
}

impl Rules {
    /// What holds for somebody who has chosen nothing.
    #[must_use]
    pub const fn defaults(settings: &Settings) -> Self {
        Self {
            message: Rule::only(default_of(settings, Act::Message)),
            call: Rule::only(default_of(settings, Act::Call)),
            video_call: Rule::only(default_of(settings, Act::VideoCall)),
            invite: Rule::only(default_of(settings, Act::Invite)),
            mention: Rule::only(default_of(settings, Act::Mention)),
        }
    }

    /// The rule for this way.
    #[must_use]
    pub const fn of(&self, act: Act) -> &Rule {
        match act {
            Act::Message => &self.message,
            Act::Call => &self.call,
            Act::VideoCall => &self.video_call,
            Act::Invite => &self.invite,
            Act::Mention => &self.mention,
        }
    }

    /// Each of them, to be changed.
    pub fn each_mut(&mut self) -> [&mut Rule; 5] {
        [&mut self.message, &mut self.call, &mut self.video_call, &mut self.invite, &mut self.mention]
    }
}

/// What the administrators chose for this way of reaching, for those who have chosen nothing.
#[must_use]
pub const fn default_of(settings: &Settings, act: Act) -> Classes {
    match act {
        Act::Message => settings.reach_default_message,
        Act::Call => settings.reach_default_call,
        Act::VideoCall => settings.reach_default_video_call,
        Act::Invite => settings.reach_default_invite,
        Act::Mention => settings.reach_default_mention,
    }
}

/// The administrators' upper bound for this way of reaching.
#[must_use]
pub const fn ceiling(settings: &Settings, act: Act) -> Classes {
    match act {
        Act::Message => settings.reach_ceiling_message,
        Act::Call => settings.reach_ceiling_call,
        Act::VideoCall => settings.reach_ceiling_video_call,
        Act::Invite => settings.reach_ceiling_invite,
        Act::Mention => settings.reach_ceiling_mention,
    }
}

/// Have the administrators closed this way for everybody? Then no list of a member opens it.
#[must_use]
pub const fn is_closed(settings: &Settings, act: Act) -> bool {
    ceiling(settings, act).has(Class::Nobody)
}

/// The ways that are closed for everybody.
#[must_use]
pub fn closed_ways(settings: &Settings) -> Vec<Act> {
    Act::ALL.into_iter().filter(|act| is_closed(settings, *act)).collect()
}

/// The code of who is refused a way that is closed for everybody; the sentence of the page of reach has the same words. Where one of the two
/// ways of ringing is open, they say which.
#[must_use]
pub const fn closed_code(settings: &Settings, act: Act) -> &'static str {
    match act {
        Act::Call if !is_closed(settings, Act::VideoCall) => "social.closed_voice_call",
        Act::VideoCall if is_closed(settings, Act::Call) => Act::Call.closed_code(),
        act => act.closed_code(),
    }
}

/// Refuses a way that is closed for everybody.
///
/// # Errors
/// 403 with [`closed_code`].
pub fn must_be_open(settings: &Settings, act: Act) -> Result<()> {
    if is_closed(settings, act) { Err(Error::forbidden(closed_code(settings, act))) } else { Ok(()) }
}

/// What becomes of a call by somebody of no class that may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownCallers {
    /// It rings nowhere; I find it among my missed calls.
    #[default]
    Silent,
    /// They may ask.
    Request,
    /// It rings, where the administrators let everyone ring; elsewhere they may ask.
    Ring,
}

impl UnknownCallers {
    /// As stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// From the database; what is unknown is silent.
    #[must_use]
    pub const fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Request,
            2 => Self::Ring,
            _ => Self::Silent,
        }
    }
}

/// A day has so many minutes.
const DAY: u16 = 1_440;

/// Hours of every day in which nothing rings, as the wall clock of the member's zone shows them: minutes since midnight. `from` is in
/// them, `to` is not; a `to` before `from` is on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Quiet {
    /// 0–1439.
    pub from: u16,
    /// 0–1439, another than `from`.
    pub to: u16,
}

impl Quiet {
    /// Fits?
    ///
    /// # Errors
    /// `social.quiet_range` on the end that no clock shows, `social.quiet_hours` when both are the same.
    pub fn checked(self) -> Result<Self> {
        match self {
            Self { from: DAY.., .. } => Err(Error::invalid("quiet.from", "social.quiet_range")),
            Self { to: DAY.., .. } => Err(Error::invalid("quiet.to", "social.quiet_range")),
            Self { from, to } if from == to => Err(Error::invalid("quiet", "social.quiet_hours")),
            fits => Ok(fits),
        }
    }

    /// Is this minute of the day in them?
    #[must_use]
    pub const fn holds(self, minute: u16) -> bool {
        if self.from < self.to { minute >= self.from && minute < self.to } else { minute >= self.from || minute < self.to }
    }

    /// Are they on at this moment? What the clock shows decides: an hour that a change of the clocks leaves out is not there, one that it
    /// shows twice is there twice.
    #[must_use]
    pub fn is_on(self, zone: &TimeZone, now: Millis) -> bool {
        let Ok(at) = Timestamp::from_millisecond(now) else { return false };
        let clock = zone.to_datetime(at);
        self.holds(u16::from(clock.hour().unsigned_abs()) * 60 + u16::from(clock.minute().unsigned_abs()))
    }
}

/// What holds for one member who is to be reached.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Who.
    pub rules: Rules,
    /// Calls of others.
    pub unknown_callers: UnknownCallers,
    /// When to be left alone.
    pub quiet: Option<Quiet>,
    /// Where the member's clock hangs.
    pub zone: TimeZone,
    /// Do followers need a yes?
    pub asks_before_follow: bool,
}

impl Reach {
    /// What holds for somebody who has chosen nothing.
    #[must_use]
    pub const fn defaults(settings: &Settings) -> Self {
        Self {
            rules: Rules::defaults(settings),
            unknown_callers: UnknownCallers::Silent,
            quiet: None,
            zone: TimeZone::UTC,
            asks_before_follow: false,
        }
    }
}

/// A time zone by its stored name; what is empty or unknown is UTC.
#[must_use]
pub fn zone(name: &str) -> TimeZone {
    if name.is_empty() { TimeZone::UTC } else { jiff::tz::TimeZoneDatabase::bundled().get(name).unwrap_or(TimeZone::UTC) }
}

/// May a member tick this class under this bound?
#[must_use]
pub const fn is_below(class: Class, bound: Classes) -> bool {
    match class {
        Class::Nobody => true,
        Class::Mutual => bound.has(Class::Everyone) || bound.has(Class::PeopleIFollow) || bound.has(Class::Mutual),
        class => bound.has(Class::Everyone) || bound.has(class),
    }
}

/// What is left of these classes under this bound. Where neither is enough alone, as for contacts under a bound of people I follow, nothing
/// is: who belongs to both comes through, but no class as a whole does.
#[must_use]
pub fn within(from: Classes, bound: Classes) -> Classes {
    if bound.has(Class::Everyone) {
        return from;
    }
    if from.has(Class::Everyone) {
        return bound;
    }
    let both = |class: &Class| match class {
        Class::Mutual if from.has(Class::PeopleIFollow) && bound.has(Class::Mutual) => true,
        class => from.has(*class) && is_below(*class, bound),
    };
    Classes::of(&Class::ALL.into_iter().filter(both).collect::<Vec<_>>())
}

/// May calls of others ring under these bounds, in one of the ways at least?
#[must_use]
pub fn may_ring(ceiling: &dyn Fn(Act) -> Classes) -> bool {
    Act::ALL.into_iter().any(|act| act.rings() && ceiling(act).has(Class::Everyone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn quiet_hours_may_cross_midnight() {
        let night = Quiet { from: 22 * 60, to: 7 * 60 };
        for (minute, on) in [(22 * 60 - 1, false), (22 * 60, true), (0, true), (7 * 60 - 1, true), (7 * 60, false), (720, false)] {
            assert_eq!(night.holds(minute), on, "{minute}");
        }
        let noon = Quiet { from: 720, to: 780 };
        assert!(noon.holds(720) && noon.holds(779) && !noon.holds(780) && !noon.holds(719));
    }

    #[test]
    fn quiet_hours_are_those_of_the_members_own_clock() {
        let night = Quiet { from: 22 * 60, to: 7 * 60 };
        let noon = at("2026-11-28T12:00:00Z");
        assert!(!night.is_on(&zone("Europe/Paris"), noon) && night.is_on(&zone("Pacific/Auckland"), noon), "one o'clock at night there");
        assert!(!night.is_on(&zone(""), noon) && !night.is_on(&zone("Nowhere/Land"), noon), "UTC where no zone is known");
    }

    #[test]
    fn quiet_hours_keep_to_the_clock_when_it_is_changed() {
        let paris = zone("Europe/Paris");
        // 29 March 2026: two o'clock becomes three.
        let early = Quiet { from: 60, to: 3 * 60 };
        assert!(early.is_on(&paris, at("2026-03-29T00:59:59Z")), "1:59");
        assert!(!early.is_on(&paris, at("2026-03-29T01:00:00Z")), "3:00, a moment later");
        let gone = Quiet { from: 2 * 60, to: 3 * 60 };
        for minute in 0..180 {
            assert!(!gone.is_on(&paris, at("2026-03-29T00:00:00Z") + minute * 60_000), "an hour that is not there");
        }
        // 25 October 2026: three o'clock becomes two.
        let on = (0..240).filter(|minute| gone.is_on(&paris, at("2026-10-25T00:00:00Z") + minute * 60_000)).count();
        assert_eq!(on, 120, "an hour that is there twice");
        let night = Quiet { from: 22 * 60, to: 7 * 60 };
        assert!(
            night.is_on(&paris, at("2026-10-25T05:59:00Z")) && !night.is_on(&paris, at("2026-10-25T06:00:00Z")),
            "7:00 is 6:00 UTC now"
        );
    }

    #[test]
    fn a_bound_leaves_what_both_hold() {
        use Class::{Contacts, Everyone, Mutual, Nobody, PeopleIFollow, Verified};
        for (from, bound, left) in [
            (&[Contacts, Verified][..], &[Everyone][..], &[Contacts, Verified][..]),
            (&[Everyone], &[Contacts, PeopleIFollow], &[Contacts, PeopleIFollow]),
            (&[Contacts, Verified], &[Contacts], &[Contacts]),
            (&[Mutual], &[PeopleIFollow], &[Mutual]),
            (&[PeopleIFollow], &[Mutual], &[Mutual]),
            (&[Contacts], &[PeopleIFollow], &[]),
            (&[Nobody], &[Contacts], &[Nobody]),
            (&[Everyone], &[Nobody], &[Nobody]),
        ] {
            assert_eq!(within(Classes::of(from), Classes::of(bound)), Classes::of(left), "{from:?} under {bound:?}");
        }
    }
}
