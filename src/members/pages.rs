//! The slice's pages: coming in, and one's own settings. One struct for each template.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::actions::{self, looker};
use super::model::{Account, ApiToken, LinkPurpose, Profile, Session, zone_names};
use super::policy::SeeMe;
use super::routes::Code;
use crate::access::{Actor, Allow, Public, Query, Routes, Scope};
use crate::error::{Error, Result};
use crate::http::{Looker, Site, encoded};
use crate::settings::SignUpMode;
use crate::storage::Conn;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/sign-in", sign_in)
        .get("/join", join)
        .get("/invite/{code}", invite)
        .get("/reset", reset)
        .get("/reset/{code}", reset_set)
        .get("/demo/{code}", demo)
        .get("/waiting", waiting)
        .get("/settings", profile)
        .get("/settings/look", look)
        .get("/settings/security", security)
        .get("/settings/sessions", sessions)
        .get("/settings/tokens", tokens);
}

/// Somebody who is in does not need the door.
fn to_rooms() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, "/")).finish()
}

/// What `members/sign_in.html` sees.
#[derive(Serialize)]
struct SignInPage {
    next: String,
    /// Where the first sign-in leads.
    first: String,
    may_join: bool,
}

#[derive(Deserialize)]
struct Next {
    next: Option<String>,
}

/// A path of our own, or the rooms: a link to the door never leads to another site.
#[must_use]
pub fn own_path(wanted: Option<String>) -> String {
    let is_own =
        |path: &String| path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && !path.chars().any(char::is_control);
    wanted.filter(is_own).unwrap_or_else(|| "/".to_owned())
}

async fn sign_in(gate: Public, query: Query<Next>, site: Site) -> Result<HttpResponse> {
    let (visitor, mode) = (gate.visitor().clone(), gate.ground().settings.get().sign_up_mode);
    let looker = stranger_only(gate).await?;
    let next = own_path(query.0.next);
    let Some(looker) = looker else { return Ok(HttpResponse::SeeOther().insert_header((LOCATION, next)).finish()) };
    let first = if next == "/" { "/welcome".to_owned() } else { format!("/welcome?next={}", encoded(&next)) };
    let page = SignInPage { next, first, may_join: matches!(mode, SignUpMode::Open | SignUpMode::Approval) };
    site.page(&looker, &visitor, "members/sign_in.html", page)
}

/// The looker, unless somebody is signed in.
async fn stranger_only(gate: Public) -> Result<Option<Looker>> {
    let visitor = gate.visitor().clone();
    gate.read(move |conn, actor| if actor.member.is_some() { Ok(None) } else { looker(conn, actor, &visitor).map(Some) }).await
}

/// What `members/join.html` sees.
#[derive(Serialize)]
struct JoinPage {
    state: &'static str,
    invite: Option<String>,
    inviter: Option<Profile>,
    waits: bool,
    /// May one join without an invite?
    may_join: bool,
    next: &'static str,
}

impl JoinPage {
    const fn without_invite(mode: SignUpMode) -> Self {
        let (state, waits) = match mode {
            SignUpMode::Open => ("form", false),
            SignUpMode::Approval => ("form", true),
            SignUpMode::Invite => ("invite_needed", false),
            SignUpMode::Closed => ("closed", false),
        };
        let may_join = matches!(mode, SignUpMode::Open | SignUpMode::Approval);
        Self { state, invite: None, inviter: None, waits, may_join, next: if waits { "/waiting" } else { "/welcome" } }
    }
}

async fn join(gate: Public, site: Site) -> Result<HttpResponse> {
    let (visitor, mode) = (gate.visitor().clone(), gate.ground().settings.get().sign_up_mode);
    let asked = visitor.clone();
    // Before the set-up there is nothing to join; the front page says so.
    let looker = gate
        .read(move |conn, actor| {
            let is_open = actor.member.is_none() && actions::community_has_owner(conn)?;
            if is_open { looker(conn, actor, &asked).map(Some) } else { Ok(None) }
        })
        .await?;
    let Some(looker) = looker else { return Ok(to_rooms()) };
    site.page(&looker, &visitor, "members/join.html", JoinPage::without_invite(mode))
}

async fn invite(gate: Public, code: Code, site: Site) -> Result<HttpResponse> {
    let (ground, visitor) = (gate.ground().clone(), gate.visitor().clone());
    let mode = ground.settings.get().sign_up_mode;
    let (asked, code) = (visitor.clone(), code.0.0);
    let found = gate
        .read(move |conn, actor| {
            if actor.member.is_some() {
                return Ok(None);
            }
            let page = match actions::invite_of_code(conn, &ground.keys, &code, actor.now) {
                _ if mode == SignUpMode::Closed => JoinPage::without_invite(mode),
                Ok(inviter) => JoinPage {
                    state: "form",
                    invite: Some(code),
                    inviter: Some(inviter),
                    waits: false,
                    next: "/welcome",
                    ..JoinPage::without_invite(mode)
                },
                Err(Error::Refused(_)) => JoinPage { state: "invite_over", ..JoinPage::without_invite(mode) },
                Err(error) => return Err(error),
            };
            Ok(Some((looker(conn, actor, &asked)?, page)))
        })
        .await?;
    let Some((looker, page)) = found else { return Ok(to_rooms()) };
    site.page(&looker, &visitor, "members/join.html", page)
}

/// What `members/reset.html` sees.
#[derive(Serialize)]
struct ResetPage {
    sends_letters: bool,
}

async fn reset(gate: Public, site: Site) -> Result<HttpResponse> {
    let (visitor, sends_letters) = (gate.visitor().clone(), gate.ground().mailer.is_set_up());
    let asked = visitor.clone();
    let looker = gate.read(move |conn, actor| looker(conn, actor, &asked)).await?;
    site.page(&looker, &visitor, "members/reset.html", ResetPage { sends_letters })
}

/// What `members/reset_set.html` sees.
#[derive(Serialize)]
struct ResetSetPage {
    code: String,
    open: bool,
}

async fn reset_set(gate: Public, code: Code, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let (asked, code) = (visitor.clone(), code.0.0);
    let (looker, page) = gate
        .read(move |conn, actor| {
            let open = match actions::check_link(conn, LinkPurpose::Reset, &code, actor.now) {
                Ok(_) => true,
                Err(Error::Refused(_)) => false,
                Err(error) => return Err(error),
            };
            Ok((looker(conn, actor, &asked)?, ResetSetPage { code, open }))
        })
        .await?;
    site.page(&looker, &visitor, "members/reset_set.html", page)
}

async fn waiting(gate: Public, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let Some(looker) = stranger_only(gate).await? else { return Ok(to_rooms()) };
    site.page(&looker, &visitor, "members/waiting.html", ())
}

/// Reads what a page of one's own settings shows, and shows it.
async fn own<T: Serialize + Send + 'static>(
    gate: Allow<SeeMe>,
    site: Site,
    template: &str,
    read: impl FnOnce(&mut Conn, &SeeMe, &Actor) -> Result<T> + Send + 'static,
) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let (looker, page) = gate.read(move |conn, may, actor| Ok((looker(conn, actor, &asked)?, read(conn, may, actor)?))).await?;
    site.page(&looker, &visitor, template, page)
}

/// What the pages of one's own account see.
#[derive(Serialize)]
struct AccountPage {
    account: Account,
    /// First letter of the name, for the avatars to choose from.
    initial: String,
}

fn account_page(conn: &mut Conn, may: &SeeMe, actor: &Actor) -> Result<AccountPage> {
    let account = actions::account(conn, may.member(), actor.now)?;
    let initial = account.profile.display_name.graphemes(true).next().unwrap_or_default().to_uppercase();
    Ok(AccountPage { account, initial })
}

async fn profile(gate: Allow<SeeMe>, site: Site) -> Result<HttpResponse> {
    own(gate, site, "members/profile.html", account_page).await
}

/// What `members/look.html` sees.
#[derive(Serialize)]
struct LookPage {
    account: Account,
    /// Names of time zones to choose from.
    zones: Vec<String>,
}

async fn look(gate: Allow<SeeMe>, site: Site) -> Result<HttpResponse> {
    own(gate, site, "members/look.html", |conn, may, actor| {
        Ok(LookPage { account: actions::account(conn, may.member(), actor.now)?, zones: zone_names() })
    })
    .await
}

async fn security(gate: Allow<SeeMe>, site: Site) -> Result<HttpResponse> {
    own(gate, site, "members/security.html", account_page).await
}

/// What `members/sessions.html` sees.
#[derive(Serialize)]
struct SessionsPage {
    sessions: Vec<Session>,
}

async fn sessions(gate: Allow<SeeMe>, site: Site) -> Result<HttpResponse> {
    own(gate, site, "members/sessions.html", |conn, may, actor| Ok(SessionsPage { sessions: actions::sessions_of(conn, may, actor)? }))
        .await
}

/// What `members/tokens.html` sees.
#[derive(Serialize)]
struct TokensPage {
    tokens: Vec<ApiToken>,
    scopes: Vec<&'static str>,
}

async fn tokens(gate: Allow<SeeMe>, site: Site) -> Result<HttpResponse> {
    own(gate, site, "members/tokens.html", |conn, may, actor| {
        let scopes = Scope::ALL.iter().filter(|scope| actor.scopes.has(**scope)).map(|scope| scope.name()).collect();
        Ok(TokensPage { tokens: actions::api_tokens(conn, may, actor.now)?, scopes })
    })
    .await
}

/// What `members/demo.html` sees.
#[derive(Serialize)]
struct DemoPage {
    name: String,
    code: String,
}

/// `GET /demo/{code}`: the door of somebody in the demo. Looking does not open it; the page does, with a POST.
async fn demo(gate: Public, code: Code, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    if !gate.ground().is_demo {
        return Err(Error::NotFound);
    }
    let (asked, secret) = (visitor.clone(), code.0.0.clone());
    let (looker, name) = gate
        .read(move |conn, actor| {
            let member = actions::check_link(conn, LinkPurpose::SignIn, &secret, actor.now)?.ok_or(Error::NotFound)?;
            let name = actions::profiles(conn, &[member], actor.now)?.pop().ok_or(Error::NotFound)?.display_name;
            Ok((looker(conn, actor, &asked)?, name))
        })
        .await?;
    site.page(&looker, &visitor, "members/demo.html", DemoPage { name, code: code.0.0 })
}
