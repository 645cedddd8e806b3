//! Who may reach me: chosen, put into sentences, and asked by those who want to.

use std::collections::HashMap;

use super::announce;
use super::settling::settle_soon;
use crate::access::Ground;
use crate::billing::{self, Standing};
use crate::clock::Millis;
use crate::error::{Found, Result};
use crate::ids::{MemberId, PlanId, RoleId};
use crate::members;
use crate::settings::{Class, Settings};
use crate::social::decide::{Facts, Verdict, decide, is_admitted};
use crate::social::events::SocialEvent;
use crate::social::model::{
    Act, Edge, Edges, Reach, ReachChoice, ReachView, Relation, Rule, Sentence, ceiling, closed_code, is_closed, within,
};
use crate::social::policy::ChangeReach;
use crate::social::store;
use crate::storage::{Conn, Tx, one_at_a_time};
use crate::text::Words;

/// Who wants to reach somebody, in which way, with what is known of them from memory.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Who.
    pub member: MemberId,
    /// In which way.
    pub act: Act,
    /// Do their plans let them start this?
    pub may_start: bool,
    /// Have they not done it too often?
    pub within_rate: bool,
    /// Plans that they have.
    pub plans: &'a [PlanId],
    /// Have they the verified badge?
    pub is_verified: bool,
}

impl<'a> Asker<'a> {
    /// Somebody of whom nothing is known but who they are.
    #[must_use]
    pub const fn plain(member: MemberId, act: Act) -> Self {
        Self { member, act, may_start: true, within_rate: true, plans: &[], is_verified: false }
    }

    /// Somebody who stands here by their plans.
    #[must_use]
    pub fn standing(member: MemberId, act: Act, standing: &'a Standing) -> Self {
        let has = &standing.entitlements;
        let may_start = match act {
            Act::Call => has.calls_start,
            Act::VideoCall => has.calls_start && has.calls_video,
            Act::Message | Act::Invite | Act::Mention => true,
        };
        Self { may_start, plans: &standing.plans, is_verified: standing.verified.is_some(), ..Self::plain(member, act) }
    }
}

/// May this member reach that one in this way now? Two statements; a third where the one who is to be reached names roles.
///
/// # Errors
/// 404 when there is nobody to be reached.
pub fn answer(conn: &mut Conn, settings: &Settings, asker: &Asker<'_>, to: MemberId, is_busy: bool, now: Millis) -> Result<Verdict> {
    let relation = store::relations::between(conn, asker.member, to)?;
    let (reach, _) = store::reach::of(conn, to, settings)?.found()?;
    let roles = if names_roles(&reach, asker.act) { store::relations::roles_of(conn, asker.member)? } else { Vec::new() };
    Ok(decide(&Facts { is_busy, ..facts(settings, asker, relation, &reach, &roles) }, now))
}

/// The same of several at once, by three statements, and a fourth where one of them names roles. Whoever is nobody is left out.
///
/// # Errors
/// When the database cannot be read.
pub fn answers(conn: &mut Conn, settings: &Settings, asker: &Asker<'_>, to: &[MemberId], now: Millis) -> Result<Vec<(MemberId, Verdict)>> {
    let mine: HashMap<MemberId, Edges> = store::relations::all_of(conn, asker.member, to)?.into_iter().collect();
    let theirs: HashMap<MemberId, Edges> = store::relations::all_to(conn, asker.member, to)?.into_iter().collect();
    let all = store::reach::of_all(conn, to, settings)?;
    let asks_roles = all.iter().any(|(_, reach)| names_roles(reach, asker.act));
    let roles = if asks_roles { store::relations::roles_of(conn, asker.member)? } else { Vec::new() };
    let edges = |all: &HashMap<MemberId, Edges>, id| all.get(&id).copied().unwrap_or(Edges::NONE);
    let answer = |(id, reach): (MemberId, Reach)| {
        let relation = Relation { mine: edges(&mine, id), theirs: edges(&theirs, id) };
        (id, decide(&facts(settings, asker, relation, &reach, &roles), now))
    };
    Ok(all.into_iter().map(answer).collect())
}

/// Does a member let somebody reach them in this way by how they stand to each other, contacts and follows alone? `relation.mine` are the edges of
/// who wants to. Whoever is nobody lets nobody.
pub(super) fn lets_in(conn: &mut Conn, settings: &Settings, asker: &Asker<'_>, relation: Relation, to: MemberId) -> Result<bool> {
    let Some((reach, _)) = store::reach::of(conn, to, settings)? else { return Ok(false) };
    Ok(is_admitted(&facts(settings, asker, relation, &reach, &[])))
}

/// What becomes of somebody's wish to reach a member who has chosen this, whatever the hour.
pub(super) fn whatever_the_hour(conn: &mut Conn, settings: &Settings, asker: &Asker<'_>, reach: &Reach, to: MemberId) -> Result<Verdict> {
    let relation = store::relations::between(conn, asker.member, to)?;
    let roles = if names_roles(reach, asker.act) { store::relations::roles_of(conn, asker.member)? } else { Vec::new() };
    Ok(decide(&facts(settings, asker, relation, reach, &roles), 0))
}

fn names_roles(reach: &Reach, act: Act) -> bool {
    reach.rules.of(act).from.has(Class::Roles)
}

/// What the answer rests on, for somebody who is in no call.
fn facts<'a>(settings: &Settings, asker: &Asker<'a>, relation: Relation, reach: &'a Reach, roles: &'a [RoleId]) -> Facts<'a> {
    Facts {
        act: asker.act,
        may_start: asker.may_start,
        within_rate: asker.within_rate,
        relation,
        reach,
        ceiling: ceiling(settings, asker.act),
        roles,
        plans: asker.plans,
        is_verified: asker.is_verified,
        is_busy: false,
    }
}

/// Changes who may reach a member; what is not said stays. What waits for their yes is looked at again.
///
/// # Errors
/// `social.named`, `social.none_named`, `social.role_unknown`, `social.plan_unknown`, `social.quiet_hours`, `social.above_ceiling` when a
/// class is ticked that the administrators do not allow.
pub fn change_reach(tx: &mut Tx<'_>, may: &ChangeReach, choice: &ReachChoice, settings: &Settings) -> Result<()> {
    one_at_a_time(tx, &format!("reach of {}", may.member()))?;
    let reach = chosen(tx, may.member(), choice, settings)?;
    store::reach::save(tx, may.member(), &reach)?;
    announce(tx, may.member(), &SocialEvent::ReachChanged { asks_before_follow: reach.asks_before_follow }, may.member())?;
    settle_soon(tx, may.member())
}

/// What a member chose before, with what they choose now put into it.
fn chosen(conn: &mut Conn, member: MemberId, choice: &ReachChoice, settings: &Settings) -> Result<Reach> {
    let (held, _) = store::reach::of(conn, member, settings)?.found()?;
    let mut reach = held.clone();
    choice.clone().apply(&mut reach)?;
    choice.must_be_below(&held, &|act| ceiling(settings, act))?;
    let (roles, plans) = (role_names(conn)?, plan_names(conn, true)?);
    let has_role = |id| roles.iter().any(|known| known.id == id);
    choice.must_name(&held, &has_role, &|id| plans.iter().any(|(known, _)| *known == id))?;
    Ok(reach)
}

/// A member's reach as they see it, in the words of `language`. Roles that are gone are left out.
///
/// # Errors
/// 404 when there is no such member.
pub fn reach_view(conn: &mut Conn, ground: &Ground, member: MemberId, language: &str) -> Result<ReachView> {
    let settings = ground.settings.get();
    let (mut reach, time_zone) = store::reach::of(conn, member, &settings)?.found()?;
    let sentences = said(conn, ground, member, language, &mut reach)?;
    let Reach { rules, unknown_callers, quiet, asks_before_follow, .. } = reach;
    let time_zone = if time_zone.is_empty() { "UTC".to_owned() } else { time_zone };
    Ok(ReachView { rules, unknown_callers, quiet, time_zone, asks_before_follow, sentences })
}

/// What a choice would mean that is not made yet.
///
/// # Errors
/// As [`change_reach`].
pub fn would_mean(conn: &mut Conn, ground: &Ground, member: MemberId, choice: &ReachChoice, language: &str) -> Result<Vec<Sentence>> {
    let mut reach = chosen(conn, member, choice, &ground.settings.get())?;
    said(conn, ground, member, language, &mut reach)
}

/// The sentences of a reach. Roles and plans that are gone are taken out of it.
fn said(conn: &mut Conn, ground: &Ground, member: MemberId, language: &str, reach: &mut Reach) -> Result<Vec<Sentence>> {
    let settings = ground.settings.get();
    let plans = plan_names(conn, true)?;
    let roles: Vec<(RoleId, String)> = role_names(conn)?.into_iter().map(|role| (role.id, role.said(&ground.words, language))).collect();
    for rule in reach.rules.each_mut() {
        rule.roles.retain(|role| roles.iter().any(|(known, _)| known == role));
        rule.plans.retain(|plan| plans.iter().any(|(known, _)| known == plan));
    }
    let numbers = Numbers {
        contacts: store::relations::count(conn, member, Edge::Contact)?,
        follows: store::relations::count(conn, member, Edge::Follows)?,
        mutual: store::relations::count_mutual(conn, member)?,
    };
    let named = Named { words: &ground.words, language, roles: &roles, plans: &plans, numbers };
    let sentence = |act: Act| {
        if is_closed(&settings, act) {
            return Sentence { act, text: named.t(closed_code(&settings, act), &[]) };
        }
        let rule = reach.rules.of(act);
        let held = Rule { from: within(rule.from, ceiling(&settings, act)), ..rule.clone() };
        Sentence { act, text: named.sentence(act, &held) }
    };
    Ok(Act::ALL.into_iter().map(sentence).collect())
}

/// Roles that can be named: not the one that everybody has, which would be another word for everyone and lead around a bound.
///
/// # Errors
/// When the database cannot be read.
pub fn role_names(conn: &mut Conn) -> Result<Vec<members::NamedRole>> {
    Ok(members::role_names(conn)?.into_iter().filter(|role| !role.is_everyones).collect())
}

/// Plans that can be named; with `archived` also those that are only kept for who has them.
///
/// # Errors
/// When the database cannot be read.
pub fn plan_names(conn: &mut Conn, archived: bool) -> Result<Vec<(PlanId, String)>> {
    Ok(billing::plans(conn, archived)?.into_iter().map(|plan| (plan.id, plan.name)).collect())
}

/// How many there are of each.
#[derive(Clone, Copy)]
struct Numbers {
    contacts: i64,
    follows: i64,
    mutual: i64,
}

/// What sentences are made of.
struct Named<'a> {
    words: &'a Words,
    language: &'a str,
    roles: &'a [(RoleId, String)],
    plans: &'a [(PlanId, String)],
    numbers: Numbers,
}

impl Named<'_> {
    fn t(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.words.t(self.language, key, values)
    }

    /// Those of one class, as a part of a sentence; nothing for a class that is empty because it names nothing.
    fn part(&self, class: Class, rule: &Rule) -> Option<String> {
        let count = |key: &str, count: i64| Some(self.t(key, &[("count", &count.to_string())]));
        let named = |key: &str, names: Vec<&str>| {
            let (count, joined) = (names.len().to_string(), names.join(", "));
            (!names.is_empty()).then(|| self.t(key, &[("count", &count), ("names", &joined)]))
        };
        match class {
            Class::Nobody | Class::Everyone => None,
            Class::Contacts => count("social.of_contacts", self.numbers.contacts),
            Class::PeopleIFollow => count("social.of_follows", self.numbers.follows),
            Class::Mutual => count("social.of_mutual", self.numbers.mutual),
            Class::Verified => Some(self.t("social.of_verified", &[])),
            Class::Roles => {
                let names = self.roles.iter().filter(|(id, _)| rule.roles.contains(id)).map(|(_, name)| name.as_str()).collect();
                named("social.of_roles", names)
            }
            Class::Plans => {
                let names = self.plans.iter().filter(|(id, _)| rule.plans.contains(id)).map(|(_, name)| name.as_str()).collect();
                named("social.of_plans", names)
            }
        }
    }

    fn sentence(&self, act: Act, rule: &Rule) -> String {
        if rule.from.has(Class::Everyone) {
            return self.t(&format!("social.everyone_{}", act.name()), &[]);
        }
        let parts: Vec<String> = rule.from.iter().filter_map(|class| self.part(class, rule)).collect();
        let who = match parts.split_last() {
            None => return self.t(&format!("social.nobody_{}", act.name()), &[]),
            Some((last, [])) => last.clone(),
            Some((last, rest)) => self.t("social.both", &[("first", &rest.join(", ")), ("last", last)]),
        };
        capitalised(&self.t(&format!("social.these_{}", act.name()), &[("who", &who)]))
    }
}

/// With a capital at its beginning.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Stores what a member chose.
///
/// # Errors
/// `social.named`, `social.quiet_hours`.
pub fn place_reach(tx: &mut Tx<'_>, member: MemberId, choice: ReachChoice) -> Result<()> {
    let settings = Settings::load(tx)?;
    let (mut reach, _) = store::reach::of(tx, member, &settings)?.found()?;
    choice.apply(&mut reach)?;
    store::reach::save(tx, member, &reach)
}
