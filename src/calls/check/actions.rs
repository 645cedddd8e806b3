//! What a check does: opens an echo, says how it stands, and places a real call through the community's own public address.

use std::time::Duration;

use super::echoes::{EchoState, Whose};
use super::{Checked, Checks};
use crate::access::Ground;
use crate::calls::board::Board;
use crate::calls::exchange::{Calls, refused};
use crate::calls::probe;
use crate::calls::sfu;
use crate::clock::Millis;
use crate::error::{Error, RefusalKind, Result};
use crate::ids::CallId;
use crate::members::site_address;

/// An offer is answered within this, or the media server is not there.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

fn unavailable() -> Error {
    Error::refused(RefusalKind::Unavailable, "calls.media_unavailable")
}

/// Opens an echo and waits for the answer to its offer; the answer, and until when the echo lasts.
///
/// # Errors
/// 503 `calls.media_unavailable`, `calls.echoes_full`, `calls.too_many_calls`, `calls.server_full`; 422 as for an offer in a call.
pub async fn open(calls: &Calls, ground: &Ground, whose: Whose, sdp: String) -> Result<(String, Millis)> {
    if !calls.has_media() {
        return Err(unavailable());
    }
    let most = ground.settings.get().calls_at_once;
    let id: CallId = ground.ids.next();
    let live = calls.look(Board::count);
    let (answer, ends_at) = calls.echoes(|echoes, now, out| {
        if live + echoes.beside(whose) >= most {
            return Err(Error::refused(RefusalKind::Unavailable, "calls.too_many_calls"));
        }
        echoes.open(whose, sfu::CallId(id.0.unsigned_abs()), sdp, now, out)
    })?;
    let error = match tokio::time::timeout(ANSWER_WITHIN, answer).await {
        Ok(Ok(Ok(sdp))) => return Ok((sdp, ends_at)),
        Ok(Ok(Err(refusal))) => refused(refusal),
        _ => unavailable(),
    };
    calls.echoes(|echoes, _, out| echoes.close(whose, out));
    Err(error)
}

/// How an echo stands.
///
/// # Errors
/// 404 when there is none; 503 `calls.media_unavailable`.
pub async fn state(calls: &Calls, whose: Whose) -> Result<EchoState> {
    let asked = calls.echoes(|echoes, _, out| echoes.ask(whose, out)).ok_or(Error::NotFound)?;
    match tokio::time::timeout(ANSWER_WITHIN, asked).await {
        Ok(Ok(state)) => Ok(state),
        _ => Err(unavailable()),
    }
}

/// Places a call through the community's public address, as a stranger's browser would, and keeps what it found.
///
/// # Errors
/// When no thread can be had for it.
pub async fn check(calls: &Calls, ground: &Ground) -> Result<Checked> {
    let checks: &Checks = calls.checks();
    let _turn = match checks.turn().await {
        Ok(turn) => turn,
        Err(found) => return Ok(found),
    };
    let way = probe::Way {
        url: site_address(&ground.config),
        ticket: probe::ticket(&ground.keys, ground.clock.now())?,
        trusted: probe::trusted(&ground.config),
        patience: probe::Patience::default(),
    };
    let report = tokio::task::spawn_blocking(move || probe::run(&way)).await.map_err(Error::broken)??;
    let checked = Checked { at: ground.clock.now(), report };
    checks.keep(&checked);
    Ok(checked)
}
