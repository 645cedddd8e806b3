//! Unit tests of the slice: every answer of [`decide`] as a readable table, and what must hold in it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::decide::{Facts, Own, Verdict, decide, is_admitted};
use super::model::{Act, Edge, Edges, Quiet, Reach, Relation, ReportOutcome, ReportReason, Rule, UnknownCallers};
use super::{seed, store};
use crate::clock::Clock;
use crate::ids::{Ids, MemberId, PlanId, RoleId};
use crate::live::{Logged, Signal};
use crate::settings::{Class, Classes, Settings};
use crate::storage::{Db, DbLimits, Sink, Target};

/// 1 November 2026, noon and 23:00 UTC.
const NOON: i64 = 1_793_534_400_000;
const NIGHT: i64 = NOON + 11 * 3_600_000;
const ROLE: RoleId = RoleId(5);
const PLAN: PlanId = PlanId(6);

/// A caller: what they are called, their own edges, the edges to them, and what they have.
struct Caller {
    name: &'static str,
    mine: &'static [Edge],
    theirs: &'static [Edge],
    role: bool,
    plan: bool,
    verified: bool,
}

const fn caller(name: &'static str, mine: &'static [Edge], theirs: &'static [Edge]) -> Caller {
    Caller { name, mine, theirs, role: false, plan: false, verified: false }
}

const CALLERS: [Caller; 17] = [
    caller("stranger", &[], &[]),
    caller("contact", &[Edge::Contact], &[Edge::Contact]),
    caller("follows them", &[Edge::Follows], &[]),
    caller("followed by them", &[], &[Edge::Follows]),
    caller("mutual", &[Edge::Follows], &[Edge::Follows]),
    Caller { verified: true, ..caller("verified", &[], &[]) },
    Caller { role: true, ..caller("has the role", &[], &[]) },
    Caller { plan: true, ..caller("has the plan", &[], &[]) },
    caller("was written to", &[], &[Edge::Admits]),
    caller("may ring once", &[], &[Edge::Once]),
    caller("once with video", &[], &[Edge::Once, Edge::OnceShown]),
    caller("always", &[], &[Edge::Always]),
    caller("never", &[], &[Edge::Never]),
    caller("blocked", &[], &[Edge::Blocks]),
    caller("blocked contact", &[Edge::Contact], &[Edge::Contact, Edge::Follows, Edge::Blocks]),
    caller("always and blocked", &[], &[Edge::Always, Edge::Blocks]),
    caller("blocks them", &[Edge::Blocks], &[Edge::Always]),
];

const POLICIES: [Class; 8] = Class::ALL;

fn reach(class: Class, unknown: UnknownCallers) -> Reach {
    let mut reach = Reach::defaults(&Settings::default());
    for rule in reach.rules.each_mut() {
        *rule = Rule { from: Classes::of(&[class]), roles: vec![ROLE], plans: vec![PLAN] };
    }
    reach.unknown_callers = unknown;
    reach.quiet = Some(Quiet { from: 22 * 60, to: 7 * 60 });
    reach
}

/// What surrounds the question.
#[derive(Clone, Copy)]
struct Around {
    act: Act,
    unknown: UnknownCallers,
    may_start: bool,
    within_rate: bool,
    is_busy: bool,
    ceiling: Class,
    now: i64,
}

fn ask(caller: &Caller, class: Class, around: Around) -> Verdict {
    of(caller, class, around, |facts| decide(facts, around.now))
}

/// What the facts of this question come to.
fn of<T>(caller: &Caller, class: Class, around: Around, answer: impl FnOnce(&Facts<'_>) -> T) -> T {
    let reach = reach(class, around.unknown);
    let facts = Facts {
        act: around.act,
        may_start: around.may_start,
        within_rate: around.within_rate,
        relation: Relation { mine: Edges::of(caller.mine), theirs: Edges::of(caller.theirs) },
        reach: &reach,
        ceiling: Classes::of(&[around.ceiling]),
        roles: if caller.role { &[ROLE] } else { &[] },
        plans: if caller.plan { &[PLAN] } else { &[] },
        is_verified: caller.verified,
        is_busy: around.is_busy,
    };
    answer(&facts)
}

const fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Through => "through",
        Verdict::Quietly => "quietly",
        Verdict::Asks => "asks",
        Verdict::Unheard => "-",
        Verdict::Busy => "busy",
        Verdict::Refused(Own::Closed) => "CLOSED",
        Verdict::Refused(Own::NotEntitled) => "PAY",
        Verdict::Refused(Own::TooOften) => "SLOW",
        Verdict::Refused(Own::Blocks) => "OWN",
    }
}

/// One table: callers down, what the other ticked across. A table of one answer is one line.
fn table(out: &mut String, around: Around) {
    let answers: Vec<Vec<&str>> =
        CALLERS.iter().map(|caller| POLICIES.iter().map(|class| sign(ask(caller, *class, around))).collect()).collect();
    let first = answers[0][0];
    if answers.iter().flatten().all(|answer| *answer == first) {
        writeln!(out, "  every cell: {first}").expect("text");
        return;
    }
    let head: Vec<String> = POLICIES.iter().map(|class| format!("{:<16}", class.name())).collect();
    writeln!(out, "  {:<20}{}", "", head.join("").trim_end()).expect("text");
    for (caller, row) in CALLERS.iter().zip(answers) {
        let cells: Vec<String> = row.iter().map(|answer| format!("{answer:<16}")).collect();
        writeln!(out, "  {:<20}{}", caller.name, cells.join("").trim_end()).expect("text");
    }
}

#[test]
fn every_answer() {
    let mut out = String::new();
    for act in Act::ALL {
        let unknowns: &[UnknownCallers] =
            if act.rings() { &[UnknownCallers::Silent, UnknownCallers::Request, UnknownCallers::Ring] } else { &[UnknownCallers::Silent] };
        for unknown in unknowns {
            for (hour, now) in [("by day", NOON), ("in quiet hours", NIGHT)] {
                for is_busy in if act.rings() { &[false, true][..] } else { &[false] } {
                    for (may_start, within_rate) in [(true, true), (false, true), (true, false), (false, false)] {
                        let unknown_said = if act.rings() { format!(", unknown callers {unknown:?}") } else { String::new() };
                        let busy = if *is_busy { ", busy" } else { "" };
                        let own = match (may_start, within_rate) {
                            (true, true) => "",
                            (false, true) => ", not entitled",
                            (true, false) => ", too often",
                            (false, false) => ", not entitled and too often",
                        };
                        writeln!(out, "{}{unknown_said} {hour}{busy}{own}", act.name()).expect("text");
                        let ceiling = Class::Everyone;
                        table(&mut out, Around { act, unknown: *unknown, may_start, within_rate, is_busy: *is_busy, ceiling, now });
                    }
                }
            }
        }
    }
    for act in [Act::Call, Act::VideoCall] {
        for (hour, now) in [("by day", NOON), ("in quiet hours", NIGHT)] {
            let ceiling = Class::PeopleIFollow;
            writeln!(out, "{}, unknown callers Ring {hour}, under a ceiling of {}", act.name(), ceiling.name()).expect("text");
            let unknown = UnknownCallers::Ring;
            table(&mut out, Around { act, unknown, may_start: true, within_rate: true, is_busy: false, ceiling, now });
        }
    }
    for act in Act::ALL {
        writeln!(out, "{}, closed for everybody", act.name()).expect("text");
        let (unknown, ceiling) = (UnknownCallers::Ring, Class::Nobody);
        table(&mut out, Around { act, unknown, may_start: true, within_rate: true, is_busy: false, ceiling, now: NOON });
    }
    insta::assert_snapshot!("decisions", out);
}

fn everywhere(mut look: impl FnMut(&Caller, Class, Around)) {
    for act in Act::ALL {
        for unknown in [UnknownCallers::Silent, UnknownCallers::Request, UnknownCallers::Ring] {
            for now in [NOON, NIGHT] {
                for is_busy in [false, true] {
                    for caller in &CALLERS {
                        for class in POLICIES {
                            look(
                                caller,
                                class,
                                Around { act, unknown, may_start: true, within_rate: true, is_busy, ceiling: Class::Everyone, now },
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn whoever_is_shut_out_gets_one_answer_whatever_else_holds() {
    everywhere(|caller, class, around| {
        let shut = caller.theirs.iter().any(|edge| matches!(edge, Edge::Blocks | Edge::Never));
        if shut {
            assert_eq!(ask(caller, class, around), Verdict::Unheard, "{} {}", caller.name, class.name());
        }
    });
}

#[test]
fn nothing_of_the_callers_own_is_told_to_them_beside_their_own() {
    everywhere(|caller, class, around| {
        for (may_start, within_rate, own) in
            [(false, false, Own::NotEntitled), (false, true, Own::NotEntitled), (true, false, Own::TooOften)]
        {
            let refused = ask(caller, class, Around { may_start, within_rate, ..around });
            assert_eq!(refused, Verdict::Refused(own), "the same for everybody, before anything of the other is looked at");
        }
    });
}

#[test]
fn whoever_is_admitted_gets_through_by_day_and_nobody_else_while_strangers_are_silent() {
    everywhere(|caller, class, around| {
        let around = Around { may_start: true, within_rate: true, is_busy: false, unknown: UnknownCallers::Silent, now: NOON, ..around };
        if matches!(around.act, Act::Message | Act::Call | Act::VideoCall) {
            let is_through = ask(caller, class, around) == Verdict::Through;
            assert_eq!(of(caller, class, around, is_admitted), is_through, "{} {} {:?}", caller.name, class.name(), around.act);
        }
    });
}

#[test]
fn a_yes_to_a_voice_lets_no_picture_in_and_a_yes_to_a_picture_also_a_voice() {
    let (stranger, voice, picture) =
        (caller("", &[], &[]), caller("", &[], &[Edge::Once]), caller("", &[], &[Edge::Once, Edge::OnceShown]));
    everywhere(|_, class, around| {
        let (ask, is_let_in) = (|caller| ask(caller, class, around), |caller| of(caller, class, around, is_admitted));
        if around.act == Act::VideoCall {
            assert_eq!((ask(&voice), is_let_in(&voice)), (ask(&stranger), is_let_in(&stranger)), "{} {:?}", class.name(), around.unknown);
            assert_eq!(is_let_in(&picture), class != Class::Nobody, "{}", class.name());
        } else {
            assert_eq!((ask(&picture), is_let_in(&picture)), (ask(&voice), is_let_in(&voice)), "{} {:?}", class.name(), around.act);
        }
    });
}

#[test]
fn a_ceiling_narrows_what_members_tick() {
    let ask = |ticked: &[Class], ceiling: &[Class], theirs: &[Edge], mine: &[Edge]| {
        let mut reach = Reach::defaults(&Settings::default());
        reach.rules.message.from = Classes::of(ticked);
        let relation = Relation { mine: Edges::of(mine), theirs: Edges::of(theirs) };
        let facts = Facts {
            act: Act::Message,
            may_start: true,
            within_rate: true,
            relation,
            reach: &reach,
            ceiling: Classes::of(ceiling),
            roles: &[],
            plans: &[],
            is_verified: false,
            is_busy: false,
        };
        decide(&facts, NOON) == Verdict::Through
    };
    let (followed, mutual) = (&[Edge::Follows][..], &[Edge::Follows][..]);
    assert!(ask(&[Class::Everyone], &[Class::PeopleIFollow], followed, &[]) && !ask(&[Class::Everyone], &[Class::PeopleIFollow], &[], &[]));
    assert!(
        ask(&[Class::Mutual], &[Class::PeopleIFollow], followed, mutual) && !ask(&[Class::Mutual], &[Class::PeopleIFollow], followed, &[])
    );
    assert!(!ask(&[Class::Contacts], &[Class::PeopleIFollow], &[Edge::Contact], &[]), "neither is enough alone");
    assert!(!ask(&[Class::Everyone], &[Class::Nobody], followed, mutual) && ask(&[Class::Nobody], &[Class::Nobody], &[Edge::Always], &[]));
}

struct Nowhere;

impl Sink for Nowhere {
    fn publish(&self, _: Vec<Logged>) {}
    fn signal(&self, _: Signal) {}
    fn wake_jobs(&self) {}
}

/// An empty database in a folder.
fn database(folder: &Path) -> Db {
    let (clock, _) = Clock::held(NOON);
    let target = Target::Sqlite(folder.join("test.db"));
    Db::open(target, DbLimits::default(), clock.clone(), Arc::new(Ids::new(clock)), Arc::new(Nowhere)).expect("a database")
}

#[tokio::test]
async fn a_report_that_was_closed_since_it_was_found_says_nothing_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let (by, of, keeper) = (MemberId(1), MemberId(2), MemberId(3));
    let told = database(folder.path())
        .write(move |tx| {
            seed::place_report(tx, by, of, ReportReason::Spam, "Once")?;
            let open = store::reports::open_of(tx, by, of, None)?.expect("it waits");
            let first = store::reports::count_again(tx, open.id)?;
            store::reports::close(tx, open.id, keeper, ReportOutcome::Acted, "")?;
            let second = store::reports::count_again(tx, open.id)?;
            Ok((first, second, store::reports::by_id(tx, open.id)?.expect("a row")))
        })
        .await
        .expect("written");
    assert_eq!((told.0, told.1, told.2.text.as_str(), told.2.said_again), (true, false, "Once", 1));
}
