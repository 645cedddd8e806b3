//! What hosts and rights decide: who is put out, what stays off, who follows as host.

use super::*;

#[test]
fn a_removal_a_ban_a_sign_out_and_leaving_the_room_cut_media_at_once() {
    type Cut = fn(&mut Table);
    let cuts: [(Parting, Cut); 4] = [
        (Parting::Removed, |table| table.board.remove(CALL, BEN, 0, &mut table.out).expect("goes on")),
        (Parting::Banned, |table| table.board.member_removed(BEN, 0, &mut table.out)),
        (Parting::SignedOut, |table| table.board.session_ended(BEN, SessionId(2), 0, &mut table.out)),
        (Parting::RoomLeft, |table| table.board.room_left(BEN, ROOM, 0, &mut table.out)),
    ];
    for (why, cut) in cuts {
        let mut table = Table::with(CallKind::Room, &[]);
        table.join(ANN, 10);
        table.join(BEN, 20);
        let who = table.who(BEN);
        table.media();
        cut(&mut table);
        let first = table.out.first().expect("something follows");
        assert!(matches!(first, Outgoing::Media(sfu::Input::Leave { who: cut }) if *cut == who), "{why:?}: media first");
        let parted: Vec<Parting> = table
            .records()
            .into_iter()
            .filter_map(|record| if let Record::Parted(parted) = record { Some(parted.parting) } else { None })
            .collect();
        assert_eq!(parted, [why]);
        assert_eq!(table.board.call(CALL).expect("goes on").view().members, [ANN]);
    }
    let mut table = Table::talk();
    table.board.session_ended(BEN, SessionId(99), 0, &mut table.out);
    assert!(table.board.call(CALL).expect("goes on").is_in(BEN), "another session of theirs");
}

#[test]
fn what_a_host_turns_off_stays_off_at_the_server() {
    let mut table = Table::talk();
    table.media();
    table.board.hold(CALL, ANN, (BEN, CallSource::Mic), true, &mut table.out).expect("in it");
    let restricted =
        table.media().into_iter().any(|input| matches!(input, sfu::Input::Restrict { may, .. } if !may.microphone && may.camera));
    assert!(restricted);
    let own = table.board.mute(CALL, voice(BEN, 20), CallSource::Mic, false, &mut table.out).expect_err("held");
    assert_eq!(own.code(), "calls.held");
    // Also for who goes and comes back.
    table.join(BEN, 23);
    assert!(table.media().into_iter().any(|input| matches!(input, sfu::Input::Join { may, .. } if !may.microphone)));
    table.board.hold(CALL, ANN, (BEN, CallSource::Mic), false, &mut table.out).expect("in it");
    assert!(table.board.mute(CALL, voice(BEN, 23), CallSource::Mic, false, &mut table.out).is_ok());
    table.board.set_role(CALL, ANN, BEN, CallRole::Listener, &mut table.out).expect("in it");
    assert!(table.media().into_iter().any(|input| matches!(input, sfu::Input::Restrict { may, .. } if may == sfu::Permissions::NONE)));
}

#[test]
fn without_video_in_the_starter_s_plan_nobody_s_camera_passes() {
    let mut table = Table { board: Board::new(true), now: 0, out: Vec::new(), stays: 0 };
    table.board.open(new_call(CallKind::Room, false), &[], 0, &mut table.out);
    table.join(BEN, 20);
    let may = table.media().into_iter().find_map(|input| if let sfu::Input::Join { may, .. } = input { Some(may) } else { None });
    assert_eq!(may, Some(sfu::Permissions { microphone: true, camera: false, screen: false }));
    let refused = table.board.mute(CALL, voice(BEN, 20), CallSource::Cam, false, &mut table.out).expect_err("no camera");
    assert_eq!(refused.code(), "calls.held");
}

#[test]
fn whose_offer_is_not_answered_is_lost_and_the_last_host_is_followed_by_who_was_there_longest() {
    let mut table = Table::with(CallKind::Group, &[]);
    table.join(ANN, 10);
    table.join(BEN, 20);
    table.offers(voice(BEN, 20));
    table.board.offer(CALL, voice(ANN, 10), (1, "nonsense".to_owned(), Vec::new()), &mut table.out).expect("in it");
    let refused = sfu::Output::Refused { who: table.who(ANN), generation: 1, refusal: sfu::Refusal::OfferInvalid };
    table.board.hear(refused, 0, &mut table.out);
    table.passes(OFFER_WITHIN - 1);
    assert!(table.board.call(CALL).expect("goes on").is_in(ANN));
    table.passes(1);
    assert_eq!(table.board.call(CALL).expect("goes on").view().members, [BEN]);
    assert!(table.records().contains(&Record::Role { call: CALL, member: BEN, role: CallRole::Host }));
}

#[test]
fn a_room_s_call_has_those_who_lead_it_and_the_last_host_of_another_is_followed_or_stays_one() {
    let made = |table: &mut Table| {
        let records = table.records().into_iter();
        records
            .filter_map(|record| if let Record::Role { member, role, .. } = record { Some((member, role)) } else { None })
            .collect::<Vec<_>>()
    };
    let mut told = Table::with(CallKind::Group, &[]);
    told.join(ANN, 10);
    told.join(BEN, 20);
    told.board.leave(CALL, ANN, 0, &mut told.out).expect("goes");
    assert_eq!(told.frame(BEN, "call.moderated")["act"], serde_json::json!({ "kind": "role", "role": "host" }), "they learn of it");
    let mut room = Table::with(CallKind::Room, &[]);
    room.join(ANN, 10);
    room.join(BEN, 20);
    room.board.leave(CALL, ANN, 0, &mut room.out).expect("goes");
    assert_eq!(made(&mut room), [], "nobody is made a host of somebody's room");
    let mut group = Table::with(CallKind::Group, &[]);
    group.join(ANN, 10);
    group.board.set_role(CALL, ANN, ANN, CallRole::Speaker, &mut group.out).expect("in it");
    assert_eq!(made(&mut group), [(ANN, CallRole::Host)], "alone");
    group.join(BEN, 20);
    group.board.set_role(CALL, ANN, ANN, CallRole::Speaker, &mut group.out).expect("in it");
    assert_eq!(made(&mut group), [(BEN, CallRole::Host)]);
    group.board.set_role(CALL, BEN, ANN, CallRole::Listener, &mut group.out).expect("in it");
    assert_eq!(made(&mut group), [], "there is one");
}
