//! What a member chooses of who may reach them, and what the page about it shows.

use serde::{Deserialize, Serialize};

use super::reach::{Act, Quiet, Reach, Rule, Rules, UnknownCallers, is_below, may_ring};
use crate::error::{Error, Result};
use crate::ids::{PlanId, RoleId};
use crate::settings::{Class, Classes};

/// Most roles or plans of one rule.
const NAMED: usize = 20;

/// What a member chooses; a field that is missing stays as it is.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReachChoice {
    /// Write to me first.
    pub message: Option<Rule>,
    /// Ring me.
    pub call: Option<Rule>,
    /// Ring me with a picture.
    pub video_call: Option<Rule>,
    /// Bring me into rooms.
    pub invite: Option<Rule>,
    /// Call me by name.
    pub mention: Option<Rule>,
    /// Calls of others.
    pub unknown_callers: Option<UnknownCallers>,
    /// When to be left alone; `null`: never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Quiet>)]
    pub quiet: Option<Option<Quiet>>,
    /// Do followers need a yes?
    pub asks_before_follow: Option<bool>,
}

/// Tells a field that is missing from one that is `null`.
pub(super) fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Option<Option<T>>, D::Error> {
    Option::deserialize(d).map(Some)
}

impl ReachChoice {
    /// Nobody ticks more than the administrators let them, but for what they had ticked before: that stays without effect.
    ///
    /// # Errors
    /// `social.above_ceiling` on the way of reaching, or on `unknown_callers`.
    pub fn must_be_below(&self, held: &Reach, ceiling: &dyn Fn(Act) -> Classes) -> Result<()> {
        let rules = [&self.message, &self.call, &self.video_call, &self.invite, &self.mention];
        for (rule, act) in rules.into_iter().zip(Act::ALL) {
            let before = held.rules.of(act).from;
            let is_above = |class| !before.has(class) && !is_below(class, ceiling(act));
            if rule.as_ref().is_some_and(|rule| rule.from.iter().any(is_above)) {
                return Err(Error::invalid(act.name(), "social.above_ceiling"));
            }
        }
        let rings_anew = self.unknown_callers == Some(UnknownCallers::Ring) && held.unknown_callers != UnknownCallers::Ring;
        if rings_anew && !may_ring(ceiling) {
            return Err(Error::invalid("unknown_callers", "social.above_ceiling"));
        }
        Ok(())
    }

    /// Whoever ticks roles or plans names some, and those that they name anew exist. What was named before and is gone since may stay:
    /// it lets nobody in.
    ///
    /// # Errors
    /// `social.none_named`, `social.role_unknown` or `social.plan_unknown` on the way of reaching.
    pub fn must_name(&self, held: &Reach, has_role: &dyn Fn(RoleId) -> bool, has_plan: &dyn Fn(PlanId) -> bool) -> Result<()> {
        let rules = [&self.message, &self.call, &self.video_call, &self.invite, &self.mention];
        for (rule, act) in rules.into_iter().zip(Act::ALL) {
            let (Some(rule), before) = (rule, held.rules.of(act)) else { continue };
            let wrong = |code| Err(Error::invalid(act.name(), code));
            let roles_left = before.from.has(Class::Roles) && !before.roles.iter().any(|id| has_role(*id));
            let plans_left = before.from.has(Class::Plans) && !before.plans.iter().any(|id| has_plan(*id));
            if rule.from.has(Class::Roles) && rule.roles.is_empty() && !roles_left {
                return wrong("social.none_named");
            }
            if rule.from.has(Class::Plans) && rule.plans.is_empty() && !plans_left {
                return wrong("social.none_named");
            }
            if rule.roles.iter().any(|id| !has_role(*id) && !before.roles.contains(id)) {
                return wrong("social.role_unknown");
            }
            if rule.plans.iter().any(|id| !has_plan(*id) && !before.plans.contains(id)) {
                return wrong("social.plan_unknown");
            }
        }
        Ok(())
    }

    /// Puts it into what was chosen before.
    ///
    /// # Errors
    /// `social.named` when a rule names too many roles or plans, `social.quiet_hours`, `social.quiet_range`.
    pub fn apply(self, reach: &mut Reach) -> Result<()> {
        let rules = [self.message, self.call, self.video_call, self.invite, self.mention];
        for ((slot, rule), act) in reach.rules.each_mut().into_iter().zip(rules).zip(Act::ALL) {
            let Some(mut rule) = rule else { continue };
            if rule.roles.len() > NAMED || rule.plans.len() > NAMED {
                return Err(Error::invalid(act.name(), "social.named"));
            }
            if !rule.from.has(Class::Roles) {
                rule.roles.clear();
            }
            if !rule.from.has(Class::Plans) {
                rule.plans.clear();
            }
            *slot = rule;
        }
        if let Some(quiet) = self.quiet {
            reach.quiet = quiet.map(Quiet::checked).transpose()?;
        }
        reach.unknown_callers = self.unknown_callers.unwrap_or(reach.unknown_callers);
        reach.asks_before_follow = self.asks_before_follow.unwrap_or(reach.asks_before_follow);
        Ok(())
    }
}

/// What a rule means, in one sentence of the reader's language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Sentence {
    /// For which way of reaching.
    pub act: Act,
    /// "Your contacts and 14 people you follow can ring you."
    pub text: String,
}

/// A member's reach as they see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReachView {
    /// What they chose, or the community's defaults.
    #[serde(flatten)]
    pub rules: Rules,
    /// Calls of others.
    pub unknown_callers: UnknownCallers,
    /// When to be left alone.
    pub quiet: Option<Quiet>,
    /// IANA name of the zone of the quiet hours.
    pub time_zone: String,
    /// Do followers need a yes?
    pub asks_before_follow: bool,
    /// What it means, one sentence for each way.
    pub sentences: Vec<Sentence>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn what_does_not_fit_is_refused_and_what_is_not_said_stays() {
        let mut reach = Reach::defaults(&Settings::default());
        let choice = |json: &str| serde_json::from_str::<ReachChoice>(json).expect("json");
        choice(r#"{"call":{"from":["roles","everyone"],"roles":["7"],"plans":["9"]},"quiet":{"from":1320,"to":420}}"#)
            .apply(&mut reach)
            .expect("fits");
        assert_eq!((reach.rules.call.roles.len(), reach.rules.call.plans.len()), (1, 0), "plans that no class asks for are dropped");
        assert_eq!(reach.rules.message, Rules::defaults(&Settings::default()).message);
        choice(r#"{"asks_before_follow":true}"#).apply(&mut reach).expect("fits");
        assert_eq!(reach.quiet, Some(Quiet { from: 1_320, to: 420 }));
        choice(r#"{"quiet":null}"#).apply(&mut reach).expect("fits");
        assert_eq!(reach.quiet, None);
        for (from, to, field, code) in [
            (1_440, 0, "quiet.from", "social.quiet_range"),
            (0, 1_440, "quiet.to", "social.quiet_range"),
            (u16::MAX, u16::MAX, "quiet.from", "social.quiet_range"),
            (60, 60, "quiet", "social.quiet_hours"),
        ] {
            let wrong = ReachChoice { quiet: Some(Some(Quiet { from, to })), ..ReachChoice::default() };
            let Error::Invalid(problems) = wrong.apply(&mut reach).expect_err("refused") else { panic!("another error") };
            assert_eq!((problems[0].field.as_ref(), problems[0].code), (field, code));
        }
        let edge = ReachChoice { quiet: Some(Some(Quiet { from: 1_439, to: 0 })), ..ReachChoice::default() };
        edge.apply(&mut reach).expect("the last minute of a day");
        let many = Rule { from: Classes::of(&[Class::Roles]), roles: vec![RoleId(1); 21], plans: Vec::new() };
        let wrong = ReachChoice { mention: Some(many), ..ReachChoice::default() };
        assert_eq!(wrong.apply(&mut reach).expect_err("refused").code(), "social.named");
        assert!(serde_json::from_str::<ReachChoice>(r#"{"calls":{}}"#).is_err());
    }
}
