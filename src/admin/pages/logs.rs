//! The last lines of the log, and what the program says of itself for whoever helps.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::{ROWS, given, href, show};
use crate::access::{Allow, Page, Query};
use crate::admin::policy::ReadLog;
use crate::admin::{actions, health};
use crate::calls::Calls;
use crate::error::Result;
use crate::http::{LogLevel, LogLine, LogSought, Metrics, Recent, Site};

#[derive(Deserialize)]
pub struct FindLines {
    level: Option<String>,
    q: Option<String>,
    before: Option<String>,
}

/// What `admin/logs.html` sees.
#[derive(Serialize)]
struct LogsPage {
    lines: Vec<LogLine>,
    level: &'static str,
    q: String,
    is_filtered: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
    /// To be copied.
    diagnostics: String,
}

/// `GET /admin/logs`.
pub async fn logs(
    gate: Allow<ReadLog>,
    query: Query<FindLines>,
    (exchange, recent): (Data<Calls>, Data<Recent>),
    metrics: Metrics,
    site: Site,
) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    show(gate, site, "admin/logs.html", move |conn, _, actor| {
        let FindLines { level, q, before } = query.0;
        let (wanted, level) = match level.as_deref() {
            Some("error") => (Some(LogLevel::Error), "error"),
            Some("warning") => (Some(LogLevel::Warning), "warning"),
            _ => (None, ""),
        };
        let (q, before) = (q.unwrap_or_default(), given::<u64>(before.as_deref()));
        let limit = usize::try_from(ROWS + 1).unwrap_or(0);
        let found = recent.find(&LogSought { level: wanted, text: q.clone(), before, limit });
        let Page { items, next } = Page::of(found, ROWS, |line| line.n.to_string());
        let link = |before: &str| href("/admin/logs", &[("level", level), ("q", &q), ("before", before)]);
        let report = health::look(conn, &ground, &exchange, "en", actor.now)?;
        let told = actions::diagnostics(conn, &ground, &report, &metrics, &recent)?;
        Ok(LogsPage {
            lines: items,
            is_filtered: wanted.is_some() || !q.trim().is_empty(),
            is_first: before.is_none(),
            first: link(""),
            next: next.as_deref().map(link),
            diagnostics: serde_json::to_string_pretty(&told)?,
            level,
            q,
        })
    })
    .await
}
