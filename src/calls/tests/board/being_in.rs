//! Places in a call: coming in, coming back, two tabs, a lost socket, a restart.

use std::collections::BTreeSet;

use super::*;

#[test]
fn who_comes_in_is_told_everything_and_the_others_hear_of_it_once() {
    let mut table = Table::with(CallKind::Room, &[]);
    table.join(ANN, 10);
    let joined = table.frame(ANN, "call.joined");
    assert_eq!(
        (&joined["role"], &joined["number"], &joined["seq"], &joined["resumed"]),
        (&"host".into(), &1.into(), &1.into(), &false.into())
    );
    assert_eq!(joined["resume"].as_str().map(str::len), Some(43), "32 random bytes");
    table.passes(100);
    table.frames();
    table.join(BEN, 20);
    let members: Vec<_> =
        table.frame(BEN, "call.joined")["members"].as_array().expect("list").iter().map(|one| one["member"].clone()).collect();
    assert_eq!(members, [Value::from("1"), Value::from("2")]);
    table.passes(100);
    let told = table.told();
    let to_ann = told.iter().filter(|(to, of)| *to == Addressee::Connection(ANN, 10) && of == "call.members").count();
    assert_eq!(to_ann, 1, "{told:?}");
    assert_eq!(told.iter().filter(|(to, of)| *to == Addressee::Room(ROOM) && of == "call.room").count(), 1);
}

#[test]
fn a_token_serves_once_for_its_member_session_and_call() {
    let mut table = Table::talk();
    let caller = Caller { member: ANN, session: SessionId(1), address: None, language: "en", shard: 0, connection: 10 };
    let token = table.join_with(ANN, 10, 1, None).expect("comes again");
    table.board.connection_left(caller, 0, &mut table.out);
    let before = table.who(ANN);
    table.media();
    for (member, session, guess) in [(BEN, 2, token.reveal()), (ANN, 7, token.reveal()), (ANN, 1, "nonsense"), (ANN, 1, "")] {
        let refused = table.join_with(member, 99, session, Some(guess)).expect_err("not theirs");
        assert_eq!(refused.code(), "calls.resume", "{member} {session} {guess}");
    }
    assert!(table.media().is_empty(), "media was not touched");
    let next = table.join_with(ANN, 11, 1, Some(token.reveal())).expect("resumes");
    assert_eq!((table.who(ANN), table.part(ANN).1.as_deref()), (before, Some("b")), "the same way for media");
    assert!(table.frame(ANN, "call.joined")["resumed"] == true);
    assert_eq!(table.join_with(ANN, 12, 1, Some(token.reveal())).expect_err("used").code(), "calls.resume");
    assert!(table.join_with(ANN, 13, 1, Some(next.reveal())).is_ok());
}

#[test]
fn without_a_socket_media_goes_on_and_what_was_missed_is_said_again() {
    let mut table = Table::talk();
    table.passes(100);
    let caller = Caller { member: ANN, session: SessionId(1), address: None, language: "en", shard: 0, connection: 10 };
    let seq = table.frames().iter().filter_map(|(_, frame)| frame["seq"].as_u64()).max().expect("something was said");
    table.board.connection_left(caller, table.now, &mut table.out);
    table.media();
    table.board.raise_hand(CALL, voice(BEN, 20), true).expect("may");
    table.passes(120_000);
    assert!(table.media().is_empty(), "nobody was cut");
    assert_eq!(table.board.call(CALL).expect("goes on").view().state, CallState::Active);
    let (ann, _) = table.part(ANN);
    assert_eq!(ann, Part::In);
    // Another tab of the same member takes the place without the token, by a new way for media.
    table.join(ANN, 44);
    table.frames();
    table.sync(voice(ANN, 44), 0);
    let again = table.frames();
    assert_eq!(again[0].1["type"], "call.joined", "from the first notice on: {again:?}");
    table.sync(voice(ANN, 44), seq + 500);
    let anew: Vec<Value> = table.frames().into_iter().map(|(_, frame)| frame["type"].clone()).collect();
    assert_eq!(anew, ["call.members", "call.joined", "call.slots"], "a place that never was gets everything anew");
}

#[test]
fn only_the_last_two_hundred_notices_are_kept_and_what_was_longer_ago_is_said_anew() {
    let mut table = Table::talk();
    let old = table.join_with(ANN, 10, 1, None).expect("comes again");
    let who = table.who(ANN);
    let layers = vec![sfu::LayerWish { rid: "h".to_owned(), on: false }];
    let track = sfu::Track { mid: "1".to_owned(), source: sfu::Source::Camera, muted: false, live: true };
    table.board.hear(sfu::Output::Tracks { who, tracks: vec![track] }, 0, &mut table.out);
    table.board.hear(sfu::Output::Layers { who, mid: "1".to_owned(), layers }, 0, &mut table.out);
    for _ in 0..300 {
        table.board.hold(CALL, BEN, (ANN, CallSource::Mic), true, &mut table.out).expect("in it");
    }
    table.frames();
    table.sync(voice(ANN, 10), 150);
    let again = table.frames();
    assert_eq!((again.len(), &again[0].1["seq"]), (152, &151.into()), "302 were said, and those above 150 are asked for");
    table.sync(voice(ANN, 10), 50);
    let anew: Vec<Value> = table.frames().into_iter().map(|(_, frame)| frame).collect();
    let said: Vec<(&str, u64)> = anew.iter().map(|one| (one["type"].as_str().expect("a type"), one["seq"].as_u64().expect("n"))).collect();
    assert_eq!(said, [("call.members", 303), ("call.joined", 304), ("call.slots", 305), ("call.layers", 306)], "the count goes on");
    assert_eq!((&anew[0]["full"], &anew[1]["held"], &anew[1]["resumed"]), (&true.into(), &serde_json::json!(["mic"]), &true.into()));
    assert_eq!(anew[3]["rids"], serde_json::json!({ "h": false }));
    // The token that was told along the way may have been missed as well: another one serves.
    let next = anew[1]["resume"].as_str().expect("a token").to_owned();
    assert_eq!(table.join_with(ANN, 11, 1, Some(old.reveal())).expect_err("no longer").code(), "calls.resume");
    assert!(table.join_with(ANN, 11, 1, Some(&next)).is_ok());
}

#[test]
fn two_tabs_of_one_member_are_one_and_the_other_is_told() {
    let mut table = Table::talk();
    let first = table.who(BEN);
    table.frames();
    table.join(BEN, 22);
    let told = table.frames();
    let parted = told.iter().find(|(_, frame)| frame["type"] == "call.parted").expect("told");
    assert_eq!((parted.0, &parted.1["why"]), (Addressee::Connection(BEN, 20), &Value::from("moved")));
    assert_ne!(table.who(BEN), first, "a new way for media");
    let late = table.board.mute(CALL, voice(BEN, 20), CallSource::Mic, true, &mut table.out).expect_err("the old tab");
    assert_eq!(late.code(), "calls.not_in_call");
    assert_eq!(table.board.call(CALL).expect("goes on").view().members, [ANN, BEN]);
}

#[test]
fn whoever_sees_more_people_than_they_have_sections_is_asked_to_offer_more() {
    let mut table = Table { board: Board::new(true), now: 0, out: Vec::new(), stays: 0 };
    table.board.open(NewCall { most: 50, ..new_call(CallKind::Room, true) }, &[], 0, &mut table.out);
    for n in 1..=7 {
        table.join(MemberId(n), 10 * n.unsigned_abs());
    }
    assert!(table.told().iter().all(|(_, kind)| kind != "call.grow"), "six others fit");
    table.join(MemberId(8), 80);
    let grown: Vec<Value> = table.frames().into_iter().map(|(_, frame)| frame).filter(|frame| frame["type"] == "call.grow").collect();
    assert_eq!((grown.len(), &grown[0]["video"]), (8, &Value::from(12)));
    for n in 9..=30 {
        table.join(MemberId(n), 10 * n.unsigned_abs());
    }
    let most =
        table.frames().into_iter().filter(|(_, frame)| frame["type"] == "call.grow").filter_map(|(_, frame)| frame["video"].as_u64()).max();
    assert_eq!(most, Some(18), "and no more than that");
}

#[test]
fn a_full_or_locked_call_takes_nobody_new_and_whoever_was_in_it_comes_back() {
    let mut table = Table::with(CallKind::Room, &[]);
    for (member, connection) in [(ANN, 10), (BEN, 20), (CLO, 30)] {
        table.join(member, connection);
    }
    assert_eq!(table.join_with(MemberId(4), 40, 4, None).expect_err("full").code(), "calls.full");
    table.board.leave(CALL, CLO, 0, &mut table.out).expect("goes");
    table.board.lock(CALL, true, &mut table.out).expect("goes on");
    assert_eq!(table.join_with(MemberId(4), 40, 4, None).expect_err("locked").code(), "calls.locked");
    table.join(CLO, 31);
    table.board.remove(CALL, CLO, 0, &mut table.out).expect("goes on");
    assert_eq!(table.join_with(CLO, 32, 3, None).expect_err("removed").code(), "calls.removed");
}

#[test]
fn after_a_restart_everybody_finds_their_place_and_role() {
    let mut table = Table { board: Board::new(true), now: 1_000, out: Vec::new(), stays: 0 };
    let held = BTreeSet::from([CallSource::Mic]);
    let known = vec![
        (ANN, Known { role: Some(CallRole::Host), awaited: true, ..Known::default() }),
        (BEN, Known { role: Some(CallRole::Listener), held, awaited: true, ..Known::default() }),
        (CLO, Known { removed: true, ..Known::default() }),
    ];
    table.board.resume(NewCall { connection: None, locked: true, ..new_call(CallKind::Group, true) }, known, 1_000, &mut table.out);
    assert_eq!(table.part(BEN), (Part::In, None), "the place is kept");
    assert_eq!(table.board.of_member(BEN, &[]).len(), 1);
    table.join(BEN, 20);
    let joined = table.frame(BEN, "call.joined");
    assert_eq!((&joined["role"], joined["held"].as_array().map(Vec::len)), (&"listener".into(), Some(1)));
    assert_eq!(table.join_with(CLO, 30, 3, None).expect_err("removed").code(), "calls.removed");
    assert_eq!(table.join_with(MemberId(4), 40, 4, None).expect_err("locked").code(), "calls.locked");
}

#[test]
fn a_page_that_is_loaded_anew_finds_its_place_role_and_hand_by_another_way_for_media() {
    let mut table = Table::talk();
    let (before, caller) =
        (table.who(BEN), Caller { member: BEN, session: SessionId(2), address: None, language: "en", shard: 0, connection: 20 });
    let token = table.join_with(BEN, 20, 2, None).expect("the same socket");
    assert!(table.told().iter().all(|(_, kind)| kind != "call.parted"), "it has not gone elsewhere");
    let who = table.who(BEN);
    assert_ne!(who, before);
    table.connected(BEN);
    table.board.raise_hand(CALL, voice(BEN, 20), true).expect("may");
    table.passes(100);
    table.frames();
    table.board.hear(sfu::Output::Ended { who, cause: sfu::EndCause::ClosedByPeer }, table.now, &mut table.out);
    table.board.connection_left(caller, table.now, &mut table.out);
    table.passes(100);
    let members = table.frame(ANN, "call.members");
    assert_eq!((&members["members"][0]["member"], &members["members"][0]["link"]), (&"2".into(), &"away".into()));
    assert_eq!(table.join_with(BEN, 22, 9, Some(token.reveal())).expect_err("another device").code(), "calls.resume");
    table.join_with(BEN, 21, 2, Some(token.reveal())).expect("the place was kept");
    let joined = table.frame(BEN, "call.joined");
    assert_eq!((&joined["resumed"], &joined["hand"], &joined["role"]), (&false.into(), &true.into(), &"host".into()));
    assert_ne!(table.who(BEN), who, "it is to offer again");
    table.offers(voice(BEN, 21));
    table.passes(3_600_000);
    assert_eq!(table.board.call(CALL).expect("goes on").view().state, CallState::Active);
}

#[test]
fn whoever_closed_the_page_and_does_not_come_back_is_out_after_thirty_seconds() {
    let mut table = Table::talk();
    let who = table.who(BEN);
    table.board.hear(sfu::Output::Ended { who, cause: sfu::EndCause::ClosedByPeer }, 0, &mut table.out);
    assert_eq!(
        table.board.offer(CALL, voice(BEN, 20), (2, String::new(), Vec::new()), &mut table.out).expect_err("no way").code(),
        "calls.not_in_call"
    );
    table.passes(29_999);
    assert!(table.board.call(CALL).expect("goes on").is_in(BEN));
    table.records();
    table.passes(1);
    assert!(!table.board.call(CALL).expect("waits for them").is_in(BEN));
    let parted =
        table.records().into_iter().find_map(|record| if let Record::Parted(parted) = record { Some(parted.parting) } else { None });
    assert_eq!(parted, Some(Parting::Lost));
}

#[test]
fn whoever_does_not_come_back_after_a_restart_is_free_for_other_calls() {
    let mut table = Table { board: Board::new(true), now: 1_000, out: Vec::new(), stays: 0 };
    let there = |role| Known { role: Some(role), awaited: true, ..Known::default() };
    let known = vec![(ANN, there(CallRole::Host)), (BEN, there(CallRole::Speaker)), (CLO, Known::default())];
    table.board.resume(NewCall { connection: None, locked: true, ..new_call(CallKind::Group, true) }, known, 1_000, &mut table.out);
    table.join(ANN, 10);
    table.passes(EMPTY - 1);
    assert_eq!((table.board.taken_by(BEN), table.part(BEN).0), (Some(CALL), Part::In));
    table.frames();
    table.passes(1);
    assert_eq!((table.board.taken_by(BEN), table.part(BEN).0), (None, Part::Outside));
    assert_eq!(table.frame(BEN, "call.state")["part"], "outside");
    assert_eq!(table.join_with(CLO, 30, 3, None).expect_err("was never in it").code(), "calls.locked");
    table.join(BEN, 20);
}

#[test]
fn whoever_left_the_room_comes_into_its_call_only_once_they_are_in_it_again() {
    let mut table = Table::with(CallKind::Group, &[(BEN, Way::Rings)]);
    table.join(ANN, 10);
    table.board.accept(CALL, voice(BEN, 20), 0, &mut table.out).expect("accepts");
    table.join(BEN, 20);
    table.board.room_left(BEN, ROOM, 0, &mut table.out);
    let token = Token::random().expect("random");
    let entrance = Entrance { id: StayId(90), session: SessionId(2), connection: 20, token: token.hash() };
    let standing = Standing { is_of_room: false, leads_room: false };
    let joining = Joining { voice: voice(BEN, 20), entrance, token: token.reveal(), standing, resume: None };
    assert_eq!(table.board.join(CALL, &joining, 1, &mut table.out).expect_err("not of the room").code(), "error.not_found");
    table.join(BEN, 20);
}

#[test]
fn whoever_may_not_stay_is_put_out_from_where_they_came_in_and_from_nowhere_else() {
    let mut table = Table::talk();
    table.board.put_out(CALL, voice(BEN, 99), Parting::SignedOut, 0, &mut table.out);
    assert!(table.board.call(CALL).expect("goes on").is_in(BEN), "another connection of theirs");
    table.board.put_out(CALL, voice(BEN, 20), Parting::SignedOut, 0, &mut table.out);
    assert!(table.board.count() == 0);
}
