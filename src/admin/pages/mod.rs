//! The pages of the dashboard and of the set-up: one struct for each template. They only read; every act on them is a call of the API.

mod audit;
mod audit_names;
mod audit_words;
mod automod;
mod backups;
mod calls;
mod door;
mod figures;
mod gifts;
mod home;
mod jobs;
mod lists;
mod logs;
mod orders;
mod people;
mod plans;
mod promotions;
mod qr;
mod reports;
mod settings;
mod setup;
mod subscribers;

#[cfg(test)]
pub use audit_words::ACTS;
pub use jobs::JOB_KINDS;

use actix_web::HttpResponse;
use serde::Serialize;

use crate::access::{Actor, Allow, Ground, Permit, Routes};
use crate::calls::Calls;
use crate::clock::Millis;
use crate::error::Result;
use crate::http::Site;
use crate::ids::RoleId;
use crate::members::{self, AdminMember, Profile, Role, RoleKind, Sanction, initials};
use crate::money::Currency;
use crate::storage::Conn;

/// Rows of one page of a list.
const ROWS: i64 = 50;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/admin", home::home)
        .get("/admin/figures", figures::figures)
        .get("/admin/members", people::list)
        .get("/admin/members/{member}", people::person)
        .get("/admin/invites", door::door)
        .get("/admin/roles", settings::roles)
        .get("/admin/plans", plans::plans)
        .get("/admin/gifts", gifts::gifts)
        .get("/admin/promotions", promotions::promotions)
        .get("/admin/orders", orders::orders)
        .get("/admin/subscribers", subscribers::subscribers)
        .get("/admin/rooms", lists::rooms)
        .get("/admin/reports", reports::reports)
        .get("/admin/reports/{report}", reports::report)
        .get("/admin/automod", automod::rules)
        .get("/admin/calls", calls::calls)
        .get("/admin/backups", backups::backups)
        .get("/admin/mail", lists::mail)
        .get("/admin/mail/{letter}", lists::letter)
        .get("/admin/settings", settings::settings)
        .get("/admin/settings/history", settings::history)
        .get("/admin/jobs", jobs::jobs)
        .get("/admin/logs", logs::logs)
        .get("/admin/audit", audit::audit)
        // Before the link's page: "done" is no code.
        .get("/setup/done", setup::done)
        .get("/setup/{code}", setup::setup);
}

/// Reads what a page shows, in one snapshot with who looks, and shows it.
async fn show<P: Permit, T: Serialize + Send + 'static>(
    gate: Allow<P>,
    site: Site,
    template: &str,
    read: impl FnOnce(&mut Conn, &P, &Actor) -> Result<T> + Send + 'static,
) -> Result<HttpResponse> {
    show_in_words(gate, site, template, move |conn, may, actor, _| read(conn, may, actor)).await
}

/// The same for a page that puts some of it into words itself: it is told the reader's language.
async fn show_in_words<P: Permit, T: Serialize + Send + 'static>(
    gate: Allow<P>,
    site: Site,
    template: &str,
    read: impl FnOnce(&mut Conn, &P, &Actor, &str) -> Result<T> + Send + 'static,
) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let read = gate.read(move |conn, may, actor| {
        let looker = members::looker(conn, actor, &asked)?;
        let page = read(conn, may, actor, &looker.language)?;
        Ok((looker, page))
    });
    let (looker, page) = read.await?;
    site.page(&looker, &visitor, template, page)
}

/// Whether calls reach the community, as the last look from outside found; what `admin/_calls.html` sees.
#[derive(Clone, Debug, Default, Serialize)]
struct CallsSeen {
    /// When that was; none before the first look since the program started.
    at: Option<Millis>,
    reached: bool,
    /// There is no media server: nothing is looked for from outside.
    is_off: bool,
    /// What is so, a whole sentence.
    what: String,
    /// What to do about it.
    todo: Option<String>,
    /// How those fare who have no UDP.
    tcp: Option<String>,
}

impl CallsSeen {
    fn of(calls: &Calls, ground: &Ground, language: &str) -> Self {
        if let Some(fault) = calls.media_fault() {
            let t = |key: &str| ground.words.t(language, key, &[("port", &fault.port.to_string())]);
            let what = t(if fault.is_taken { "calls.port_taken" } else { "calls.port_unusable" });
            return Self { is_off: true, what, todo: Some(t("calls.port_do")), ..Self::default() };
        }
        calls.checks().last().map_or_else(Self::default, |checked| {
            let (what, todo) = checked.report.told(&ground.words, language);
            let tcp = checked.report.told_of_tcp(&ground.words, language);
            Self { at: Some(checked.at), reached: checked.report.reached, is_off: false, what, todo, tcp }
        })
    }
}

/// A currency in a list to choose from.
#[derive(Clone, Copy, Debug, Serialize)]
struct CurrencyChoice {
    code: Currency,
    /// Digits behind the point.
    exponent: u8,
}

fn currencies() -> Vec<CurrencyChoice> {
    Currency::all().map(|code| CurrencyChoice { code, exponent: code.exponent() }).collect()
}

/// A role as pages name it.
#[derive(Clone, Debug, Serialize)]
struct RoleTag {
    id: RoleId,
    name: String,
    /// Which of our own words stands for it; none once the community gave it another name.
    word: Option<&'static str>,
    /// Does everybody have it?
    everyone: bool,
}

impl RoleTag {
    fn of(role: &Role) -> Self {
        Self { id: role.id, name: role.name.clone(), word: role.kind.word(&role.name), everyone: role.kind == RoleKind::Member }
    }
}

/// A member as lists show them.
#[derive(Clone, Debug, Serialize)]
struct Person {
    #[serde(flatten)]
    member: AdminMember,
    initials: String,
    /// The roles that not everybody has.
    tags: Vec<RoleTag>,
}

impl Person {
    fn of(member: AdminMember, roles: &[Role]) -> Self {
        let has = |role: &&Role| member.profile.roles.contains(&role.id) && role.kind != RoleKind::Member;
        let tags = roles.iter().filter(has).map(RoleTag::of).collect();
        Self { initials: initials(&member.profile.display_name), tags, member }
    }
}

/// What was done to a member, with the name of who did it.
#[derive(Clone, Debug, Serialize)]
struct SanctionLine {
    #[serde(flatten)]
    sanction: Sanction,
    by: Option<Profile>,
}

impl SanctionLine {
    fn all(sanctions: Vec<Sanction>, people: &[Profile]) -> Vec<Self> {
        let by = |sanction: &Sanction| people.iter().find(|one| Some(one.id) == sanction.made_by).cloned();
        sanctions.into_iter().map(|sanction| Self { by: by(&sanction), sanction }).collect()
    }
}

/// Tenths of a mebibyte, rounded up: nothing that is there is shown as nothing.
const fn tenths_of_mib(bytes: i64) -> i64 {
    (bytes * 10 + 1_048_575) / 1_048_576
}

/// A path with a query string of those values that are not empty.
fn href(path: &str, values: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (n, (name, value)) in values.iter().filter(|(_, value)| !value.is_empty()).enumerate() {
        out.push(if n == 0 { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    out
}

/// A value of a query string; a form sends empty ones for fields that were left alone.
fn given<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text.filter(|text| !text.is_empty()).and_then(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_encoded_and_leaves_out_what_is_empty() {
        assert_eq!(href("/admin/members", &[("q", "a b&é"), ("state", ""), ("after", "7")]), "/admin/members?q=a%20b%26%C3%A9&after=7");
        assert_eq!(href("/admin", &[("q", "")]), "/admin");
    }

    #[test]
    fn initials_are_first_letters_also_of_names_with_marks() {
        assert_eq!(initials("Marta van Olsen"), "MO");
        assert_eq!(initials("e\u{301}va"), "E\u{301}");
        assert_eq!(initials(""), "");
    }

    #[test]
    fn what_a_form_leaves_empty_is_not_given() {
        assert_eq!(given::<i64>(Some("")), None);
        assert_eq!(given::<i64>(Some("x")), None);
        assert_eq!(given::<i64>(Some("7")), Some(7));
    }
}
