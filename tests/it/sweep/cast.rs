//! Who calls in the sweep, and what they call about: every kind of visitor, and fresh targets for each call.

use diesel::prelude::*;
use reqwest::Method;
use rialto::access::{Scope, Scopes};
use rialto::backups;
use rialto::billing::{self, Every, NewOrder, NewPayment, NewSale};
use rialto::calls::seed::{CallStory, place_call};
use rialto::calls::{Cause, Fate};
use rialto::chat::{self, RoomKind};
use rialto::ids::{MemberId, PlanId, RoomId, SessionId};
use rialto::members::{self, DisplayName, Email, MemberState, NewMember, Password, RoleKind, SessionKind, Username};
use rialto::social::{self, NewRequest, RequestKind};
use serde_json::{Value, json};

use crate::support::{Person, Town};

/// The visitors, in the order of the table's columns.
pub const VISITORS: [&str; 12] = [
    "stranger",
    "pending",
    "banned",
    "outsider",
    "insider",
    "muted",
    "leader",
    "moderator",
    "administrator",
    "owner",
    "read_only",
    "ended",
];
/// Those who are in the home rooms.
const IN_ROOM: [&str; 5] = ["insider", "muted", "leader", "read_only", "ended"];

/// A visitor: somebody with a session, or nobody.
pub struct Visitor {
    /// One of [`VISITORS`].
    pub name: &'static str,
    /// Who, if anybody.
    pub person: Option<Person>,
}

/// The cast and their places.
pub struct Cast {
    /// The program.
    pub town: Town,
    /// In the order of [`VISITORS`].
    pub visitors: Vec<Visitor>,
    /// A private room that some of them are in.
    pub private: RoomId,
    /// A public room that the same are in.
    pub open: RoomId,
    /// A private room that none of them is in.
    pub foreign: RoomId,
    /// Who made the rooms and wrote what is foreign.
    pub maker: Person,
    /// The insider, author of what is at home.
    pub author: Person,
    foreign_message: String,
    letter: String,
    /// The community's first plan.
    pub plan: String,
    /// A price of another one, dearer than what anybody pays.
    dearer: String,
    count: std::cell::Cell<u32>,
}

/// What a call is about; each a value for the name in braces.
#[derive(Clone, Debug)]
pub struct Targets {
    /// `{room}`
    pub room: String,
    /// `{message}`
    pub message: String,
    /// `{member}`
    pub member: String,
    /// `{session}`
    pub session: String,
    /// `{role}`
    pub role: String,
    /// `{invite}`
    pub invite: String,
    /// `{letter}`
    pub letter: String,
    /// `{plan}`
    pub plan: String,
    /// `{grant}`
    pub grant: String,
    /// `{gift}`
    pub gift: String,
    /// `{promotion}`
    pub promotion: String,
    /// `{request}`
    pub request: String,
    /// `{report}`
    pub report: String,
    /// `{call}`
    pub call: String,
    /// `{price}`
    pub price: String,
    /// `{order}`
    pub order: String,
    /// `{payment}`
    pub payment: String,
    /// `{subscription}`
    pub subscription: String,
    /// `{backup}`
    pub backup: String,
    /// `{rule}`
    pub rule: String,
    /// `{sanction}`
    pub sanction: String,
    /// `{job}`
    pub job: String,
}

/// An id that nothing has.
pub const NOTHING: &str = "77";

/// The password of everyone; nobody says it.
pub const PASSWORD: &str = "seven lighthouses ahead";

async fn arrive(town: &Town, name: &str, state: MemberState, roles: &[RoleKind], scopes: Scopes) -> Person {
    let (username, roles) = (name.to_owned(), roles.to_vec());
    let password = Password::parse(PASSWORD, name, "password").expect("a good password");
    let hash = if name.starts_with("the") { Some(town.app().members.hasher.make(password).await.expect("a hash")) } else { None };
    let made = town.app().ground.db.write(move |tx| {
        let mut new = NewMember::named(Username::parse(&username)?, DisplayName::parse(&username)?);
        for kind in roles {
            new.roles.push(members::built_in_role(tx, kind)?);
        }
        (new.state, new.welcomed) = (state, true);
        if hash.is_some() {
            new.email = Some(Email::parse(&format!("{username}@example.org"))?);
        }
        new.password = hash;
        let member = members::create_member(tx, &new)?;
        let kind = if scopes == Scopes::ALL { SessionKind::Bearer } else { SessionKind::Token };
        let (session, token) = members::make_session(tx, member, kind, scopes, "sweep", None)?;
        Ok((member, session, token.reveal().to_owned()))
    });
    let (member, session, token): (MemberId, SessionId, String) = made.await.expect("a member");
    Person::new(town.url(""), name, member, session, token)
}

impl Cast {
    /// Everyone in their places.
    pub async fn gather() -> Self {
        let town = Town::with(|config| config.raised_limits = true).await;
        let maker = town.owner("maker").await;
        let mut visitors = Vec::new();
        for name in VISITORS {
            let state = match name {
                "pending" => MemberState::Pending,
                "banned" => MemberState::Banned,
                _ => MemberState::Active,
            };
            let roles: &[RoleKind] = match name {
                "moderator" => &[RoleKind::Moderator],
                "administrator" => &[RoleKind::Administrator],
                "owner" => &[RoleKind::Owner],
                _ => &[],
            };
            let scopes = if name == "read_only" { Scopes::NONE.with(Scope::Read) } else { Scopes::ALL };
            let person = if name == "stranger" {
                None
            } else {
                Some(arrive(&town, &format!("the{}", name.replace('_', "")), state, roles, scopes).await)
            };
            visitors.push(Visitor { name, person });
        }
        let present: Vec<&Person> = visitors.iter().filter(|v| IN_ROOM.contains(&v.name)).filter_map(|v| v.person.as_ref()).collect();
        let private = town.room(&maker, RoomKind::Private, "Cellar", &present).await;
        let open = town.room(&maker, RoomKind::Public, "Square", &present).await;
        let foreign = town.room(&maker, RoomKind::Private, "Attic", &[]).await;
        let of = |name| visitors.iter().find(|v: &&Visitor| v.name == name).and_then(|v| v.person.clone()).expect("somebody");
        for room in [private, open] {
            let path = format!("/api/v1/rooms/{room}/members/{}/role", of("leader").id);
            assert_eq!(maker.call(Method::PUT, &path, Some(json!({ "role": "moderator" }))).await.0, 204);
        }
        for room in [private, open] {
            assert_eq!(maker.call(Method::PATCH, &format!("/api/v1/rooms/{room}"), Some(json!({ "voice": true }))).await.0, 200);
        }
        let until = crate::support::NOON + 86_400_000;
        maker.post(&format!("/api/v1/admin/members/{}/mute", of("muted").id), json!({ "until": until })).await;
        let ended = of("ended");
        assert_eq!(ended.call(Method::DELETE, &format!("/api/v1/me/sessions/{}", ended.session), None).await.0, 204);
        let foreign_message = maker.says(foreign, "foreign", "In the attic").await.0;
        let author = of("insider");
        let asked = town.http.post(town.url("/api/v1/password-resets")).json(&json!({ "username_or_email": author.name })).send().await;
        assert_eq!(asked.expect("an answer").status(), 202);
        let letter = maker.get("/api/v1/admin/mail").await["items"][0]["id"].as_str().expect("a letter").to_owned();
        let plan = maker.get("/api/v1/plans").await["items"][0]["id"].as_str().expect("a plan").to_owned();
        let other = maker.post("/api/v1/admin/plans", json!({ "name": "Dearer" })).await;
        let path = format!("/api/v1/admin/plans/{}/prices", other["id"].as_str().expect("a plan"));
        let dearer = maker.post(&path, json!({ "amount": 900, "currency": "EUR", "every": "month" })).await;
        let dearer = dearer["id"].as_str().expect("a price").to_owned();
        Self {
            town,
            private,
            open,
            foreign,
            maker,
            author,
            foreign_message,
            letter,
            plan,
            dearer,
            visitors,
            count: std::cell::Cell::new(0),
        }
    }

    /// A number that was not used before.
    pub fn next(&self) -> u32 {
        self.count.set(self.count.get() + 1);
        self.count.get()
    }

    /// Targets that exist for this call: what it changes is not missed by the next.
    pub async fn targets(&self, method: &str, path: &str, room: RoomId, visitor: &Visitor) -> Targets {
        let n = self.next();
        let nothing = || NOTHING.to_owned();
        let message = if path.contains("{message}") { self.author.says(room, &format!("fresh{n}"), "Fresh").await.0 } else { nothing() };
        let member = if path.contains("{member}") { self.subject(method, path, room, n).await } else { nothing() };
        let session = match &visitor.person {
            Some(person) if path.contains("{session}") => self.session_of(person.id).await,
            _ => self.maker.session.to_string(),
        };
        let made = |answer: Value| answer["id"].as_str().expect("id").to_owned();
        let role = if path.contains("{role}") {
            made(self.maker.post("/api/v1/admin/roles", json!({ "name": format!("Role {n}"), "permissions": [] })).await)
        } else {
            nothing()
        };
        let invite = if path.contains("{invite}") { made(self.maker.post("/api/v1/admin/invites", json!({})).await) } else { nothing() };
        let plan = if path.contains("{plan}") {
            made(self.maker.post("/api/v1/admin/plans", json!({ "name": format!("Plan {n}") })).await)
        } else {
            self.plan.clone()
        };
        let grant = if path.contains("{grant}") {
            let subject = arrive(&self.town, &format!("granted{n}"), MemberState::Active, &[], Scopes::ALL).await;
            made(self.maker.post(&format!("/api/v1/admin/members/{}/grants", subject.id), json!({ "plan": self.plan })).await)
        } else {
            nothing()
        };
        let gift = if path.contains("{gift}") {
            made(self.maker.post("/api/v1/admin/gifts", json!({ "plan": self.plan })).await)
        } else {
            nothing()
        };
        let promotion = if path.contains("{promotion}") {
            made(self.maker.post("/api/v1/admin/promotions", json!({ "code": format!("SWEEP{n}"), "percent": 10 })).await)
        } else {
            nothing()
        };
        let request = match &visitor.person {
            Some(person) if path.contains("{request}") => self.request_to(person.id, n).await,
            _ => nothing(),
        };
        let report = if path.contains("{report}") {
            made(self.author.post("/api/v1/reports", json!({ "member": self.maker.id, "reason": "spam" })).await)
        } else {
            nothing()
        };
        let call = match &visitor.person {
            Some(person) if path.contains("{call}") => self.call_of(person.id, method != "POST").await,
            _ => nothing(),
        };
        let price = if path.contains("{price}") {
            let plan = made(self.maker.post("/api/v1/admin/plans", json!({ "name": format!("Priced {n}") })).await);
            made(
                self.maker
                    .post(&format!("/api/v1/admin/plans/{plan}/prices"), json!({ "amount": n, "currency": "EUR", "every": "month" }))
                    .await,
            )
        } else {
            nothing()
        };
        // Whoever waits to be let in buys nothing.
        let buyer = visitor.person.as_ref().filter(|_| visitor.name != "pending").map(|person| person.id);
        let order = match buyer {
            Some(buyer) if path.contains("{order}") => self.order_of(buyer, n).await,
            _ => nothing(),
        };
        if path.ends_with("/set-aside") && order != nothing() {
            self.row(format!("INSERT INTO strange_checkouts (order_id, seen_at) VALUES ({order}, 0) ON CONFLICT (order_id) DO NOTHING"))
                .await;
        }
        let (payment, subscription) = match buyer {
            Some(buyer) if path.contains("{payment}") || path.contains("{subscription}") => self.paid_by(buyer).await,
            _ => (nothing(), nothing()),
        };
        let backup = if path.contains("{backup}") {
            let placed = self.town.app().ground.db.write(|tx| backups::seed::place_made(tx, 10)).await;
            placed.expect("a backup").to_string()
        } else {
            nothing()
        };
        let rule = if path.contains("{rule}") { made(self.maker.post("/api/v1/admin/automod", rule(n)).await) } else { nothing() };
        let sanction = match buyer {
            Some(_) if path.ends_with("/decide") && path.contains("{sanction}") => self.appealed(n).await,
            // Nobody warns somebody who is out.
            Some(member) if path.contains("{sanction}") && visitor.name != "banned" => self.sanction_of(member).await,
            _ => nothing(),
        };
        let job = if path.contains("{job}") {
            // Set aside, of a kind that nobody does.
            let kept = "(id, kind, payload, run_at, attempts, max_attempts, locked_until, state, last_error)";
            self.row(format!("INSERT INTO jobs {kept} VALUES ({n}, 'sweep.nothing', '{{}}', 0, 1, 1, 0, 1, 'no luck')")).await;
            n.to_string()
        } else {
            nothing()
        };
        Targets {
            backup,
            rule,
            sanction,
            job,
            price,
            order,
            payment,
            subscription,
            room: room.to_string(),
            message,
            member,
            session,
            role,
            invite,
            letter: self.letter.clone(),
            plan,
            grant,
            gift,
            promotion,
            request,
            report,
            call,
        }
    }

    /// Something that was done to this member.
    async fn sanction_of(&self, member: MemberId) -> String {
        let (needs, maker) = (self.town.app().members.clone(), self.maker.id);
        let made = self.town.app().ground.db.write(move |tx| members::seed::place_warning(tx, &needs, member, maker, "Be kind"));
        made.await.expect("a warning").to_string()
    }

    /// Something that was done to somebody new, who appeals.
    async fn appealed(&self, n: u32) -> String {
        let subject = arrive(&self.town, &format!("warned{n}"), MemberState::Active, &[], Scopes::ALL).await;
        let sanction = self.sanction_of(subject.id).await;
        subject.post(&format!("/api/v1/me/sanctions/{sanction}/appeal"), json!({ "words": "I was kind" })).await;
        sanction
    }

    /// An order of this member that waits.
    async fn order_of(&self, member: MemberId, n: u32) -> String {
        let plan: PlanId = self.plan.parse().expect("an id");
        let new = NewOrder { plan, price: None, gift: false, promotion: None, client_key: format!("sweep{n}"), note: String::new() };
        self.town.app().ground.db.write(move |tx| billing::seed::place_ask(tx, member, &new)).await.expect("an order").to_string()
    }

    /// A payment of this member, and the subscription that it pays.
    async fn paid_by(&self, member: MemberId) -> (String, String) {
        let (maker, plan): (MemberId, PlanId) = (self.maker.id, self.plan.parse().expect("an id"));
        let payment = NewPayment {
            amount: 500,
            currency: None,
            every: Some(Every::Month),
            method: rialto::billing::Method::Cash,
            reference: String::new(),
            received_at: None,
        };
        let (sale, billing) = (NewSale { plan, price: None, payment }, self.town.app().billing.clone());
        let paid = self.town.app().ground.db.write(move |tx| {
            let recorded = billing::seed::place_sale(tx, &billing, member, maker, &sale)?;
            Ok((recorded.payment.id.to_string(), billing::newest_subscription(tx, member)?.map(|id| id.to_string()).unwrap_or_default()))
        });
        paid.await.expect("a payment")
    }

    /// A request of somebody new to this member.
    async fn request_to(&self, member: MemberId, n: u32) -> String {
        let asker = arrive(&self.town, &format!("asker{n}"), MemberState::Active, &[], Scopes::ALL).await.id;
        let asked = self.town.app().ground.db.write(move |tx| {
            social::ask(tx, asker, &NewRequest::of(RequestKind::Contact, member, true), None)?;
            social::newest_request(tx, asker, member)
        });
        asked.await.expect("a request").expect("one").to_string()
    }

    /// A call that this member began; over, or one that goes on.
    async fn call_of(&self, member: MemberId, is_over: bool) -> String {
        let cause = is_over.then_some(Cause::Left);
        let other = (self.maker.id, Fate::Taken);
        let story = CallStory {
            room: None,
            is_group: false,
            video: false,
            starter: member,
            others: vec![other],
            seconds: 60,
            cause,
            quality: Some(3),
        };
        self.town.app().ground.db.write(move |tx| place_call(tx, &story)).await.expect("a call").to_string()
    }

    /// A call that goes on in a room, as rows alone: one that has just begun, for its row alone would soon be ended.
    pub async fn call_in(&self, room: RoomId) -> String {
        let story = CallStory {
            room: Some(room),
            is_group: false,
            video: false,
            starter: self.maker.id,
            others: Vec::new(),
            seconds: 1,
            cause: None,
            quality: None,
        };
        self.town.app().ground.db.write(move |tx| place_call(tx, &story)).await.expect("a call").to_string()
    }

    async fn subject(&self, method: &str, path: &str, room: RoomId, n: u32) -> String {
        let state = if path.ends_with("/approve") || path.ends_with("/turn-down") { MemberState::Pending } else { MemberState::Active };
        let subject = arrive(&self.town, &format!("subject{n}"), state, &[], Scopes::ALL).await;
        let joins = path.starts_with("/api/v1/rooms/") && (method == "DELETE" || path.ends_with("/role"));
        if joins {
            let id = subject.id;
            let joined = self.town.app().ground.db.write(move |tx| chat::join_quietly(tx, room, id)).await;
            assert!(joined.expect("joined"));
        }
        let before = match path.rsplit('/').next() {
            Some("unban") => Some(("ban", json!({}))),
            Some("unmute") => Some(("mute", json!({ "until": crate::support::NOON + 1_000_000 }))),
            _ => None,
        };
        if method == "DELETE" && path.ends_with("/verification") {
            let path = format!("/api/v1/admin/members/{}/verification", subject.id);
            assert_eq!(self.maker.call(Method::PUT, &path, Some(json!({}))).await.0, 204);
        }
        if path.ends_with("/allow-card") {
            // Their bank took a payment back; the member's number will do for that of the payment.
            let id = subject.id.0;
            self.row(format!("INSERT INTO disputes (payment, member, state, seen_at) VALUES ({id}, {id}, 2, 0)")).await;
        }
        if let Some((act, body)) = before {
            self.maker.post(&format!("/api/v1/admin/members/{}/{act}", subject.id), body).await;
        }
        subject.id.to_string()
    }

    /// Puts a row where no act of ours does.
    async fn row(&self, sql: String) {
        let put = self.town.app().ground.db.write(move |tx| Ok(diesel::sql_query(sql).execute(&mut **tx)?));
        put.await.expect("put");
    }

    async fn session_of(&self, member: MemberId) -> String {
        let made = self
            .town
            .app()
            .ground
            .db
            .write(move |tx| Ok(members::make_session(tx, member, SessionKind::Bearer, Scopes::ALL, "spare", None)?.0));
        made.await.expect("a session").to_string()
    }

    /// The same targets in a room that the visitor may not see, or nowhere.
    pub fn elsewhere(&self, targets: &Targets, exists: bool) -> Targets {
        let room = if exists { self.foreign.to_string() } else { NOTHING.to_owned() };
        Targets { room, message: self.message_elsewhere(exists), ..targets.clone() }
    }

    /// A message of another room, or none.
    pub fn message_elsewhere(&self, exists: bool) -> String {
        if exists { self.foreign_message.clone() } else { NOTHING.to_owned() }
    }

    /// One call: status and body.
    pub async fn call(&self, visitor: &Visitor, method: &str, pattern: &str, targets: &Targets) -> (u16, String) {
        let answer = self.ask(visitor, method, pattern, targets).await.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    /// The request of one call.
    pub async fn ask(&self, visitor: &Visitor, method: &str, pattern: &str, targets: &Targets) -> reqwest::RequestBuilder {
        let path = filled(pattern, targets);
        let method: Method = method.parse().expect("a method");
        let mut request = self.town.http.request(method.clone(), self.town.url(&path));
        if let Some(person) = &visitor.person {
            let token = if pattern.ends_with("/sign-out") && !pattern.contains("admin") {
                self.spare_token(person.id).await
            } else {
                person.token.clone()
            };
            request = request.bearer_auth(token);
        }
        if method != Method::GET {
            let mut body = body(method.as_str(), pattern, self.next(), (&self.plan, &self.dearer));
            if pattern == "/api/v1/reports" {
                // Nobody reports themselves.
                body = json!({ "member": self.reported(visitor), "reason": "spam" });
            }
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request
    }

    fn reported(&self, visitor: &Visitor) -> MemberId {
        if visitor.name == "insider" { self.maker.id } else { self.author.id }
    }

    async fn spare_token(&self, member: MemberId) -> String {
        let made = self.town.app().ground.db.write(move |tx| {
            let (_, token) = members::make_session(tx, member, SessionKind::Bearer, Scopes::ALL, "spare", None)?;
            Ok(token.reveal().to_owned())
        });
        made.await.expect("a session")
    }
}

/// The address behind a pattern.
pub fn filled(pattern: &str, targets: &Targets) -> String {
    let all = [
        ("{room}", targets.room.as_str()),
        ("{message}", &targets.message),
        ("{member}", &targets.member),
        ("{session}", &targets.session),
        ("{role}", &targets.role),
        ("{invite}", &targets.invite),
        ("{letter}", &targets.letter),
        ("{plan}", &targets.plan),
        ("{grant}", &targets.grant),
        ("{gift}", &targets.gift),
        ("{promotion}", &targets.promotion),
        ("{request}", &targets.request),
        ("{report}", &targets.report),
        ("{call}", &targets.call),
        ("{price}", &targets.price),
        ("{order}", &targets.order),
        ("{payment}", &targets.payment),
        ("{subscription}", &targets.subscription),
        ("{backup}", &targets.backup),
        ("{rule}", &targets.rule),
        ("{sanction}", &targets.sanction),
        ("{job}", &targets.job),
        // Nothing was told.
        ("{event}", NOTHING),
        ("{emoji}", "%F0%9F%8C%8A"),
        ("{code}", "nonsense"),
        ("{seq}", "1"),
        ("{version}", "dev"),
        ("{path:.*}", "start.js"),
    ];
    all.iter().fold(pattern.to_owned(), |path, (name, value)| path.replace(name, value))
}

/// A rule that finds nothing.
fn rule(n: u32) -> Value {
    json!({ "name": format!("Rule {n}"), "looks": { "kind": "mentions", "most": 50 }, "outcome": "refuse" })
}

/// A body that would do for whoever may.
fn body(method: &str, path: &str, n: u32, (plan, dearer): (&str, &str)) -> Value {
    let later = crate::support::NOON + 3_600_000;
    match (method, path) {
        ("POST", "/api/v1/rooms") => json!({ "kind": "public", "name": format!("Room {n}") }),
        ("PATCH", "/api/v1/rooms/{room}") => json!({ "topic": format!("Topic {n}") }),
        ("PUT", "/api/v1/rooms/{room}/members/{member}/role") => json!({ "role": "moderator" }),
        ("PUT", "/api/v1/rooms/{room}/own") => json!({ "level": "mentions" }),
        ("POST", "/api/v1/rooms/{room}/messages") => json!({ "body": "Hello", "client_key": format!("sweep{n}") }),
        ("PATCH", "/api/v1/rooms/{room}/messages/{message}") => json!({ "body": format!("Edited {n}") }),
        ("POST", "/api/v1/rooms/{room}/read") => json!({ "seq": 0, "unread": true }),
        ("POST", "/api/v1/sign-up") => json!({ "username": format!("new{n}"), "password": "walnut harbour lantern" }),
        ("POST", "/api/v1/sign-in") => json!({ "username": "nobody", "password": "walnut harbour lantern" }),
        ("POST", "/api/v1/password-resets") => json!({ "username_or_email": "nobody" }),
        ("POST", "/api/v1/password-resets/{code}") => json!({ "password": "walnut harbour lantern" }),
        ("PATCH", "/api/v1/me") => json!({ "pronouns": format!("they {n}") }),
        ("PUT", "/api/v1/me/status") => json!({ "emoji": "🌊", "text": "At sea", "until": null }),
        ("POST", "/api/v1/admin/backups/{backup}/key" | "/api/v1/admin/jobs/{job}/replay")
        | ("DELETE", "/api/v1/admin/backups/{backup}" | "/api/v1/admin/jobs/{job}") => json!({ "password": PASSWORD }),
        ("POST", "/api/v1/admin/automod" | "/api/v1/admin/automod/dry-run") | ("PUT", "/api/v1/admin/automod/{rule}") => rule(n),
        ("DELETE", "/api/v1/me") => json!({ "password": "walnut harbour lantern" }),
        ("POST", "/api/v1/me/password") => json!({ "current": "walnut harbour lantern", "new": "another harbour lantern" }),
        ("POST", "/api/v1/me/tokens") => json!({ "name": format!("Token {n}"), "scopes": ["read"] }),
        ("PUT", "/api/v1/admin/members/{member}/roles") => json!({ "roles": [] }),
        ("POST", "/api/v1/admin/members/{member}/mute") => json!({ "until": later }),
        ("POST", "/api/v1/admin/roles") => json!({ "name": format!("Made {n}"), "permissions": [] }),
        ("PATCH", "/api/v1/admin/roles/{role}") => json!({ "name": format!("Renamed {n}") }),
        ("POST", "/api/v1/admin/plans") => json!({ "name": format!("Made {n}") }),
        ("PATCH", "/api/v1/admin/plans/{plan}") => json!({ "description": format!("Description {n}") }),
        ("POST", "/api/v1/admin/members/{member}/grants") => json!({ "plan": plan }),
        ("POST", "/api/v1/me/gifts/redeem") => json!({ "code": format!("nobody's {n}") }),
        ("POST", "/api/v1/me/promotions/check") => json!({ "code": format!("NOBODY{n}"), "price": "77" }),
        ("POST", "/api/v1/admin/promotions") => json!({ "code": format!("MADE{n}"), "percent": 10 }),
        ("POST", "/api/v1/admin/gifts") => json!({ "plan": plan, "months": 1 }),
        ("POST", "/api/v1/me/orders") => json!({ "plan": plan, "client_key": format!("sweep{n}") }),
        ("POST", "/api/v1/checkout") => json!({ "price": "77", "provider": "test" }),
        ("POST", "/api/v1/me/subscriptions/{subscription}/change" | "/api/v1/me/subscriptions/{subscription}/change/preview") => {
            json!({ "price": dearer })
        }
        ("POST", "/api/v1/pay/test/{code}") => json!({ "act": "pay" }),
        ("POST", "/api/v1/pay/test/card/{code}") => json!({ "works": true }),
        ("POST", "/api/v1/admin/plans/{plan}/prices") => json!({ "amount": n, "currency": "EUR", "every": "month" }),
        ("POST", "/api/v1/admin/orders/{order}/payments") => json!({ "amount": 500, "every": "month", "method": "cash" }),
        ("POST", "/api/v1/admin/members/{member}/payments") => json!({ "plan": plan, "amount": 500, "every": "month", "method": "bank" }),
        ("PUT", "/api/v1/admin/stripe") => json!({ "key": "no key" }),
        ("POST", "/api/v1/admin/orders/{order}/set-aside" | "/api/v1/admin/members/{member}/allow-card") => json!({ "note": "Looked at" }),
        ("POST", "/api/v1/admin/payments/{payment}/reverse") => json!({ "note": "A mistake" }),
        ("POST", "/api/v1/admin/payments/{payment}/refund") => json!({ "note": "A present" }),
        ("PATCH", "/api/v1/admin/grants/{grant}") => json!({ "ends_at": later }),
        ("PATCH", "/api/v1/admin/settings") => json!({ "community_sentence": format!("Sentence {n}") }),
        ("POST", "/api/v1/admin/calls/{call}/mute") => json!({ "member": "1", "source": "mic" }),
        ("POST", "/api/v1/calls/echo") => json!({ "sdp": "nonsense" }),
        ("POST", "/api/v1/calls/probe") => json!({ "ticket": "nonsense", "sdp": "nonsense" }),
        ("POST", "/api/v1/calls/probe/state") => json!({ "ticket": "nonsense" }),
        ("POST", "/api/v1/calls/seen") => json!({ "until": later }),
        ("PATCH", "/api/v1/contacts/{member}") => json!({ "note": format!("Note {n}") }),
        ("PUT", "/api/v1/me/reach") | ("POST", "/api/v1/me/reach/sentences") => json!({ "asks_before_follow": false }),
        ("POST", "/api/v1/requests/{request}/report") => json!({ "reason": "spam" }),
        ("POST", "/api/v1/admin/reports/{report}/close") => json!({ "outcome": "dismissed" }),
        ("POST", "/api/v1/admin/reports/{report}/decide") => json!({ "outcome": "none" }),
        ("POST", "/api/v1/admin/appeals/{sanction}/decide") => json!({ "outcome": "uphold" }),
        ("POST", "/api/v1/me/notices/seen") => json!({ "until": later }),
        ("POST", "/api/v1/me/sanctions/{sanction}/appeal" | "/api/v1/appeals/{code}") => json!({ "words": "Look again" }),
        ("POST", "/api/v1/appeals") => json!({ "username": "nobody", "password": "walnut harbour lantern" }),
        ("POST", "/api/v1/admin/settings/undo") => json!({ "change": "77", "name": "community_hue" }),
        ("POST", "/api/v1/admin/members/bulk") => json!({ "members": ["77"], "act": "suspend", "password": PASSWORD }),
        ("POST", "/api/v1/setup") => json!({
            "code": "nonsense", "username": "somebody", "password": "walnut harbour lantern", "community_name": "Harbour", "community_hue": 205,
            "sign_up_mode": "open", "rooms": [{ "kind": "public", "name": "Square", "topic": "" }],
        }),
        ("POST", "/api/v1/setup/check") => json!({ "code": "nonsense", "username": "somebody", "password": "walnut harbour lantern" }),
        _ => json!({}),
    }
}
