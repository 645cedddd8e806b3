//! The calls that go on: who hears what, who comes in, who is put out, and what the media server is told.

mod being_in;
mod hosting;
mod media;
mod ringing;

use serde_json::Value;

use super::*;
use crate::access::Token;
use crate::calls::model::{CallKind, CallRole, CallSource, CallState, Part};
use crate::calls::ringing::{CALLER_LOST, EMPTY, RING, Way};
use crate::ids::StayId;
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
    NewCall {
        id: CALL,
        kind,
        room,
        video,
        pictures: video,
        starter: ANN,
        connection: Some(10),
        started_at: 0,
        ends_at: None,
        most: 3,
        locked: false,
    }
}

const fn voice(member: MemberId, connection: u64) -> Voice {
    Voice { member, connection }
}

/// The payload of a server's frame, whatever its length.
fn json(frame: &[u8]) -> Value {
    // The length of a frame may look like the beginning of an object; two bytes of it do not.
    let start = frame.windows(2).position(|two| two == b"{\"").expect("an object");
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

    fn sync(&mut self, voice: Voice, seq: u64) {
        let token = Token::random().expect("random");
        self.board.sync(CALL, voice, seq, &token, &mut self.out).expect("in it");
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

    /// Offers, and is answered.
    fn offers(&mut self, speaker: Voice) {
        self.board.offer(CALL, speaker, (1, String::new(), Vec::new()), &mut self.out).expect("is in it");
        let answer = sfu::Output::Answer { who: self.who(speaker.member), generation: 1, sdp: String::new() };
        self.board.hear(answer, self.now, &mut self.out);
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
        for speaker in [voice(ANN, 10), voice(BEN, 20)] {
            table.offers(speaker);
        }
        table.connected(ANN);
        table.connected(BEN);
        table
    }

    fn part(&self, member: MemberId) -> (Part, Option<String>) {
        let mine = self.board.call(CALL).expect("goes on").mine(member);
        (mine.part, mine.connection)
    }
}
