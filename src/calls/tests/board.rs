//! The calls that go on: who hears what, who comes in, who is put out, and what the media server is told.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::access::Token;
use crate::calls::model::{CallKind, CallSource, CallState, Part};
use crate::calls::ringing::{CALLER_LOST, RING};
use crate::live::Caller;

const ANN: MemberId = MemberId(1);
const BEN: MemberId = MemberId(2);
const CLO: MemberId = MemberId(3);
const ROOM: RoomId = RoomId(70);
const CALL: CallId = CallId(900);

/// A board, the time, and everything that came out of it since it was last looked at.
struct Table {
    board: Board,
    now: Millis,
    out: Vec<Outgoing>,
    stays: i64,
}

fn new_call(kind: CallKind, video: bool) -> NewCall {
    let room = (kind != CallKind::Direct).then_some(ROOM);
    NewCall { id: CALL, kind, room, video, starter: ANN, connection: Some(10), started_at: 0, ends_at: None, most: 3, locked: false }
}

const fn voice(member: MemberId, connection: u64) -> Voice {
    Voice { member, connection }
}

/// The payload of a server's frame, whatever its length.
fn json(frame: &[u8]) -> Value {
    let start = frame.iter().position(|byte| *byte == b'{').expect("an object");
    serde_json::from_slice(&frame[start..]).expect("json")
}

impl Table {
    fn with(kind: CallKind, whom: &[(MemberId, Way)]) -> Self {
        let mut table = Self { board: Board::new(true), now: 0, out: Vec::new(), stays: 0 };
        table.board.open(new_call(kind, true), whom, 0, &mut table.out);
        table
    }

    fn ring() -> Self {
        Self::with(CallKind::Direct, &[(BEN, Way::Rings)])
    }

    fn join_with(&mut self, member: MemberId, connection: u64, session: i64, resume: Option<&str>) -> Result<Token> {
        let token = Token::random().expect("random");
        self.stays += 1;
        let entrance = Entrance { id: StayId(self.stays), session: SessionId(session), connection, token: token.hash() };
        let standing = Standing { is_of_room: true, leads_room: false };
        let joining = Joining { voice: voice(member, connection), entrance, token: token.reveal(), standing, resume };
        self.board.join(CALL, &joining, self.now, &mut self.out).map(|()| token)
    }

    fn join(&mut self, member: MemberId, connection: u64) -> Token {
        self.join_with(member, connection, member.0, None).expect("comes in")
    }

    /// What was told since the last time: to whom, of which type.
    fn told(&mut self) -> Vec<(Addressee, String)> {
        self.frames().into_iter().map(|(to, frame)| (to, frame["type"].as_str().expect("a type").to_owned())).collect()
    }

    fn frames(&mut self) -> Vec<(Addressee, Value)> {
        let out = std::mem::take(&mut self.out);
        out.into_iter().filter_map(|each| if let Outgoing::Tell(to, frame) = each { Some((to, json(&frame))) } else { None }).collect()
    }

    /// The one frame of this type to somebody, the newest.
    fn frame(&mut self, member: MemberId, of_type: &str) -> Value {
        let is_to = |to: &Addressee| matches!(to, Addressee::Member(who) | Addressee::Connection(who, _) if *who == member);
        let found = self.frames().into_iter().rfind(|(to, frame)| is_to(to) && frame["type"] == of_type);
        found.unwrap_or_else(|| panic!("no {of_type}")).1
    }

    fn records(&mut self) -> Vec<Record> {
        let out = std::mem::take(&mut self.out);
        out.into_iter().filter_map(|each| if let Outgoing::Keep(record) = each { Some(record) } else { None }).collect()
    }

    fn media(&mut self) -> Vec<sfu::Input> {
        let out = std::mem::take(&mut self.out);
        out.into_iter().filter_map(|each| if let Outgoing::Media(input) = each { Some(input) } else { None }).collect()
    }

    fn passes(&mut self, ms: Millis) {
        self.now += ms;
        self.board.pass(self.now, &mut self.out);
    }

    fn connected(&mut self, member: MemberId) {
        let who = self.who(member);
        self.board.hear(sfu::Output::Connected { who, route: sfu::Route::UdpV4 }, self.now, &mut self.out);
    }

    fn who(&mut self, member: MemberId) -> sfu::Who {
        let live = self.board.calls.get_mut(&CALL).expect("goes on");
        live.stay(member).expect("is in it").who()
    }

    /// Both talk.
    fn talk() -> Self {
        let mut table = Self::ring();
        table.board.accept(CALL, voice(BEN, 20), 0, &mut table.out).expect("accepts");
        table.join(ANN, 10);
        table.join(BEN, 20);
        table.connected(ANN);
        table.connected(BEN);
        table
    }

    fn part(&self, member: MemberId) -> (Part, Option<String>) {
        let mine = self.board.call(CALL).expect("goes on").mine(member);
        (mine.part, mine.connection)
    }
}

#[test]
fn it_rings_on_every_device_and_falls_silent_on_all_but_one() {
    let mut table = Table::ring();
    assert_eq!(table.part(BEN), (Part::Ringing, None));
    let ring = table.frame(BEN, "call.ring");
    assert_eq!((&ring["call"]["expires_at"], &ring["waiting"], &ring["call"]["state"]), (&RING.into(), &false.into(), &"ringing".into()));
    table.board.accept(CALL, voice(BEN, 21), 5, &mut table.out).expect("accepts");
    let state = table.frame(BEN, "call.state");
    assert_eq!((&state["part"], &state["connection"], &state["call"]["state"]), (&"accepted".into(), &"15".into(), &"connecting".into()));
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
    table.passes(20_000);
    assert!(table.media().is_empty(), "nobody was cut");
    assert_eq!(table.board.call(CALL).expect("goes on").view().state, CallState::Active);
    let (ann, _) = table.part(ANN);
    assert_eq!(ann, Part::In);
    // Another tab of the same member takes the place without the token, by a new way for media.
    table.join(ANN, 44);
    table.frames();
    table.board.sync(CALL, voice(ANN, 44), 0, &mut table.out).expect("in it");
    let again = table.frames();
    assert_eq!(again[0].1["type"], "call.joined", "from the first notice on: {again:?}");
    table.board.sync(CALL, voice(ANN, 44), seq + 500, &mut table.out).expect("in it");
    let anew: Vec<Value> = table.frames().into_iter().map(|(_, frame)| frame["full"].clone()).collect();
    assert_eq!(anew, [true, true], "a place that never was gets everything anew");
}

#[test]
fn only_the_last_two_hundred_notices_are_kept() {
    let mut table = Table::talk();
    for _ in 0..300 {
        table.board.set_role(CALL, BEN, ANN, CallRole::Host, &mut table.out).expect("in it");
    }
    table.frames();
    table.board.sync(CALL, voice(ANN, 10), 150, &mut table.out).expect("in it");
    assert_eq!(table.frames().len(), 151, "301 were said, joined among them, and those above 150 are asked for");
    table.board.sync(CALL, voice(ANN, 10), 50, &mut table.out).expect("in it");
    assert_eq!(table.frames().len(), 2, "too long ago: everything anew");
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
fn without_a_media_server_nobody_comes_in() {
    let mut table = Table { board: Board::new(false), now: 0, out: Vec::new(), stays: 0 };
    table.board.open(new_call(CallKind::Room, true), &[], 0, &mut table.out);
    assert_eq!(table.join_with(ANN, 10, 1, None).expect_err("no media").code(), "calls.media_unavailable");
}

#[test]
fn who_never_offers_is_lost_and_the_last_host_is_followed_by_who_was_there_longest() {
    let mut table = Table::with(CallKind::Room, &[]);
    table.join(ANN, 10);
    table.passes(1);
    table.join(BEN, 20);
    table.board.offer(CALL, voice(BEN, 20), (1, String::new(), Vec::new()), &mut table.out).expect("in it");
    table.passes(OFFER_WITHIN - 2);
    assert!(table.board.call(CALL).expect("goes on").is_in(ANN));
    table.passes(1);
    assert_eq!(table.board.call(CALL).expect("goes on").view().members, [BEN]);
    assert!(table.records().contains(&Record::Role { call: CALL, member: BEN, role: CallRole::Host }));
}

#[test]
fn after_a_restart_everybody_finds_their_place_and_role() {
    let mut table = Table { board: Board::new(true), now: 1_000, out: Vec::new(), stays: 0 };
    let held = BTreeSet::from([CallSource::Mic]);
    let known = vec![
        (ANN, Known { role: Some(CallRole::Host), awaited: true, ..Known::default() }),
        (BEN, Known { role: Some(CallRole::Listener), held, awaited: true, removed: false }),
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
        serde_json::json!({ "type": "call.layers", "call": "900", "source": "mic", "rids": { "h": true }, "seq": 2 })
    );
    assert_eq!(of(ANN, "call.quality")["sending"], serde_json::json!({ "mic": "no_packets" }));
    assert_eq!(of(BEN, "call.quality")["receiving"], serde_json::json!({ "4": "no_packets" }));
    let text = serde_json::to_string(&frames.iter().map(|(_, frame)| frame).collect::<Vec<_>>()).expect("json");
    assert!(!text.contains("127.") && !text.contains("candidate"), "{text}");
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
