//! `static/types/live.d.ts`, composed from the types that are serialised, so that the client's compiler sees what the wire carries.

use std::fmt::Write as _;
use std::path::Path;

use ts_rs::{Config, TS};

use crate::admin::SettingsChanged;
use crate::billing::{BillingEvent, Entitlements, OrderState, Owed, PlanBadge};
use crate::calls::{
    CallEvent, CallKind, CallLimits, CallNotice, CallRole, CallSource, CallState, CallView, CallsEvent, Cause, Entry, Fate, Link, Mark,
    Moderation, MyCall, NoticeFrame, Part, Participant, Parting, Slot, SlotState, SourceState, Trouble,
};
use crate::chat::{
    self, Departure, History, Level, Mentions, Message, MessageBody, MessagePage, Quote, Reaction, Room, RoomKind, RoomRole, ThreadTotal,
};
use crate::consequences::MemberChanged;
use crate::live::{presence_signal, server_frames};
use crate::members::{Badge, BadgeReason, MemberEvent, MemberState, Profile, Status};
use crate::moderation::Noticed;
use crate::settings::{RoomsMayKeep, SignUpMode};
use crate::social::{self, ContactState, FollowState, Outcome, RequestKind, SocialEvent};
use crate::wire::Me;

const FILE: &str = "static/types/live.d.ts";
const HEAD: &str = "\
// The words of the live protocol, version 1: written from the Rust types by the test `types_are_current`.

/** A 63-bit number in decimal. */
export type Id = string;

/** Milliseconds since 1970, UTC. */
export type Millis = number;
";

/// A room of mine: the room, what I am in it, and what I have not read.
#[derive(TS)]
#[allow(dead_code, reason = "only its declaration is read")]
struct MyRoom {
    #[ts(flatten)]
    room: Room,
    #[ts(flatten)]
    mine: chat::Mine,
}

/// One declaration with its sentence.
fn declared<T: TS>(cfg: &Config) -> String {
    format!("\n{}export {}\n", laid_out(&T::docs().unwrap_or_default()), laid_out(&T::decl(cfg)))
}

/// The union of types that have no name of their own on the wire.
fn union(name: &str, sentence: &str, parts: &[String]) -> String {
    format!("\n/** {sentence} */\nexport type {name} = {};\n", laid_out(&parts.join(" | ")))
}

/// One field a line, one variant a line; a comment of one sentence on one line.
fn laid_out(declaration: &str) -> String {
    let (mut out, mut rest, mut depth) = (String::with_capacity(declaration.len() * 2), declaration, 0_usize);
    let new_line = |out: &mut String, depth: usize| {
        let _ = write!(out, "\n{}", "  ".repeat(depth));
    };
    while let Some(next) = rest.chars().next() {
        if let Some((comment, after)) = rest.strip_prefix("/**").and_then(|comment| comment.split_once("*/")) {
            let sentences: Vec<&str> =
                comment.lines().map(|line| line.trim().trim_start_matches('*').trim()).filter(|line| !line.is_empty()).collect();
            let _ = write!(out, "/** {} */", sentences.join(" "));
            new_line(&mut out, depth);
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix('{') {
            depth += 1;
            out.push('{');
            new_line(&mut out, depth);
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix('}') {
            depth -= 1;
            out.truncate(out.trim_end().len());
            new_line(&mut out, depth);
            out.push('}');
            rest = after;
        } else if let Some(after) = rest.strip_prefix(',').filter(|_| depth > 0) {
            out.push(';');
            new_line(&mut out, depth);
            rest = after.trim_start();
        } else if let Some(after) = rest.strip_prefix(" | {").filter(|_| depth == 0) {
            out.push_str("\n| ");
            rest = &rest[rest.len() - after.len() - 1..];
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// The whole file.
fn composed() -> String {
    let cfg = &Config::new().with_large_int("number");
    let types = [
        declared::<MemberState>(cfg),
        declared::<BadgeReason>(cfg),
        declared::<Badge>(cfg),
        declared::<Status>(cfg),
        declared::<Profile>(cfg),
        declared::<PlanBadge>(cfg),
        declared::<Entitlements>(cfg),
        declared::<Owed>(cfg),
        declared::<Me>(cfg),
        declared::<RoomKind>(cfg),
        declared::<History>(cfg),
        declared::<RoomRole>(cfg),
        declared::<Level>(cfg),
        declared::<Room>(cfg),
        declared::<MyRoom>(cfg),
        declared::<Mentions>(cfg),
        declared::<Quote>(cfg),
        declared::<Reaction>(cfg),
        declared::<MessageBody>(cfg),
        declared::<Message>(cfg),
        declared::<MessagePage>(cfg),
        declared::<Departure>(cfg),
        declared::<ThreadTotal>(cfg),
        declared::<CallKind>(cfg),
        declared::<CallState>(cfg),
        declared::<Cause>(cfg),
        declared::<Parting>(cfg),
        declared::<CallRole>(cfg),
        declared::<CallSource>(cfg),
        declared::<SourceState>(cfg),
        declared::<CallView>(cfg),
        declared::<Part>(cfg),
        declared::<MyCall>(cfg),
        declared::<Link>(cfg),
        declared::<Participant>(cfg),
        declared::<SlotState>(cfg),
        declared::<Slot>(cfg),
        declared::<Trouble>(cfg),
        declared::<Mark>(cfg),
        declared::<CallLimits>(cfg),
        declared::<Moderation>(cfg),
        declared::<CallNotice>(cfg),
        declared::<Fate>(cfg),
        declared::<Entry>(cfg),
        union("Event", "An event of a room.", &[chat::Event::inline(cfg), CallEvent::inline(cfg)]),
        declared::<OrderState>(cfg),
        declared::<ContactState>(cfg),
        declared::<FollowState>(cfg),
        declared::<RequestKind>(cfg),
        declared::<Outcome>(cfg),
        declared::<social::Mine>(cfg),
        union(
            "MeEvent",
            "An event of a member's own log.",
            &[
                chat::MeEvent::inline(cfg),
                MemberEvent::inline(cfg),
                BillingEvent::inline(cfg),
                SocialEvent::inline(cfg),
                CallsEvent::inline(cfg),
            ],
        ),
        union(
            "Signal",
            "Something passing, which may be lost.",
            &[
                chat::Signal::inline(cfg),
                presence_signal(cfg),
                MemberChanged::inline(cfg),
                SettingsChanged::inline(cfg),
                Noticed::inline(cfg),
            ],
        ),
        union("ServerFrame", "What the server says over the socket.", &[server_frames(cfg), vec![NoticeFrame::inline(cfg)]].concat()),
        declared::<SignUpMode>(cfg),
        declared::<RoomsMayKeep>(cfg),
        declared::<chat::Community>(cfg),
        declared::<chat::RoleName>(cfg),
        declared::<chat::Limits>(cfg),
        declared::<chat::State>(cfg),
    ];
    types.into_iter().fold(HEAD.to_owned(), |file, each| file + &each)
}

#[test]
fn types_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let composed = composed();
    if std::env::var_os("RIALTO_WRITE_TYPES").is_some() {
        std::fs::write(&path, &composed).expect("the file can be written");
    }
    let on_disk = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(on_disk == composed, "{FILE} is stale; write it with: RIALTO_WRITE_TYPES=1 cargo test --lib types_are_current");
}
