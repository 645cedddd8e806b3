//! The dashboard's front page: what needs somebody, numbers, and how far the set-up is.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use super::{CallsSeen, show_in_words};
use crate::access::{Allow, Permission};
use crate::admin::actions;
use crate::admin::health::{self, HealthReport};
use crate::admin::model::Summary;
use crate::admin::policy::OpenDashboard;
use crate::backups::{self, Health, Standing};
use crate::billing;
use crate::calls::Calls;
use crate::error::Result;
use crate::http::{Metrics, Site};
use crate::members::{self, site_address};
use crate::social;

/// One thing that waits for a person.
#[derive(Serialize)]
struct Need {
    /// `approvals`, `reports`, `appeals`, `asks`, `letters`, `jobs` or `backups`.
    what: &'static str,
    icon: &'static str,
    /// Where it is mended.
    path: &'static str,
    count: i64,
}

/// One step of the way from an empty community to a living one.
#[derive(Serialize)]
struct Step {
    what: &'static str,
    is_done: bool,
    path: &'static str,
}

/// What `admin/home.html` sees.
#[derive(Serialize)]
struct HomePage {
    summary: Summary,
    /// For those who may look; none otherwise.
    health: Option<HealthReport>,
    needs: Vec<Need>,
    /// Empty once everything is done, and for those who cannot do it.
    steps: Vec<Step>,
    steps_done: usize,
    /// For those who may look; none otherwise.
    calls: Option<CallsSeen>,
    /// The same.
    backups: Option<Standing>,
    address: String,
    /// Size of the database in mebibytes, one digit behind the point.
    database_mib: String,
    uptime_hours: u64,
    uptime_days: u64,
}

/// `GET /admin`.
pub async fn home(gate: Allow<OpenDashboard>, site: Site, metrics: Metrics, exchange: Data<Calls>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    show_in_words(gate, site, "admin/home.html", move |conn, may, actor, language| {
        let summary = actions::summary(conn, may, &ground, metrics.uptime(), actor.now)?;
        let permissions = may.permissions();
        let address = site_address(&ground.config);
        let looks = permissions.has(Permission::SettingsManage);
        let backups = looks.then(|| backups::standing(conn, &ground.config.data, &ground.settings.get(), actor.now)).transpose()?;
        let unsaved = backups.as_ref().is_some_and(|standing| matches!(standing.health, Health::Failed | Health::Late));
        let needs = [
            (Permission::Approve, Need { what: "approvals", icon: "user-plus", path: "/admin/invites", count: summary.pending_approvals }),
            (
                Permission::Moderate,
                Need {
                    what: "reports",
                    icon: "triangle-alert",
                    path: "/admin/reports",
                    count: social::open_reports(conn, actor.signed_in()?)?,
                },
            ),
            (
                Permission::Moderate,
                Need {
                    what: "appeals",
                    icon: "triangle-alert",
                    path: "/admin/reports?show=appeals",
                    count: members::open_appeals(conn, actor.signed_in()?, actor.now)?,
                },
            ),
            (
                Permission::PaymentsRecord,
                Need { what: "asks", icon: "sparkles", path: "/admin/orders", count: billing::count_asked(conn)? },
            ),
            (
                Permission::PaymentsRecord,
                Need { what: "strange", icon: "triangle-alert", path: "/admin/orders?show=strange", count: billing::count_strange(conn)? },
            ),
            (Permission::MailRead, Need { what: "letters", icon: "mail", path: "/admin/mail", count: summary.letters_waiting }),
            (
                Permission::SettingsManage,
                Need { what: "jobs", icon: "triangle-alert", path: "/admin/jobs?show=dead", count: summary.dead_jobs },
            ),
            (
                Permission::SettingsManage,
                Need { what: "backups", icon: "triangle-alert", path: "/admin/backups", count: i64::from(unsaved) },
            ),
        ];
        let needs = needs.into_iter().filter(|(needed, need)| permissions.has(*needed) && need.count > 0).map(|(_, need)| need).collect();
        let has_sentence = !ground.settings.get().community_sentence.is_empty();
        let steps = vec![
            Step { what: "address", is_done: actions::is_reachable(&address), path: "/admin/settings#server" },
            Step { what: "sentence", is_done: has_sentence, path: "/admin/settings#community" },
            Step { what: "mail", is_done: summary.mail_is_set_up, path: "/admin/settings#server" },
            Step { what: "invite", is_done: summary.open_invites > 0 || summary.members.active > 1, path: "/admin/invites" },
            Step { what: "member", is_done: summary.members.active > 1, path: "/admin/invites" },
        ];
        let steps_done = steps.iter().filter(|step| step.is_done).count();
        let shows_steps = looks && steps_done < steps.len() && !ground.is_demo;
        let tenths = summary.database_bytes * 10 / 1_048_576;
        let calls = looks.then(|| CallsSeen::of(&exchange, &ground, language));
        let health = looks.then(|| health::look(conn, &ground, &exchange, language, actor.now)).transpose()?;
        Ok(HomePage {
            health,
            calls,
            backups,
            database_mib: format!("{}.{}", tenths / 10, tenths % 10),
            uptime_hours: summary.uptime_seconds / 3_600,
            uptime_days: summary.uptime_seconds / 86_400,
            steps: if shows_steps { steps } else { Vec::new() },
            steps_done,
            summary,
            needs,
            address,
        })
    })
    .await
}
