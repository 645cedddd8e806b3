//! The set-up: the wizard behind the link that was printed at the first start, and its last step.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::{CallsSeen, given, qr, show};
use crate::access::{Allow, Named, Permission, Public, Query, Target};
use crate::admin::actions;
use crate::admin::model::FIRST_ROOMS;
use crate::admin::policy::FinishSetUp;
use crate::calls::Calls;
use crate::error::{Error, Result};
use crate::http::Site;
use crate::ids::InviteId;
use crate::members::{self, Invite, site_address};
use crate::settings::Settings;

/// The code in the path.
pub struct Code(Named);

impl FromRequest for Code {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Named::from_path(request).map(Self))
    }
}

/// A room that the wizard proposes.
#[derive(Serialize)]
struct Proposal {
    kind: &'static str,
    name: String,
    topic: String,
}

/// What `setup/setup.html` sees.
#[derive(Serialize)]
struct SetUpPage {
    code: String,
    hue: u16,
    rooms: Vec<Proposal>,
    most_rooms: usize,
    /// Do others reach this address? Then the last step makes an invite.
    reachable: bool,
}

/// `GET /setup/{code}`.
pub async fn setup(gate: Public, code: Code, site: Site) -> Result<HttpResponse> {
    let (ground, visitor) = (gate.ground().clone(), gate.visitor().clone());
    let (asked, code) = (visitor.clone(), code.0.0);
    let shown = code.clone();
    let looker = gate
        .read(move |conn, actor| {
            actions::check(conn, &shown, actor.now)?;
            members::looker(conn, actor, &asked)
        })
        .await?;
    let word = |key: &str| ground.words.t(visitor.language, key, &[]);
    let rooms = [("announcement", "notices"), ("public", "square"), ("public", "help")].map(|(kind, key)| Proposal {
        kind,
        name: word(&format!("setup.room_{key}")),
        topic: word(&format!("setup.room_{key}_topic")),
    });
    let page = SetUpPage {
        code,
        hue: Settings::default().community_hue,
        rooms: rooms.into(),
        most_rooms: FIRST_ROOMS,
        reachable: actions::is_reachable(&site_address(&ground.config)),
    };
    site.page(&looker, &visitor, "setup/setup.html", page)
}

#[derive(Deserialize)]
pub struct Made {
    invite: Option<String>,
}

/// What `setup/done.html` sees.
#[derive(Serialize)]
struct DonePage {
    reachable: bool,
    address: String,
    invite: Option<Invite>,
    qr: Option<String>,
    /// For those who may look; none otherwise.
    calls: Option<CallsSeen>,
}

/// `GET /setup/done`: the invite that was asked for, or the newest one that is open.
pub async fn done(gate: Allow<FinishSetUp>, query: Query<Made>, site: Site, exchange: Data<Calls>) -> Result<HttpResponse> {
    let ground = gate.ground().clone();
    let language = gate.visitor().language;
    show(gate, site, "setup/done.html", move |conn, _, actor| {
        let address = site_address(&ground.config);
        let reachable = actions::is_reachable(&address);
        let wanted = given::<InviteId>(query.0.invite.as_deref());
        let newest = members::invites(conn, &ground.keys, &address, None, 20, actor.now)?;
        let mut open = newest.into_iter().filter(|invite| invite.open && reachable);
        let invite = match wanted {
            Some(id) => open.find(|invite| invite.id == id),
            None => open.next(),
        };
        let label = ground.words.t(language, "setup.invite_qr", &[]);
        let qr = invite.as_ref().map(|invite| qr::svg(&invite.url, &label)).transpose()?;
        let calls = actor.permissions.has(Permission::SettingsManage).then(|| CallsSeen::of(&exchange, &ground, language));
        Ok(DonePage { reachable, address, invite, qr, calls })
    })
    .await
}
