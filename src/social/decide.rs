//! May this member reach that one in this way, now? One pure answer for messages, invitations, mentions, calls and video calls.

use super::model::{Act, Edge, Reach, Relation, Rule, UnknownCallers};
use crate::clock::Millis;
use crate::ids::{PlanId, RoleId};
use crate::settings::{Class, Classes};

/// Everything that the answer rests on. `relation.mine` are the edges of the one who wants to reach, `relation.theirs` those of the one
/// who is to be reached.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// In which way.
    pub act: Act,
    /// May the caller start this at all? What plans give is asked of the caller alone.
    pub may_start: bool,
    /// Has the caller not done this too often?
    pub within_rate: bool,
    /// How the two stand to each other.
    pub relation: Relation,
    /// What the one who is to be reached chose.
    pub reach: &'a Reach,
    /// The administrators' upper bound for this way.
    pub ceiling: Classes,
    /// Roles of the caller.
    pub roles: &'a [RoleId],
    /// Plans of the caller.
    pub plans: &'a [PlanId],
    /// Has the caller the verified badge?
    pub is_verified: bool,
    /// Is the one who is to be reached in a call?
    pub is_busy: bool,
}

/// Why the caller gets nowhere, when the reason is their own, or everybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// The administrators have closed this way for everybody.
    Closed,
    /// Their plans do not give this.
    NotEntitled,
    /// They did it too often.
    TooOften,
    /// They block the other themselves.
    Blocks,
}

/// The answer. Of what is not [`Verdict::Refused`] or [`Verdict::Busy`] the caller learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It reaches them: rings, is delivered, invites.
    Through,
    /// It reaches them without a sound: quiet hours, and for a call also somebody unknown. A call then does not ring and stands among those
    /// that they missed; to the caller it rings unanswered.
    Quietly,
    /// It waits in their inbox for a yes.
    Asks,
    /// It reaches nobody; to the caller it looks like something that nobody answers.
    Unheard,
    /// They are in a call.
    Busy,
    /// The caller is told why.
    Refused(Own),
}

/// Decides. Allocates nothing.
///
/// A block, also the caller's own, is stronger than a place on the list of those who may always reach somebody; that list is stronger
/// than quiet hours. A way that is closed for everybody (decision 0037) tells nothing of anybody, so it is asked first, and said.
#[must_use]
pub fn decide(facts: &Facts<'_>, now: Millis) -> Verdict {
    let (mine, theirs) = (facts.relation.mine, facts.relation.theirs);
    if facts.ceiling.has(Class::Nobody) {
        match facts.act {
            Act::Call | Act::VideoCall | Act::Invite => return Verdict::Refused(Own::Closed),
            Act::Mention => return Verdict::Unheard,
            // First words are refused before anybody is asked about; those that follow belong to a conversation.
            Act::Message => {}
        }
    }
    if !facts.may_start {
        return Verdict::Refused(Own::NotEntitled);
    }
    if !facts.within_rate {
        return Verdict::Refused(Own::TooOften);
    }
    // Whom one blocks and calls by name is called like anybody: their copy of the words would tell them of the block.
    if mine.has(Edge::Blocks) && !matches!(facts.act, Act::Mention) {
        return Verdict::Refused(Own::Blocks);
    }
    if theirs.shuts_out() {
        return Verdict::Unheard;
    }
    if theirs.has(Edge::Always) {
        return unless_busy(facts, Verdict::Through);
    }
    if !is_let_in(facts) {
        return of_a_stranger(facts, now);
    }
    at_this_hour(facts, now)
}

/// Is the caller let in by how the two stand to each other, at whatever hour? What of theirs waits for a yes then needs none.
#[must_use]
pub fn is_admitted(facts: &Facts<'_>) -> bool {
    let (mine, theirs) = (facts.relation.mine, facts.relation.theirs);
    let is_closed = facts.ceiling.has(Class::Nobody) && !matches!(facts.act, Act::Message);
    !is_closed && !mine.has(Edge::Blocks) && !theirs.shuts_out() && (theirs.has(Edge::Always) || is_let_in(facts))
}

/// The caller belongs to those who may; what does the hour say?
fn at_this_hour(facts: &Facts<'_>, now: Millis) -> Verdict {
    let is_quiet = facts.reach.quiet.is_some_and(|quiet| quiet.is_on(&facts.reach.zone, now));
    if is_quiet { Verdict::Quietly } else { unless_busy(facts, Verdict::Through) }
}

const fn unless_busy(facts: &Facts<'_>, otherwise: Verdict) -> Verdict {
    if facts.act.rings() && facts.is_busy { Verdict::Busy } else { otherwise }
}

/// No class of the caller may.
fn of_a_stranger(facts: &Facts<'_>, now: Millis) -> Verdict {
    if facts.reach.rules.of(facts.act).from.has(Class::Nobody) {
        return Verdict::Unheard;
    }
    match (facts.act, facts.reach.unknown_callers) {
        // A mention cannot wait. An invitation waits for a yes anyway: the rule says whose arrive, and nobody else's do.
        (Act::Mention | Act::Invite, _) => Verdict::Unheard,
        (Act::Message, _) => Verdict::Asks,
        (Act::Call | Act::VideoCall, UnknownCallers::Silent) => Verdict::Quietly,
        (Act::Call | Act::VideoCall, UnknownCallers::Ring) if facts.ceiling.has(Class::Everyone) => at_this_hour(facts, now),
        // Under a ceiling no stranger rings, whatever was chosen: they may ask.
        (Act::Call | Act::VideoCall, UnknownCallers::Request | UnknownCallers::Ring) => Verdict::Asks,
    }
}

/// Is the caller of a class that may, as far as the administrators' bound lets it, or let in by something else?
fn is_let_in(facts: &Facts<'_>) -> bool {
    let (rule, theirs) = (facts.reach.rules.of(facts.act), facts.relation.theirs);
    let is_nobody = rule.from.has(Class::Nobody);
    match facts.act {
        // Who is answered does not write first, whoever may.
        Act::Message if theirs.has(Edge::Admits) => return true,
        Act::Call | Act::VideoCall
            if !is_nobody && (theirs.has(Edge::Admits) || theirs.lets_ring_once(matches!(facts.act, Act::VideoCall))) =>
        {
            return true;
        }
        _ => {}
    }
    meets(rule.from, rule, facts) && meets(facts.ceiling, rule, facts)
}

/// Is the caller of one of these classes?
fn meets(classes: Classes, rule: &Rule, facts: &Facts<'_>) -> bool {
    let theirs = facts.relation.theirs;
    classes.iter().any(|class| match class {
        Class::Nobody => false,
        Class::Contacts => theirs.has(Edge::Contact),
        Class::PeopleIFollow => theirs.has(Edge::Follows),
        Class::Mutual => theirs.has(Edge::Follows) && facts.relation.mine.has(Edge::Follows),
        Class::Verified => facts.is_verified,
        Class::Roles => rule.roles.iter().any(|role| facts.roles.contains(role)),
        Class::Plans => rule.plans.iter().any(|plan| facts.plans.contains(plan)),
        Class::Everyone => true,
    })
}
