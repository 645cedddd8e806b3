//! Between the call and the media server: its words become words about members, and its ends become ends of places.

use super::*;

#[test]
fn without_a_media_server_nobody_comes_in() {
    let mut table = Table { board: Board::new(false), now: 0, out: Vec::new(), stays: 0 };
    table.board.open(new_call(CallKind::Room, true), &[], 0, &mut table.out);
    assert_eq!(table.join_with(ANN, 10, 1, None).expect_err("no media").code(), "calls.media_unavailable");
}

#[test]
fn what_the_media_server_says_becomes_words_about_members_and_never_an_address() {
    let mut table = Table::talk();
    let (ann, ben) = (table.who(ANN), table.who(BEN));
    table.frames();
    let track = |muted| sfu::Track { mid: "0".to_owned(), source: sfu::Source::Microphone, muted, live: true };
    let slot = sfu::Slot { mid: "4".to_owned(), shows: Some((ann.participant, sfu::Source::Microphone)), state: sfu::SlotState::Live };
    let says = [
        sfu::Output::Answer { who: ben, generation: 3, sdp: "v=0".to_owned() },
        sfu::Output::Tracks { who: ann, tracks: vec![track(false)] },
        sfu::Output::Slots { who: ben, revision: 1, slots: vec![slot] },
        sfu::Output::Speakers { call: ann.call, speakers: vec![ann.participant, sfu::ParticipantId(99)] },
        sfu::Output::Layers { who: ann, mid: "0".to_owned(), layers: vec![sfu::LayerWish { rid: "h".to_owned(), on: true }] },
        sfu::Output::Trouble { who: ann, hop: Some(sfu::Hop::NoPackets) },
    ];
    says.into_iter().for_each(|said| table.board.hear(said, 5, &mut table.out));
    table.passes(100);
    assert!(table.out.iter().any(|each| matches!(each, Outgoing::Answered { generation: 3, refused: None, .. })));
    let frames = table.frames();
    let of = |member: MemberId, kind: &str| {
        let connection = if member == ANN { 10 } else { 20 };
        let is_to = |to: &Addressee| *to == Addressee::Connection(member, connection);
        frames.iter().rfind(|(to, frame)| is_to(to) && frame["type"] == kind).unwrap_or_else(|| panic!("no {kind}")).1.clone()
    };
    assert_eq!(of(BEN, "pc.answer")["gen"], 3);
    assert_eq!(of(BEN, "call.slots")["slots"][0], serde_json::json!({ "slot": "4", "member": "1", "source": "mic", "state": "live" }));
    assert_eq!(of(BEN, "call.speakers")["speakers"], serde_json::json!(["1"]), "who is gone is nobody");
    assert_eq!(
        of(ANN, "call.layers"),
        serde_json::json!({ "type": "call.layers", "call": "900", "source": "mic", "rids": { "h": true }, "seq": 3 })
    );
    assert_eq!(of(ANN, "call.quality")["sending"], serde_json::json!({ "mic": "no_packets" }));
    assert_eq!(of(BEN, "call.quality")["receiving"], serde_json::json!({ "4": "no_packets" }));
    let text = serde_json::to_string(&frames.iter().map(|(_, frame)| frame).collect::<Vec<_>>()).expect("json");
    assert!(!text.contains("127.") && !text.contains("candidate"), "{text}");
}

#[test]
fn slots_of_an_offer_before_the_last_are_no_more() {
    let mut table = Table::talk();
    let (ann, ben) = (table.who(ANN), table.who(BEN));
    let shows = Some((ann.participant, sfu::Source::Microphone));
    let slots = |table: &mut Table, mid: &str| {
        let slot = sfu::Slot { mid: mid.to_owned(), shows, state: sfu::SlotState::Live };
        table.board.hear(sfu::Output::Slots { who: ben, revision: 1, slots: vec![slot] }, 0, &mut table.out);
        table.frame(BEN, "call.slots")["full"].clone()
    };
    assert_eq!(slots(&mut table, "4"), true);
    assert_eq!(slots(&mut table, "5"), false);
    // However many sections somebody thinks of, those of the last offer are all there are.
    table.offers(voice(BEN, 20));
    assert_eq!(slots(&mut table, "6"), true);
}

#[test]
fn whoever_the_media_server_gives_up_is_out_with_the_hop_that_failed() {
    let mut table = Table::talk();
    let who = table.who(BEN);
    table.records();
    table.board.hear(sfu::Output::Weak { who }, 5, &mut table.out);
    table.passes(100);
    let members = table.frame(ANN, "call.members");
    let links: Vec<_> = members["members"].as_array().expect("a list").iter().map(|one| one["link"].clone()).collect();
    assert_eq!(links, ["live", "weak"]);
    table.board.hear(sfu::Output::Ended { who, cause: sfu::EndCause::NeverConnected(sfu::Hop::NoIce) }, 6, &mut table.out);
    let parted = table.records().into_iter().find_map(|record| if let Record::Parted(parted) = record { Some(*parted) } else { None });
    assert_eq!(parted.map(|parted| (parted.member, parted.parting, parted.trouble)), Some((BEN, Parting::Failed, "no_ice")));
    // The number of a stay that is over means nobody any more.
    table.board.hear(sfu::Output::Connected { who, route: sfu::Route::UdpV4 }, 7, &mut table.out);
    assert!(table.records().is_empty());
}

#[test]
fn whoever_could_not_enter_is_out_and_a_refused_offer_puts_nobody_out() {
    let mut table = Table::talk();
    let who = table.who(BEN);
    let refusal = sfu::Refusal::OfferInvalid;
    table.board.hear(sfu::Output::Refused { who, generation: 0, refusal }, 5, &mut table.out);
    assert!(table.board.call(CALL).expect("goes on").is_in(BEN));
    table.records();
    table.board.hear(sfu::Output::TurnedAway { who, refusal: sfu::Refusal::ServerFull }, 5, &mut table.out);
    let parted = table.records().into_iter().find_map(|record| if let Record::Parted(parted) = record { Some(*parted) } else { None });
    assert_eq!(parted.map(|parted| (parted.member, parted.parting)), Some((BEN, Parting::Failed)));
}

#[test]
fn a_media_thread_that_fails_ends_its_calls_and_the_last_one_all_others() {
    let mut table = Table::talk();
    let call = table.who(ANN).call;
    table.frames();
    table.board.hear(sfu::Output::ThreadFailed { calls: vec![call, sfu::CallId(77)], left: 1 }, 5, &mut table.out);
    assert_eq!((table.board.count(), table.board.has_media()), (0, true));
    assert_eq!(table.frame(ANN, "call.ended")["cause"], "interrupted");
    table.board.hear(sfu::Output::ThreadFailed { calls: Vec::new(), left: 0 }, 6, &mut table.out);
    assert!(!table.board.has_media(), "nobody begins a call that cannot be one");
}

#[test]
fn many_troubles_within_a_moment_are_told_once() {
    let mut table = Table::talk();
    let who = table.who(ANN);
    table.passes(100);
    table.frames();
    for hop in [Some(sfu::Hop::NoIce), None, Some(sfu::Hop::NoDtls)] {
        table.board.hear(sfu::Output::Trouble { who, hop }, 5, &mut table.out);
    }
    assert!(table.told().iter().all(|(_, kind)| kind != "call.quality"));
    table.passes(100);
    let told: Vec<Value> = table.frames().into_iter().map(|(_, frame)| frame).filter(|frame| frame["type"] == "call.quality").collect();
    assert_eq!(told.iter().map(|one| one["link"].clone()).collect::<Vec<_>>(), [Value::from("no_dtls"), Value::Null], "one for each");
}

#[test]
fn whoever_has_no_way_to_the_server_is_not_heard_and_one_who_only_begins_is_not_warned() {
    let mut table = Table::talk();
    let who = table.who(ANN);
    let track = |muted| vec![sfu::Track { mid: "0".to_owned(), source: sfu::Source::Microphone, muted, live: false }];
    table.board.hear(sfu::Output::Tracks { who, tracks: track(false) }, 5, &mut table.out);
    table.board.hear(sfu::Output::Trouble { who, hop: None }, 5, &mut table.out);
    table.passes(100);
    assert_eq!(table.frame(ANN, "call.quality")["heard"], true);
    for hop in [sfu::Hop::NoIce, sfu::Hop::NoDtls, sfu::Hop::NoPackets] {
        table.board.hear(sfu::Output::Trouble { who, hop: Some(hop) }, 5, &mut table.out);
        table.passes(100);
        assert_eq!(table.frame(ANN, "call.quality")["heard"], false, "{hop:?}");
    }
    table.board.hear(sfu::Output::Tracks { who, tracks: track(true) }, 5, &mut table.out);
    table.board.hear(sfu::Output::Trouble { who, hop: Some(sfu::Hop::NoIce) }, 5, &mut table.out);
    table.passes(100);
    assert_eq!(table.frame(ANN, "call.quality")["heard"], true, "they turned it off themselves");
}
