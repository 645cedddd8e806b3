//! Settings and roles.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::audit_names::told_setting;
use super::audit_words::{Change, Part, field_name};
use super::{CurrencyChoice, ROWS, RoleTag, currencies, given, href, show};
use crate::access::{Allow, Permission, Query};
use crate::admin::actions;
use crate::admin::model::SettingChange;
use crate::admin::policy::{ManageSettings, SeeRights};
use crate::config::TlsMode;
use crate::error::Result;
use crate::http::Site;
use crate::ids::{AuditId, RoleId};
use crate::members::{self, RoleKind, site_address};
use crate::settings::Settings;

/// What was chosen at the start and holds until the next one.
#[derive(Serialize)]
struct Server {
    address: String,
    reachable: bool,
    /// `off`, `domain`, `files` or `lan`.
    tls: &'static str,
    database: &'static str,
    mail_is_set_up: bool,
    mail_from: Option<String>,
    version: &'static str,
}

/// What `admin/settings.html` sees.
#[derive(Serialize)]
struct SettingsPage {
    settings: Settings,
    defaults: Settings,
    /// Keys of those that are not the default.
    changed: Vec<String>,
    server: Server,
    currencies: Vec<CurrencyChoice>,
    /// Can an account at Stripe be connected?
    has_stripe: bool,
    /// Has whoever looks a password to be asked for?
    has_password: bool,
}

#[derive(Deserialize)]
pub struct FindChanges {
    name: Option<String>,
    before: Option<String>,
}

/// A change as the page shows it.
#[derive(Serialize)]
struct ChangeLine {
    told: Change,
    #[serde(flatten)]
    change: SettingChange,
}

/// What `admin/settings_history.html` sees.
#[derive(Serialize)]
struct HistoryPage {
    rows: Vec<ChangeLine>,
    /// The setting of which alone it tells.
    label: Option<Part>,
    has_password: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// `GET /admin/settings/history`.
pub async fn history(gate: Allow<ManageSettings>, query: Query<FindChanges>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/settings_history.html", move |conn, may, actor| {
        let name = query.0.name.filter(|name| !name.is_empty());
        let before = given::<AuditId>(query.0.before.as_deref());
        let page = actions::setting_history(conn, may, name.as_deref(), (before, ROWS), actor.now)?;
        let line = |change: SettingChange| ChangeLine { told: told_setting(&change.name, &change.before, &change.after), change };
        let link = |before: &str| href("/admin/settings/history", &[("name", name.as_deref().unwrap_or_default()), ("before", before)]);
        Ok(HistoryPage {
            rows: page.items.into_iter().map(line).collect(),
            is_first: before.is_none(),
            first: link(""),
            next: page.next.as_deref().map(link),
            label: name.as_deref().map(field_name),
            has_password: members::account(conn, may.member(), actor.now)?.has_password,
        })
    })
    .await
}

fn as_map(settings: &Settings) -> Result<Map<String, Value>> {
    Ok(serde_json::to_value(settings)?.as_object().cloned().unwrap_or_default())
}

/// `GET /admin/settings`.
pub async fn settings(gate: Allow<ManageSettings>, site: Site) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    show(gate, site, "admin/settings.html", move |conn, may, actor| {
        let (settings, defaults) = (Settings::load(conn)?, Settings::default());
        let usual = as_map(&defaults)?;
        let changed = as_map(&settings)?.into_iter().filter(|(name, value)| usual.get(name) != Some(value)).map(|(name, _)| name).collect();
        let address = site_address(&ground.config);
        let server = Server {
            reachable: actions::is_reachable(&address),
            address,
            tls: match ground.config.tls {
                TlsMode::Off => "off",
                TlsMode::Domain(_) => "domain",
                TlsMode::Files { .. } => "files",
                TlsMode::Lan => "lan",
            },
            database: if ground.db.target().is_sqlite() { "SQLite" } else { "PostgreSQL" },
            mail_is_set_up: ground.mailer.is_set_up(),
            mail_from: ground.config.mail_from.clone(),
            version: env!("CARGO_PKG_VERSION"),
        };
        let (currencies, has_stripe) = (currencies(), cfg!(feature = "stripe"));
        let has_password = members::account(conn, may.member(), actor.now)?.has_password;
        Ok(SettingsPage { settings, defaults, changed, server, currencies, has_stripe, has_password })
    })
    .await
}

/// Permissions as the page groups them; every one stands in exactly one group.
const GROUPS: [(&str, &[Permission]); 4] = [
    ("talk", &[Permission::MessageDirect, Permission::MentionRoom, Permission::Announce, Permission::MessagesModerate]),
    ("rooms", &[Permission::RoomsCreate, Permission::RoomsCreatePrivate, Permission::RoomsManage]),
    (
        "people",
        &[
            Permission::Invite,
            Permission::Approve,
            Permission::Moderate,
            Permission::Ban,
            Permission::MembersManage,
            Permission::MembersGrant,
            Permission::PaymentsRecord,
        ],
    ),
    (
        "community",
        &[
            Permission::RolesManage,
            Permission::PlansEdit,
            Permission::SettingsManage,
            Permission::MailRead,
            Permission::AuditRead,
            Permission::MetricsRead,
        ],
    ),
];

/// One cell of the matrix.
#[derive(Serialize)]
struct Cell {
    role: RoleId,
    has: bool,
    /// May the one who looks change it?
    may_change: bool,
}

/// One permission and what each role says to it.
#[derive(Serialize)]
struct Row {
    /// Its name on the wire.
    name: &'static str,
    /// The end of the key of its words.
    word: String,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Group {
    word: &'static str,
    rows: Vec<Row>,
}

/// A column of the matrix.
#[derive(Serialize)]
struct Column {
    #[serde(flatten)]
    tag: RoleTag,
    member_count: i64,
    is_own: bool,
    may_change: bool,
}

/// What `admin/roles.html` sees.
#[derive(Serialize)]
struct RolesPage {
    columns: Vec<Column>,
    groups: Vec<Group>,
}

/// `GET /admin/roles`.
pub async fn roles(gate: Allow<SeeRights>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/roles.html", |conn, _, actor| {
        let roles = members::roles(conn)?;
        let may_change = |role: &members::Role| role.kind != RoleKind::Owner && actor.permissions.covers(role.permissions);
        let cell = |role: &members::Role, permission| Cell {
            role: role.id,
            has: role.permissions.has(permission),
            may_change: may_change(role) && actor.permissions.has(permission),
        };
        let row = |permission: Permission| Row {
            name: permission.name(),
            word: permission.name().replace('.', "_"),
            cells: roles.iter().map(|role| cell(role, permission)).collect(),
        };
        let groups = GROUPS.iter().map(|(word, all)| Group { word, rows: all.iter().map(|one| row(*one)).collect() }).collect();
        let column = |role: &members::Role| Column {
            tag: RoleTag::of(role),
            member_count: role.member_count,
            is_own: role.kind == RoleKind::Own,
            may_change: may_change(role),
        };
        Ok(RolesPage { columns: roles.iter().map(column).collect(), groups })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_stands_in_exactly_one_group() {
        for permission in Permission::ALL {
            let places = GROUPS.iter().filter(|(_, all)| all.contains(permission)).count();
            assert_eq!(places, 1, "{}", permission.name());
        }
    }
}
