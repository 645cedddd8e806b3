//! Backups: how they stand, when the next one is made, and what each was found to be worth.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{ROWS, given, href, show, tenths_of_mib};
use crate::access::{Allow, Query};
use crate::backups::{self, Backup, ManageBackups, RehearsalState, Standing};
use crate::error::Result;
use crate::http::Site;
use crate::ids::{BackupId, MemberId};
use crate::members::{self, Profile};
use crate::settings::Settings;

#[derive(Deserialize)]
pub struct FindBackups {
    before: Option<String>,
}

/// A backup with who wanted it.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    backup: Backup,
    made_by: Option<Profile>,
    /// Tenths of a mebibyte, rounded up.
    tenths: i64,
    /// Seconds that the rehearsal took, rounded up.
    seconds: i64,
    /// Is the file where it was put?
    is_there: bool,
}

/// What `admin/backups.html` sees.
#[derive(Serialize)]
struct BackupsPage {
    lines: Vec<Line>,
    /// Is one being made or rehearsed?
    is_busy: bool,
    standing: Standing,
    settings: Settings,
    /// May they carry backups away?
    is_owner: bool,
    has_password: bool,
    is_first: bool,
    next: Option<String>,
}

fn is_busy(backup: &Backup) -> bool {
    backup.state.is_under_way() || backup.rehearsal.as_ref().is_some_and(|one| one.state == RehearsalState::Asked)
}

/// `GET /admin/backups`.
pub async fn backups(gate: Allow<ManageBackups>, query: Query<FindBackups>, site: Site) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    show(gate, site, "admin/backups.html", move |conn, may, actor| {
        let before = given::<BackupId>(query.0.before.as_deref());
        let page = backups::page(conn, may, before, ROWS)?;
        let mut people: Vec<MemberId> = page.items.iter().filter_map(|backup| backup.by).collect();
        people.sort_unstable();
        people.dedup();
        let people = members::profiles(conn, &people, actor.now)?;
        let line = |backup: Backup| Line {
            made_by: people.iter().find(|one| Some(one.id) == backup.by).cloned(),
            tenths: tenths_of_mib(backup.bytes.unwrap_or(0)),
            seconds: backup.rehearsal.as_ref().and_then(|one| one.contents).map_or(0, |found| (found.took_ms + 999) / 1_000),
            is_there: backups::is_there(&ground.config.data, &backup),
            backup,
        };
        let settings = Settings::load(conn)?;
        Ok(BackupsPage {
            is_busy: page.items.iter().any(is_busy),
            standing: backups::standing(conn, &ground.config.data, &settings, actor.now)?,
            settings,
            is_owner: may.is_owner(),
            has_password: members::account(conn, may.by(), actor.now)?.has_password,
            is_first: before.is_none(),
            next: page.next.map(|id| href("/admin/backups", &[("before", &id)])),
            lines: page.items.into_iter().map(line).collect(),
        })
    })
    .await
}
