//! The life of a call, each road of it, and whatever order things happen in.

use proptest::prelude::*;

use super::*;

const ANN: MemberId = MemberId(1);
const BEN: MemberId = MemberId(2);
const CLO: MemberId = MemberId(3);
const ROADS: [(Way, Option<Fate>); 3] = [(Way::Rings, Some(Fate::Missed)), (Way::Quiet, Some(Fate::Unheard)), (Way::Unheard, None)];

/// A call of Ann's, what was decided so far, and the time.
struct Story {
    call: Ringing,
    out: Vec<Decision>,
    now: Millis,
}

impl Story {
    fn of(kind: CallKind, whom: &[(MemberId, Way)]) -> Self {
        let mut story = Self { call: Ringing::begin(kind, ANN, None, 0), out: Vec::new(), now: 0 };
        story.call.call(whom, 0, &mut story.out);
        story
    }

    fn direct(way: Way) -> Self {
        Self::of(CallKind::Direct, &[(BEN, way)])
    }

    fn take(&mut self, what: Happening) -> Result<(), No> {
        self.call.take(what, self.now, &mut self.out)
    }

    fn does(&mut self, what: Happening) -> &mut Self {
        self.take(what).expect("may happen");
        self
    }

    fn waits(&mut self, ms: Millis) -> &mut Self {
        self.now += ms;
        self.does(Happening::Passes)
    }

    fn cause(&self) -> Option<Cause> {
        self.out.iter().find_map(|decision| if let Decision::End(cause) = decision { Some(*cause) } else { None })
    }

    fn fate(&self, member: MemberId) -> Option<Fate> {
        let mut fates = self.out.iter().filter_map(|each| if let Decision::Fate(who, fate) = each { Some((*who, *fate)) } else { None });
        fates.find(|(who, _)| *who == member).map(|(_, fate)| fate)
    }

    /// What the caller can see of it, with the time.
    fn seen_by_caller(&self) -> Vec<Decision> {
        self.out.iter().filter(|each| matches!(each, Decision::Turn(_) | Decision::End(_))).copied().collect()
    }

    /// Both are in it, with media.
    fn talk(&mut self) -> &mut Self {
        self.does(Happening::Accepts(BEN, 7)).does(Happening::Enters(ANN)).does(Happening::Enters(BEN));
        self.does(Happening::Links(ANN)).does(Happening::Links(BEN))
    }
}

#[test]
fn accepted_it_connects_and_is_active_once_media_is_there_both_ways() {
    let mut story = Story::direct(Way::Rings);
    assert_eq!(story.out, [Decision::Ring(BEN)]);
    story.does(Happening::Enters(ANN)).does(Happening::Links(ANN)).does(Happening::Accepts(BEN, 7));
    assert_eq!(story.out[1..], [Decision::Silence(BEN, Some(7)), Decision::Turn(CallState::Connecting)]);
    story.does(Happening::Enters(BEN)).waits(CONNECT - 1).does(Happening::Links(BEN));
    assert_eq!(story.out.last(), Some(&Decision::Turn(CallState::Active)));
    story.waits(3_600_000).does(Happening::Parts(BEN, Parting::Left));
    assert_eq!(story.cause(), Some(Cause::Left));
    assert_eq!(story.take(Happening::Accepts(BEN, 7)), Err(No::Over));
}

#[test]
fn without_media_within_its_time_it_has_failed() {
    let mut story = Story::direct(Way::Rings);
    story.does(Happening::Enters(ANN)).does(Happening::Accepts(BEN, 7)).waits(CONNECT - 1);
    assert_eq!(story.cause(), None);
    story.waits(1);
    assert_eq!(story.cause(), Some(Cause::Failed));
}

#[test]
fn the_first_device_that_accepts_has_it_and_no_other() {
    let mut story = Story::direct(Way::Rings);
    story.does(Happening::Accepts(BEN, 7)).does(Happening::Accepts(BEN, 7));
    assert_eq!(story.take(Happening::Accepts(BEN, 8)), Err(No::Elsewhere));
    assert_eq!(story.take(Happening::Declines(BEN)), Err(No::Elsewhere));
    assert_eq!(story.out.iter().filter(|each| matches!(each, Decision::Silence(..))).count(), 1);
}

#[test]
fn nobody_accepts_after_the_last_instant() {
    let mut story = Story::direct(Way::Rings);
    story.now = RING - 1;
    assert_eq!(story.take(Happening::Accepts(BEN, 7)), Ok(()));
    let mut story = Story::direct(Way::Rings);
    story.now = RING;
    assert_eq!(story.take(Happening::Accepts(BEN, 7)), Err(No::Over));
    assert_eq!((story.cause(), story.fate(BEN)), (Some(Cause::NoAnswer), Some(Fate::Missed)));
}

#[test]
fn whoever_is_not_let_through_looks_like_somebody_who_does_not_answer() {
    let seen = ROADS.map(|(way, fate)| {
        let mut story = Story::direct(way);
        assert_eq!(story.out.contains(&Decision::Ring(BEN)), way == Way::Rings);
        assert_eq!(story.call.expires_at(), Some(RING));
        story.waits(RING - 1);
        assert_eq!((story.call.state(), story.cause()), (CallState::Ringing, None));
        story.waits(1);
        assert_eq!(story.fate(BEN), fate, "{way:?}");
        story.seen_by_caller()
    });
    assert_eq!(seen[0], [Decision::End(Cause::NoAnswer)]);
    assert!(seen.iter().all(|each| *each == seen[0]));
    let mut story = Story::direct(Way::Unheard);
    assert_eq!(story.take(Happening::Accepts(BEN, 7)), Err(No::NotTheirs));
    assert_eq!(story.take(Happening::Declines(BEN)), Err(No::NotTheirs));
    assert_eq!(story.call.may_enter(BEN, false), Err(No::NotTheirs));
}

#[test]
fn declined_busy_and_cancelled_end_it_at_once() {
    let mut story = Story::direct(Way::Rings);
    story.does(Happening::Declines(BEN));
    assert_eq!((story.cause(), story.fate(BEN)), (Some(Cause::Declined), Some(Fate::Declined)));
    let story = Story::direct(Way::Busy);
    assert_eq!((story.cause(), story.fate(BEN)), (Some(Cause::Busy), Some(Fate::Busy)));
    let mut story = Story::direct(Way::Rings);
    story.does(Happening::Cancels);
    assert_eq!((story.cause(), story.fate(BEN)), (Some(Cause::Cancelled), Some(Fate::Missed)));
    let mut story = Story::direct(Way::Rings);
    story.does(Happening::Accepts(BEN, 7));
    assert_eq!(story.take(Happening::Cancels), Err(No::NotTheirs), "there is nothing to take back any more");
}

#[test]
fn a_caller_without_a_socket_takes_it_back_after_ten_seconds_and_not_if_one_comes_again() {
    let mut story = Story::direct(Way::Rings);
    story.does(Happening::StarterHere(false)).waits(CALLER_LOST - 1).does(Happening::StarterHere(true)).waits(CALLER_LOST);
    assert_eq!(story.cause(), None);
    story.does(Happening::StarterHere(false)).waits(CALLER_LOST);
    assert_eq!((story.cause(), story.fate(BEN)), (Some(Cause::Cancelled), Some(Fate::Missed)));
    let mut story = Story::direct(Way::Rings);
    story.does(Happening::Accepts(BEN, 7)).does(Happening::StarterHere(false)).does(Happening::Enters(BEN)).waits(CALLER_LOST);
    assert_eq!(story.cause(), None, "once accepted, media decides");
}

#[test]
fn two_who_call_each_other_are_connected_even_where_it_did_not_ring() {
    for (way, _) in ROADS {
        let mut story = Story::direct(way);
        story.call.merge(BEN, 9, 100, &mut story.out).expect("merges");
        assert_eq!(story.call.callee(BEN), Some(Callee::Accepted(9)));
        assert_eq!(story.call.state(), CallState::Connecting, "{way:?}");
    }
}

#[test]
fn in_a_call_of_two_a_hang_up_ends_it_and_a_lost_one_is_waited_for() {
    let mut story = Story::direct(Way::Rings);
    story.talk().does(Happening::Parts(ANN, Parting::Lost)).waits(ALONE - 1).does(Happening::Enters(ANN)).waits(ALONE);
    assert_eq!(story.cause(), None, "came back");
    story.does(Happening::Parts(ANN, Parting::Lost)).waits(ALONE);
    assert_eq!(story.cause(), Some(Cause::Alone));
    let mut story = Story::direct(Way::Rings);
    story.talk().does(Happening::Parts(ANN, Parting::Lost)).does(Happening::Parts(BEN, Parting::Lost)).waits(EMPTY);
    assert_eq!(story.cause(), Some(Cause::Empty));
}

#[test]
fn a_group_rings_each_by_themselves_and_stays_open_for_late_comers() {
    let whom = [(BEN, Way::Rings), (CLO, Way::Unheard)];
    let mut story = Story::of(CallKind::Group, &whom);
    story.does(Happening::Enters(ANN)).does(Happening::Declines(BEN)).waits(RING - 1);
    assert_eq!(story.call.state(), CallState::Ringing, "it seems to ring for the other");
    story.waits(1);
    assert_eq!((story.call.state(), story.cause()), (CallState::Active, None));
    assert_eq!(story.call.may_enter(BEN, false), Ok(()), "whoever declined may still come");
    story.waits(ALONE);
    assert_eq!(story.cause(), Some(Cause::NoAnswer));

    let mut story = Story::of(CallKind::Group, &[(BEN, Way::Rings), (CLO, Way::Rings)]);
    story.does(Happening::Enters(ANN)).talk().waits(RING);
    assert_eq!((story.fate(CLO), story.fate(BEN), story.cause()), (Some(Fate::Missed), None, None), "the others ring on until the end");
    story.does(Happening::Parts(BEN, Parting::Left)).waits(ALONE - 1).does(Happening::Enters(CLO)).waits(ALONE);
    assert_eq!(story.cause(), None);
    story.does(Happening::Parts(ANN, Parting::Left)).does(Happening::Parts(CLO, Parting::Left)).waits(EMPTY);
    assert_eq!(story.cause(), Some(Cause::Left));
}

#[test]
fn a_group_s_call_that_rings_nobody_is_open_and_waits_for_whoever_sees_it() {
    let mut story = Story::of(CallKind::Group, &[]);
    assert_eq!((story.call.state(), story.call.expires_at()), (CallState::Active, None));
    story.does(Happening::Enters(ANN)).does(Happening::Links(ANN)).waits(3_600_000);
    assert_eq!(story.cause(), None);
    story.does(Happening::Enters(BEN)).does(Happening::Links(BEN)).does(Happening::Parts(ANN, Parting::Left));
    assert_eq!(story.cause(), None, "it goes on without whoever began it");
    story.waits(ALONE);
    assert_eq!(story.cause(), Some(Cause::Alone));
    let mut story = Story::of(CallKind::Group, &[]);
    story.waits(EMPTY);
    assert_eq!(story.cause(), Some(Cause::Left), "whoever began it never came");
}

#[test]
fn whoever_comes_unrung_while_it_rings_has_answered() {
    let mut story = Story::of(CallKind::Group, &[(BEN, Way::Rings)]);
    story.does(Happening::Enters(ANN)).does(Happening::Links(ANN)).does(Happening::Enters(CLO));
    assert_eq!(story.out.last(), Some(&Decision::Turn(CallState::Connecting)));
    story.does(Happening::Links(CLO));
    assert_eq!(story.call.state(), CallState::Active);
    story.does(Happening::Declines(BEN)).does(Happening::Parts(ANN, Parting::Left)).waits(ALONE - 1).does(Happening::Enters(ANN));
    story.waits(3_600_000);
    assert_eq!((story.cause(), story.fate(BEN)), (None, Some(Fate::Declined)), "two talk: no answer of a third ends it");
}

#[test]
fn whoever_went_is_called_again_and_may_come_back_unasked() {
    let mut story = Story::of(CallKind::Group, &[(BEN, Way::Rings), (CLO, Way::Rings)]);
    story.does(Happening::Accepts(CLO, 8)).talk().does(Happening::Enters(CLO)).does(Happening::Parts(CLO, Parting::Left));
    assert_eq!((story.call.callee(CLO), story.call.may_enter(CLO, false)), (Some(Callee::Gone), Ok(())));
    assert_eq!(story.take(Happening::Accepts(CLO, 8)), Err(No::Over), "it does not ring for them");
    story.out.clear();
    story.call.call(&[(CLO, Way::Rings)], story.now, &mut story.out);
    assert_eq!(story.out, [Decision::Ring(CLO)]);
    story.does(Happening::Accepts(CLO, 9)).does(Happening::Enters(CLO)).does(Happening::Parts(CLO, Parting::Lost));
    assert_eq!(story.call.callee(CLO), Some(Callee::Accepted(9)), "whoever is lost is waited for");
}

#[test]
fn somebody_who_is_added_rings_for_their_own_time() {
    let mut story = Story::direct(Way::Rings);
    story.talk().waits(100_000);
    story.call.call(&[(CLO, Way::Rings)], story.now, &mut story.out);
    assert_eq!(story.call.expires_at(), Some(100_000 + RING));
    story.waits(RING);
    assert_eq!((story.fate(CLO), story.cause()), (Some(Fate::Missed), None));
}

#[test]
fn a_room_is_open_at_once_and_one_may_sit_in_it_alone() {
    let mut story = Story::of(CallKind::Room, &[]);
    assert_eq!(story.call.state(), CallState::Active);
    story.does(Happening::Enters(ANN)).waits(3_600_000);
    assert_eq!(story.cause(), None);
    story.does(Happening::Parts(ANN, Parting::Left)).waits(EMPTY - 1);
    assert_eq!(story.cause(), None);
    story.does(Happening::Enters(BEN)).does(Happening::Parts(BEN, Parting::Lost)).waits(EMPTY);
    assert_eq!(story.cause(), Some(Cause::Empty));
}

#[test]
fn the_longest_time_of_the_starter_s_plan_holds_also_without_them() {
    let mut call = Ringing::begin(CallKind::Room, ANN, Some(60_000), 0);
    let mut out = Vec::new();
    for what in [Happening::Enters(ANN), Happening::Enters(BEN), Happening::Parts(ANN, Parting::Left)] {
        call.take(what, 10, &mut out).expect("may");
    }
    call.take(Happening::Passes, 59_999, &mut out).expect("may");
    assert_eq!(call.state(), CallState::Active);
    call.take(Happening::Passes, 60_000, &mut out).expect("may");
    assert_eq!(out, [Decision::End(Cause::TimeOver)]);
}

#[test]
fn after_a_restart_people_come_back_or_it_ends() {
    let mut call = Ringing::resume(CallKind::Direct, ANN, None, 1_000);
    let mut out = Vec::new();
    assert_eq!(call.next_at(), Some(1_000 + EMPTY));
    call.take(Happening::Enters(BEN), 5_000, &mut out).expect("may");
    call.take(Happening::Enters(ANN), 9_000, &mut out).expect("may");
    call.take(Happening::Passes, 1_000_000, &mut out).expect("may");
    assert!(out.is_empty());
    let mut call = Ringing::resume(CallKind::Group, ANN, None, 1_000);
    call.take(Happening::Passes, 1_000 + EMPTY, &mut out).expect("may");
    assert_eq!(out, [Decision::End(Cause::Interrupted)]);
}

fn whoever() -> impl Strategy<Value = MemberId> {
    (1_i64..5).prop_map(MemberId)
}

fn anything() -> impl Strategy<Value = Happening> {
    let partings = prop::sample::select(Parting::ALL.to_vec());
    prop_oneof![
        4 => (whoever(), 1_u64..4).prop_map(|(who, by)| Happening::Accepts(who, by)),
        2 => whoever().prop_map(Happening::Declines),
        1 => Just(Happening::Cancels),
        1 => any::<bool>().prop_map(Happening::StarterHere),
        4 => whoever().prop_map(Happening::Enters),
        4 => whoever().prop_map(Happening::Links),
        2 => (whoever(), partings).prop_map(|(who, why)| Happening::Parts(who, why)),
        3 => Just(Happening::Passes),
    ]
}

fn any_way() -> impl Strategy<Value = Way> {
    prop::sample::select(vec![Way::Rings, Way::Quiet, Way::Unheard, Way::Busy])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// One end and nothing after it; one device for each member; one fate for each who is called; no device left ringing.
    #[test]
    fn whatever_happens_in_whatever_order(
        kind in prop::sample::select(CallKind::ALL.to_vec()),
        ways in prop::collection::vec(any_way(), 0..4),
        steps in prop::collection::vec((anything(), 0_i64..30_000), 0..40),
    ) {
        let whom: Vec<_> = ways.into_iter().zip(2..).map(|(way, id)| (MemberId(id), way)).collect();
        let whom = match (kind, &whom[..]) {
            (CallKind::Room, _) => Vec::new(),
            (CallKind::Direct, []) => vec![(BEN, Way::Rings)],
            _ => whom,
        };
        let mut story = Story::of(kind, &whom);
        for (what, wait) in steps {
            story.now += wait;
            let before = story.out.len();
            let was_over = story.call.state() == CallState::Ended;
            let _ = story.take(what);
            prop_assert!(!was_over || story.out.len() == before, "nothing follows after the end");
            prop_assert!(story.call.next_at().is_none_or(|at| at > story.now), "what is due has been done");
        }
        for member in (1..5).map(MemberId) {
            let _ = story.take(Happening::Parts(member, Parting::Left));
        }
        story.waits(RING + CONNECT + ALONE + EMPTY);
        prop_assert_eq!(story.call.state(), CallState::Ended, "a call that nobody is in ends");
        let count = |wanted: &dyn Fn(&Decision) -> bool| story.out.iter().filter(|each| wanted(each)).count();
        prop_assert_eq!(count(&|each| matches!(each, Decision::End(_))), 1);
        for (member, way) in whom {
            let fates = count(&|each| matches!(each, Decision::Fate(who, _) if *who == member));
            let rings = count(&|each| *each == Decision::Ring(member));
            let silences = count(&|each| matches!(each, Decision::Silence(who, _) if *who == member));
            prop_assert_eq!(rings, usize::from(way == Way::Rings));
            prop_assert_eq!(silences, rings, "every ring is ended, once");
            let accepted = matches!(story.call.callee(member), Some(Callee::Accepted(_) | Callee::Gone));
            prop_assert_eq!(fates, usize::from(!accepted && way != Way::Unheard));
        }
    }

    /// The caller sees the same of one who does not answer and of one who is never told.
    #[test]
    fn a_silent_call_cannot_be_told_from_an_unanswered_one(
        steps in prop::collection::vec((prop_oneof![
            Just(Happening::Passes), Just(Happening::Enters(ANN)), Just(Happening::Links(ANN)), any::<bool>().prop_map(Happening::StarterHere),
            Just(Happening::Cancels), Just(Happening::Parts(ANN, Parting::Lost)),
        ], 0_i64..20_000), 0..12),
    ) {
        let seen = ROADS.map(|(way, _)| {
            let mut story = Story::direct(way);
            let mut moments = Vec::new();
            for (what, wait) in &steps {
                story.now += wait;
                let answer = story.take(*what);
                moments.push((answer, story.seen_by_caller(), story.call.expires_at(), story.call.next_at()));
            }
            moments
        });
        prop_assert_eq!(&seen[0], &seen[1]);
        prop_assert_eq!(&seen[0], &seen[2]);
    }
}
