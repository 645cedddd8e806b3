//! What is left of a full call when all have gone: bytes that stay allocated, in the media server and its clients together.

use rialto::calls::sfu::{CallId, Input};

use crate::ALLOCATIONS;
use crate::client::Section;
use crate::crowd::Crowd;
use crate::report::{Report, Row};

const MEMBERS: u32 = 270;
/// Bytes that a participant may leave behind once room has been made for as many.
const BAR: f64 = 64.0;

/// Fills a call three times; each ends when all have gone, and the media thread rests. The first time makes room that is kept; after that nothing
/// may grow. While a call goes on, more room than that is kept for it, as much as its fullest moments took.
pub fn measure(report: &mut Report) {
    eprintln!("… {MEMBERS} come and go, three times");
    let mut crowd = Crowd::open(0, 1);
    let before = allocated();
    round(&mut crowd);
    let first = allocated();
    round(&mut crowd);
    round(&mut crowd);
    let last = allocated();
    let each = |bytes: f64, rounds: f64| bytes / f64::from(MEMBERS) / rounds;
    report.add(Row::new("room kept for a participant", "B", each(first - before, 1.0)));
    let mut row = Row::new("left by a participant", "B", each(last - first, 2.0));
    row.bar = Some(BAR);
    report.add(row);
}

fn round(crowd: &mut Crowd) {
    crowd.send(Input::OpenCall { call: CallId(0) });
    let sections = [Section::HearsOne, Section::HearsOne, Section::HearsOne, Section::HearsOne, Section::SeesOne];
    let clients: Vec<_> = (1..=MEMBERS).map(|number| crowd.join(0, number, &sections)).collect();
    crowd.all_leave(0, MEMBERS);
    drop(clients);
    crowd.send(Input::CloseCall { call: CallId(0) });
    crowd.wait_rested();
}

fn allocated() -> f64 {
    let now = ALLOCATIONS.stats();
    now.bytes_allocated as f64 - now.bytes_deallocated as f64
}
