//! Is the program alive, can it serve, and its numbers.

use actix_web::HttpResponse;

use super::Metrics;
use super::policy::ReadMetrics;
use crate::access::{Allow, Public};
use crate::error::{Error, Result};
use crate::storage::{DbLimits, fact};

/// `GET /healthz`: the process answers.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "the process is alive", body = String)))]
pub async fn healthz(_: Public) -> HttpResponse {
    plain("alive\n")
}

/// `GET /readyz`: the database can be read and writes have room.
///
/// # Errors
/// 503 when not.
#[utoipa::path(get, path = "/readyz", responses((status = 200, description = "requests can be served", body = String), (status = 503, description = "not now")))]
pub async fn readyz(gate: Public) -> Result<HttpResponse> {
    let db = gate.ground().db.clone();
    // The last tenth of the queue is left to those who are already at work.
    if db.writes_waiting() >= DbLimits::default().queue * 9 / 10 {
        return Err(Error::Busy { retry_after_ms: 1_000 });
    }
    db.read(|conn| fact(conn, "epoch").map(drop)).await.map_err(|error| {
        tracing::warn!(%error, "not ready: the database cannot be read");
        Error::Busy { retry_after_ms: 1_000 }
    })?;
    Ok(plain("ready\n"))
}

/// `GET /metrics`: numbers for Prometheus.
///
/// # Errors
/// Those of the permit.
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "numbers in the text form of Prometheus", body = String)))]
pub async fn numbers(gate: Allow<ReadMetrics>, metrics: Metrics) -> Result<HttpResponse> {
    let db = gate.ground().db.clone();
    gate.read(|_, _, _| Ok(())).await?;
    let text = metrics.text(db.writes_waiting());
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

fn plain(text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}
