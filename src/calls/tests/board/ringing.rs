//! Ringing as the devices see it: it sounds, falls silent, waits, and is taken back.

use super::*;

#[test]
fn it_rings_on_every_device_and_falls_silent_on_all_but_one() {
    let mut table = Table::ring();
    assert_eq!(table.part(BEN), (Part::Ringing, None));
    let ring = table.frame(BEN, "call.ring");
    assert_eq!((&ring["call"]["expires_at"], &ring["waiting"], &ring["call"]["state"]), (&RING.into(), &false.into(), &"ringing".into()));
    table.board.accept(CALL, voice(BEN, 21), 5, &mut table.out).expect("accepts");
    let state = table.frame(BEN, "call.state");
    assert_eq!((&state["part"], &state["connection"], &state["call"]["state"]), (&"accepted".into(), &"15".into(), &"connecting".into()));
    assert_eq!(state["call"]["answered_at"], 5, "since then one talks");
    let second = table.board.accept(CALL, voice(BEN, 20), 6, &mut table.out).expect_err("another device");
    assert_eq!(second.code(), "calls.answered_elsewhere");
    assert_eq!(table.part(BEN).1.as_deref(), Some("15"));
}

#[test]
fn whoever_is_not_let_through_hears_nothing_and_the_caller_sees_it_ring() {
    let mut seen = Vec::new();
    for way in [Way::Rings, Way::Quiet, Way::Unheard] {
        let mut table = Table::with(CallKind::Direct, &[(BEN, way)]);
        table.passes(RING - 1);
        table.passes(1);
        let frames = table.frames();
        let to_ben = frames.iter().filter(|(to, _)| *to == Addressee::Member(BEN)).count();
        assert_eq!(to_ben > 0, way == Way::Rings, "{way:?}");
        let to_ann: Vec<Value> = frames.into_iter().filter(|(to, _)| *to == Addressee::Member(ANN)).map(|(_, frame)| frame).collect();
        seen.push(to_ann);
        assert!(table.board.count() == 0);
    }
    assert_eq!(seen[0].last().expect("an end")["cause"], "no_answer");
    assert!(seen.iter().all(|each| *each == seen[0]), "{seen:?}");
}

#[test]
fn a_second_call_waits_and_a_caller_is_taken() {
    let mut table = Table::ring();
    table.frames();
    let other = NewCall { id: CallId(901), starter: CLO, connection: Some(30), ..new_call(CallKind::Direct, false) };
    table.board.open(other, &[(BEN, Way::Rings)], 1, &mut table.out);
    assert_eq!(table.frame(BEN, "call.ring")["waiting"], true);
    assert_eq!((table.board.taken_by(ANN), table.board.taken_by(BEN)), (Some(CALL), None));
    table.board.accept(CALL, voice(BEN, 20), 2, &mut table.out).expect("accepts");
    let second = table.board.accept(CallId(901), voice(BEN, 20), 3, &mut table.out).expect_err("in one already");
    assert_eq!(second.code(), "calls.in_another");
}

#[test]
fn a_caller_who_closes_the_tab_takes_it_back_and_one_who_comes_again_does_not() {
    let caller = Caller { member: ANN, session: SessionId(1), address: None, language: "en", shard: 0, connection: 10 };
    let mut table = Table::ring();
    table.board.connection_left(caller, 0, &mut table.out);
    table.passes(CALLER_LOST - 1);
    assert!(table.board.count() > 0);
    table.passes(1);
    assert!(table.board.count() == 0);
    let mut table = Table::ring();
    table.board.connection_left(Caller { connection: 77, ..caller }, 0, &mut table.out);
    table.board.connection_left(caller, 0, &mut table.out);
    table.join(ANN, 11);
    table.passes(CALLER_LOST);
    assert!(table.board.count() > 0);
}

#[test]
fn a_block_ends_a_talk_and_hushes_a_ring_without_a_word() {
    let mut table = Table::talk();
    table.board.shut_out(BEN, ANN, 0, &mut table.out);
    assert!(table.board.count() == 0);
    let mut table = Table::ring();
    table.frames();
    table.board.shut_out(BEN, ANN, 0, &mut table.out);
    assert!(table.frames().iter().all(|(to, _)| *to == Addressee::Member(BEN)), "the caller hears nothing");
    assert_eq!(table.board.accept(CALL, voice(BEN, 20), 1, &mut table.out).expect_err("no more").code(), "error.not_found");
    assert_eq!(table.board.call(CALL).expect("rings on").view().expires_at, Some(RING));
}

#[test]
fn a_block_by_the_caller_takes_the_call_back_and_one_after_the_answer_ends_it() {
    let mut table = Table::ring();
    table.frames();
    table.board.shut_out(ANN, BEN, 0, &mut table.out);
    assert!(table.board.count() == 0);
    assert_eq!(table.frame(BEN, "call.ended")["cause"], "cancelled");
    for (blocker, other) in [(ANN, BEN), (BEN, ANN)] {
        let mut table = Table::ring();
        table.board.accept(CALL, voice(BEN, 20), 0, &mut table.out).expect("accepts");
        table.join(ANN, 10);
        table.board.shut_out(blocker, other, 0, &mut table.out);
        assert!(table.board.count() == 0, "{blocker} while it connects");
        let mut table = Table::talk();
        let who = table.who(BEN);
        table.board.hear(sfu::Output::Ended { who, cause: sfu::EndCause::Lost }, 0, &mut table.out);
        table.board.shut_out(blocker, other, 0, &mut table.out);
        assert!(table.board.count() == 0, "{blocker} while one is waited for");
    }
}
