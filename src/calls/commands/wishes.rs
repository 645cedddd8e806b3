//! What a command carries.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::calls::board::ViewWish;
use crate::calls::model::{CallRole, CallSource};
use crate::error::{Error, Result};
use crate::ids::{CallId, MemberId, RoomId};

/// Most members in a view: those of a full page of tiles.
const VIEWED: usize = 49;
#[derive(Deserialize)]
pub(super) struct OfCall {
    pub(super) call: CallId,
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
pub(super) struct Start {
    #[serde(default)]
    pub(super) to: Option<MemberId>,
    #[serde(default)]
    pub(super) room: Option<RoomId>,
    pub(super) video: bool,
    pub(super) key: String,
    #[serde(default)]
    pub(super) ring: Option<Vec<MemberId>>,
}

#[derive(Deserialize)]
pub(super) struct Add {
    pub(super) call: CallId,
    pub(super) members: Vec<MemberId>,
}

#[derive(Deserialize)]
pub(super) struct Join {
    pub(super) call: CallId,
    #[serde(default)]
    pub(super) resume: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct View {
    #[serde(default)]
    pub(super) stage: Vec<MemberId>,
    #[serde(default)]
    pub(super) tiles: BTreeMap<String, u16>,
    #[serde(default)]
    pub(super) screen: u16,
    #[serde(default)]
    pub(super) hidden: bool,
}

impl View {
    pub(super) fn check(&self) -> Result<()> {
        if self.stage.len() > VIEWED || self.tiles.len() > VIEWED { Err(Error::invalid("tiles", "calls.too_many_tiles")) } else { Ok(()) }
    }

    pub(super) fn wish(&self) -> ViewWish {
        let tiles = self.tiles.iter().filter_map(|(member, height)| Some((member.parse().ok()?, *height)));
        ViewWish { stage: self.stage.clone(), tiles: tiles.collect(), screen: self.screen, hidden: self.hidden }
    }
}

#[derive(Deserialize)]
pub(super) struct Mute {
    pub(super) source: CallSource,
    pub(super) muted: bool,
}

#[derive(Deserialize)]
pub(super) struct Hand {
    pub(super) raised: bool,
}

/// A browser's own digest. The server's own numbers decide; this is only checked for its form.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read for its form")]
pub(super) struct Stats {
    #[serde(default)]
    pub(super) rtt_ms: Option<f64>,
    #[serde(default)]
    pub(super) loss_up: Option<f64>,
    #[serde(default)]
    pub(super) loss_down: Option<f64>,
    #[serde(default)]
    pub(super) frozen: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
pub(super) struct SyncFrom {
    pub(super) seq: u64,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for its form")]
pub(super) struct Ice {
    pub(super) r#gen: u32,
}

#[derive(Deserialize)]
pub(super) struct Offer {
    pub(super) r#gen: u32,
    pub(super) sdp: String,
    #[serde(default)]
    pub(super) tracks: Vec<Track>,
}

#[derive(Deserialize)]
pub(super) struct Track {
    pub(super) mid: String,
    pub(super) source: CallSource,
}

#[derive(Deserialize)]
pub(super) struct OfSource {
    pub(super) member: MemberId,
    pub(super) source: CallSource,
}

#[derive(Deserialize)]
pub(super) struct OfMember {
    pub(super) member: MemberId,
}

#[derive(Deserialize)]
pub(super) struct Lock {
    pub(super) locked: bool,
}

#[derive(Deserialize)]
pub(super) struct OfRole {
    pub(super) member: MemberId,
    pub(super) role: CallRole,
}
