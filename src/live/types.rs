//! The frames of the server as TypeScript, for the generated types of the client.

use ts_rs::{Config, TS};

use super::dialogue::{AckFrame, Hello, Notice, RefusedFrame};
use super::hub::GoingAway;
use super::shard::{Heartbeat, PresenceSignal};

/// Every frame that the server sends. The two that are joined from bytes, or carry any signal, are written here.
pub(crate) fn server_frames(cfg: &Config) -> Vec<String> {
    vec![
        Hello::inline(cfg),
        AckFrame::inline(cfg),
        RefusedFrame::inline(cfg),
        Heartbeat::inline(cfg),
        Notice::inline(cfg),
        GoingAway::inline(cfg),
        r#"{ type: "event", room: Id, seq: number, at: Millis, event: Event | MeEvent, }"#.to_owned(),
        r#"{ type: "signal", n?: number, signal: Signal, }"#.to_owned(),
    ]
}

/// The signal that the hub itself sends.
pub(crate) fn presence_signal(cfg: &Config) -> String {
    PresenceSignal::inline(cfg)
}
