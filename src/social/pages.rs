//! The slice's pages: the directory and my lists, one person, the inbox of requests, who may reach me. They only read; every act on them
//! is a call of the API.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::actions;
use super::model::{Act, Edge, Person, ReachView, ReportReason, Request, Shared, UnknownCallers, ceiling, closed_ways, is_below, may_ring};
use super::policy::{SeeMine, SeePerson};
use super::store::lists::{List, Paging, Sought};
use crate::access::{Actor, Allow, Page, Permission, Permit, Query, Routes};
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::http::{Site, encoded};
use crate::ids::{MemberId, PlanId, RequestId, RoleId, RoomId};
use crate::members::{self, initials};
use crate::settings::{Class, Settings};
use crate::storage::Conn;
use crate::text::Words;

/// Rows of one page of a list.
const ROWS: i64 = 50;
/// Members of a list that the page of reach shows before it leads to the whole list.
const LISTED: i64 = 20;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/people", people)
        // Before one person's page: "requests" is nobody.
        .get("/people/requests", requests)
        .get("/people/{member}", person)
        .get("/settings/reach", reach);
}

/// Reads what a page shows, in one snapshot with who looks, and shows it.
async fn show<P: Permit, T: Serialize + Send + 'static>(
    gate: Allow<P>,
    site: Site,
    template: &str,
    read: impl FnOnce(&mut Conn, &P, &Actor, &str) -> Result<T> + Send + 'static,
) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let (looker, page) = gate
        .read(move |conn, may, actor| {
            let looker = members::looker(conn, actor, &asked)?;
            let page = read(conn, may, actor, &looker.language)?;
            Ok((looker, page))
        })
        .await?;
    site.page(&looker, &visitor, template, page)
}

/// Somebody as pages show them.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    person: Person,
    initials: String,
}

impl From<Person> for Shown {
    fn from(person: Person) -> Self {
        Self { initials: initials(&person.member.display_name), person }
    }
}

/// A role as the reader calls it.
#[derive(Serialize)]
struct RoleChoice {
    id: RoleId,
    name: String,
}

fn role_choices(conn: &mut Conn, words: &Words, language: &str) -> Result<Vec<RoleChoice>> {
    Ok(actions::role_names(conn)?.into_iter().map(|role| RoleChoice { id: role.id, name: role.said(words, language) }).collect())
}

/// The lists of the page, by their names in its address.
const LISTS: [(&str, Option<List>); 8] = [
    ("all", None),
    ("contacts", Some(List::Mine(Edge::Contact))),
    ("following", Some(List::Mine(Edge::Follows))),
    ("followers", Some(List::Theirs(Edge::Follows))),
    ("blocked", Some(List::Mine(Edge::Blocks))),
    ("muted", Some(List::Mine(Edge::Mutes))),
    ("always", Some(List::Mine(Edge::Always))),
    ("never", Some(List::Mine(Edge::Never))),
];

#[derive(Deserialize)]
struct Find {
    list: Option<String>,
    q: Option<String>,
    role: Option<String>,
    verified: Option<String>,
    after: Option<String>,
}

/// What `social/people.html` sees.
#[derive(Serialize)]
struct PeoplePage {
    list: &'static str,
    people: Vec<Shown>,
    roles: Vec<RoleChoice>,
    q: String,
    role: Option<RoleId>,
    /// Only those with the verified badge?
    verified: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
    requests: i64,
}

/// A path with a query string of those values that are not empty.
fn href(path: &str, values: &[(&str, &str)]) -> String {
    let given: Vec<String> =
        values.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
}

/// A value of the page's address; a form sends an empty one for none.
fn value<T: std::str::FromStr>(name: &'static str, text: Option<String>) -> Result<Option<T>> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| Error::invalid(name, "error.query"))).transpose()
}

/// `GET /people`: everyone, or one of my lists.
async fn people(gate: Allow<SeeMine>, query: Query<Find>, site: Site) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    show(gate, site, "social/people.html", move |conn, may, actor, language| {
        let Find { list, q, role, verified, after } = query.0;
        let named = list.filter(|name| !name.is_empty()).unwrap_or_else(|| LISTS[0].0.to_owned());
        let (name, list) = LISTS.into_iter().find(|(name, _)| *name == named).ok_or_else(|| Error::invalid("list", "error.query"))?;
        let q = q.unwrap_or_default();
        let (role, after) = (value::<RoleId>("role", role)?, value::<MemberId>("after", after)?);
        let verified = value::<bool>("verified", verified)?.unwrap_or(false);
        let paging = Paging { q: q.clone(), after, limit: ROWS };
        let page = match list {
            Some(list) => actions::list(conn, may.member(), list, &paging, actor.now)?,
            None => actions::directory(conn, may.member(), Sought { role, verified }, &paging, actor.now)?,
        };
        let role_text = role.map(|id: RoleId| id.to_string()).unwrap_or_default();
        let link = |after: &str| {
            let list = if name == "all" { "" } else { name };
            let verified = if verified { "true" } else { "" };
            href("/people", &[("list", list), ("q", &q), ("role", &role_text), ("verified", verified), ("after", after)])
        };
        Ok(PeoplePage {
            list: name,
            people: page.items.into_iter().map(Shown::from).collect(),
            roles: role_choices(conn, &ground.words, language)?,
            role,
            verified,
            is_first: after.is_none(),
            first: link(""),
            next: page.next.as_deref().map(link),
            requests: actions::open_requests(conn, may.member())?,
            q,
        })
    })
    .await
}

/// What `social/person.html` sees.
#[derive(Serialize)]
struct PersonPage {
    shown: Shown,
    roles: Vec<RoleChoice>,
    rooms: Vec<Shared>,
    conversation: Option<RoomId>,
    reasons: Vec<&'static str>,
    is_me: bool,
    may_write: bool,
    /// Have they said yes to my calls, which I have not made yet?
    lets_me_call: bool,
    /// Ways of ringing others that are closed for everybody.
    closed: Vec<&'static str>,
    requests: i64,
}

/// `GET /people/{member}`.
async fn person(gate: Allow<SeePerson>, site: Site) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    show(gate, site, "social/person.html", move |conn, may, actor, language| {
        let (person, rooms, conversation) = actions::person(conn, may, actor.now)?;
        let roles =
            role_choices(conn, &ground.words, language)?.into_iter().filter(|role| person.member.roles.contains(&role.id)).collect();
        let is_me = may.member() == may.other();
        let closed = closed_ways(&ground.settings.get());
        Ok(PersonPage {
            lets_me_call: actions::yes_of(conn, may.member(), may.other())?.is_some(),
            is_me,
            may_write: !is_me
                && person.member.state == members::MemberState::Active
                && !person.known.blocked
                && actor.permissions.has(Permission::MessageDirect)
                // A conversation that is there goes on.
                && (conversation.is_some() || !closed.contains(&Act::Message)),
            closed: closed.into_iter().filter(|act| act.rings()).map(Act::name).collect(),
            shown: person.into(),
            roles,
            rooms,
            conversation,
            reasons: ReportReason::ALL.iter().map(|reason| reason.name()).collect(),
            requests: actions::open_requests(conn, may.member())?,
        })
    })
    .await
}

#[derive(Deserialize)]
struct FindRequests {
    before: Option<String>,
}

/// A request as the page shows it.
#[derive(Serialize)]
struct Waiting {
    #[serde(flatten)]
    request: Request,
    initials: String,
}

/// Somebody who said yes to my calls, and the ways of ringing that are closed, for everybody or for want of such a yes.
#[derive(Serialize)]
struct Yes {
    shown: Shown,
    closed: Vec<&'static str>,
}

/// Who said yes to my calls, which I have not made yet, as far as they are there and can be rung.
fn yeses(conn: &mut Conn, member: MemberId, settings: &Settings, now: Millis) -> Result<Vec<Yes>> {
    let all = actions::may_call(conn, member)?;
    let ids: Vec<MemberId> = all.keys().copied().collect();
    let yes = |person: Person| {
        let closed = actions::closed_after(&all, &person.member, settings)?.into_iter().map(Act::name).collect();
        Some(Yes { shown: person.into(), closed })
    };
    Ok(actions::known_people(conn, member, &ids, now)?.into_iter().filter_map(yes).collect())
}

/// What `social/requests.html` sees.
#[derive(Serialize)]
struct RequestsPage {
    yeses: Vec<Yes>,
    waiting: Vec<Waiting>,
    reasons: Vec<&'static str>,
    next: Option<String>,
    requests: i64,
}

/// `GET /people/requests`.
async fn requests(gate: Allow<SeeMine>, query: Query<FindRequests>, site: Site) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    show(gate, site, "social/requests.html", move |conn, may, actor, _| {
        let before = value::<RequestId>("before", query.0.before)?;
        let Page { items, next } = actions::inbox(conn, may.member(), before, ROWS, actor.now)?;
        let shown = |request: Request| Waiting { initials: initials(&request.sender.display_name), request };
        Ok(RequestsPage {
            yeses: if before.is_none() { yeses(conn, may.member(), &ground.settings.get(), actor.now)? } else { Vec::new() },
            waiting: items.into_iter().map(shown).collect(),
            reasons: ReportReason::ALL.iter().map(|reason| reason.name()).collect(),
            next: next.map(|id| href("/people/requests", &[("before", &id)])),
            requests: actions::open_requests(conn, may.member())?,
        })
    })
    .await
}

/// One way of reaching, with what may be ticked for it.
#[derive(Serialize)]
struct Way {
    act: &'static str,
    sentence: String,
    classes: Vec<Tick>,
    roles: Vec<NamedTick>,
    plans: Vec<NamedTick>,
}

#[derive(Serialize)]
struct Tick {
    name: &'static str,
    is_ticked: bool,
    /// Ticked before the administrators set a lower bound: kept, without effect.
    is_above: bool,
}

#[derive(Serialize)]
struct NamedTick {
    id: String,
    name: String,
    is_ticked: bool,
}

/// What `social/reach.html` sees.
#[derive(Serialize)]
struct ReachPage {
    ways: Vec<Way>,
    reach: ReachView,
    unknown: Vec<Tick>,
    /// `HH:MM`.
    quiet_from: String,
    quiet_to: String,
    always: Vec<Shown>,
    never: Vec<Shown>,
    /// Are there more on these lists than are shown?
    more_always: bool,
    more_never: bool,
}

/// Minutes since midnight as a clock shows them.
fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// `GET /settings/reach`.
async fn reach(gate: Allow<SeeMine>, site: Site) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    show(gate, site, "social/reach.html", move |conn, may, actor, language| {
        let reach = actions::reach_view(conn, &ground, may.member(), language)?;
        let (settings, plans) = (ground.settings.get(), actions::plan_names(conn, true)?);
        let roles = role_choices(conn, &ground.words, language)?;
        let current: Vec<PlanId> = actions::plan_names(conn, false)?.into_iter().map(|(id, _)| id).collect();
        let way = |act: Act| {
            let rule = reach.rules.of(act);
            let bound = ceiling(&settings, act);
            let tick = |class: Class| {
                let (is_ticked, is_above) = (rule.from.has(class), !is_below(class, bound));
                let is_offered = is_ticked || !is_above && (class != Class::Plans || !current.is_empty());
                is_offered.then_some(Tick { name: class.name(), is_ticked, is_above })
            };
            Way {
                act: act.name(),
                sentence: reach.sentences.iter().find(|sentence| sentence.act == act).map(|said| said.text.clone()).unwrap_or_default(),
                classes: Class::ALL.into_iter().filter_map(tick).collect(),
                roles: roles
                    .iter()
                    .map(|role| NamedTick { id: role.id.to_string(), name: role.name.clone(), is_ticked: rule.roles.contains(&role.id) })
                    .collect(),
                plans: plans
                    .iter()
                    .filter(|(id, _)| current.contains(id) || rule.plans.contains(id))
                    .map(|(id, name)| NamedTick { id: id.to_string(), name: name.clone(), is_ticked: rule.plans.contains(id) })
                    .collect(),
            }
        };
        let ways = Act::ALL.into_iter().map(way).collect();
        let list = |conn: &mut Conn, edge| -> Result<(Vec<Shown>, bool)> {
            let paging = Paging { limit: LISTED, ..Paging::default() };
            let page = actions::list(conn, may.member(), List::Mine(edge), &paging, actor.now)?;
            Ok((page.items.into_iter().map(Shown::from).collect(), page.next.is_some()))
        };
        let ((always, more_always), (never, more_never)) = (list(conn, Edge::Always)?, list(conn, Edge::Never)?);
        let quiet = reach.quiet;
        let may_ring = may_ring(&|act| ceiling(&settings, act));
        let unknown = |(name, each)| {
            let (is_ticked, is_above) = (reach.unknown_callers == each, each == UnknownCallers::Ring && !may_ring);
            (is_ticked || !is_above).then_some(Tick { name, is_ticked, is_above })
        };
        let all = [("silent", UnknownCallers::Silent), ("request", UnknownCallers::Request), ("ring", UnknownCallers::Ring)];
        Ok(ReachPage {
            ways,
            unknown: all.into_iter().filter_map(unknown).collect(),
            quiet_from: clock(quiet.map_or(22 * 60, |quiet| quiet.from)),
            quiet_to: clock(quiet.map_or(7 * 60, |quiet| quiet.to)),
            reach,
            always,
            never,
            more_always,
            more_never,
        })
    })
    .await
}
