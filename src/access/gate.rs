//! Gates: the first argument of every handler, and the only way from there to the database.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;

use super::{Actor, Body, Ground, RateClass, Scope, Target, Visitor, address_key};
use crate::error::{Error, RefusalKind, Result};
use crate::storage::{Answered, Conn, Tx, one_at_a_time, remember_answer, remembered_answer};

/// Proof that an actor may do one kind of thing to one target. Made only in `policy.rs` files; the fields are private there, and what is
/// written takes its target from the proof.
pub trait Permit: Sized + Send + 'static {
    /// What it is about.
    type Target: Target;
    /// What a token must be made for.
    const SCOPE: Scope;

    /// Makes the proof, or says why not. Runs on the connection that then acts.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the actor may not know that it exists, otherwise the refusal.
    fn check(conn: &mut Conn, actor: &Actor, target: Self::Target) -> Result<Self>;

    /// The same inside a command's write, for permits that can be made from what is recalled while nobody has changed it.
    ///
    /// # Errors
    /// As [`Permit::check`].
    fn check_command(tx: &mut Tx<'_>, actor: &Actor, target: Self::Target) -> Result<Self> {
        Self::check(tx, actor, target)
    }
}

/// The first argument of every handler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a gate: the first argument of a handler must be `Allow<SomePermit>` or `Public`",
    label = "who may call this is not said"
)]
pub trait Gate {
    /// The name of the permit, for the table of routes.
    fn permit_name() -> &'static str;
    /// Needs no permit?
    const IS_PUBLIC: bool;
}

/// Lets those through for whom the permit `P` can be made.
#[derive(Debug)]
pub struct Allow<P: Permit> {
    ground: Data<Ground>,
    visitor: Visitor,
    target: P::Target,
}

impl<P: Permit> Gate for Allow<P> {
    fn permit_name() -> &'static str {
        std::any::type_name::<P>().rsplit("::").next().unwrap_or("?")
    }
    const IS_PUBLIC: bool = false;
}

impl<P: Permit> FromRequest for Allow<P> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ground::of(request).and_then(|ground| {
            let visitor = Visitor::of(request)?;
            Ok(Self { ground, visitor, target: P::Target::from_path(request)? })
        }))
    }
}

impl<P: Permit> Allow<P> {
    /// What everything here stands on.
    #[must_use]
    pub fn ground(&self) -> &Data<Ground> {
        &self.ground
    }

    /// Who knocks.
    #[must_use]
    pub const fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// What the request is about; nothing has been checked yet.
    pub const fn target(&self) -> P::Target
    where
        P::Target: Copy,
    {
        self.target
    }

    /// Checks, then reads on the same connection, in one snapshot.
    ///
    /// # Errors
    /// The refusal, or what `f` returns.
    pub async fn read<T: Send + 'static>(self, f: impl FnOnce(&mut Conn, &P, &Actor) -> Result<T> + Send + 'static) -> Result<T> {
        let Self { ground, visitor, target } = self;
        let ground = ground.into_inner();
        let db = ground.db.clone();
        db.read(move |conn| {
            let (actor, permit) = admit::<P>(conn, &ground, &visitor, target)?;
            f(conn, &permit, &actor)
        })
        .await
    }

    /// Checks inside the transaction, then writes.
    ///
    /// # Errors
    /// The refusal, or what `f` returns; nothing is stored then.
    pub async fn write<T: Send + 'static>(self, f: impl FnOnce(&mut Tx<'_>, &P, &Actor) -> Result<T> + Send + 'static) -> Result<T> {
        let Self { ground, visitor, target } = self;
        let ground = ground.into_inner();
        let db = ground.db.clone();
        db.write(move |tx| {
            target.take_turn(tx)?;
            let (actor, permit) = admit::<P>(tx, &ground, &visitor, target)?;
            f(tx, &permit, &actor)
        })
        .await
    }

    /// Like [`Allow::write`], for a POST that makes something: answers with the JSON of what `f` returns and 201, and under an
    /// `Idempotency-Key` gives the first answer again.
    ///
    /// # Errors
    /// As [`Allow::write`]; 409 `error.idempotency_key` when the key was used for another request.
    pub async fn create<B, T>(
        self,
        body: Body<B>,
        f: impl FnOnce(&mut Tx<'_>, &P, &Actor, B) -> Result<T> + Send + 'static,
    ) -> Result<HttpResponse>
    where
        B: Send + 'static,
        T: Serialize,
    {
        let answer = self.once(body, f).await?;
        let status = u16::try_from(answer.status).ok().and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::CREATED);
        Ok(HttpResponse::build(status).content_type("application/json").body(answer.answer))
    }

    /// Like [`Allow::create`], for what goes on after the transaction: the answer that is kept, for the route to go on with, which does it
    /// again when the request comes again.
    ///
    /// # Errors
    /// As [`Allow::create`].
    pub async fn once<B, T>(
        self,
        body: Body<B>,
        f: impl FnOnce(&mut Tx<'_>, &P, &Actor, B) -> Result<T> + Send + 'static,
    ) -> Result<Answered>
    where
        B: Send + 'static,
        T: Serialize,
    {
        let key = self.visitor.idempotency_key.clone();
        let route = self.visitor.route.clone();
        let Body { value, hash } = body;
        self.write(move |tx, permit, actor| {
            let kept = key.zip(actor.member);
            if let Some((key, member)) = &kept {
                // Of two at once one is first, and the other gets its answer.
                one_at_a_time(tx, &format!("answer {member} {key}"))?;
            }
            if let Some((key, member)) = &kept
                && let Some(before) = remembered_answer(tx, *member, key)?
            {
                return if before.route == route && before.body_hash == hash {
                    Ok(before)
                } else {
                    Err(Error::refused(RefusalKind::Conflict, "error.idempotency_key"))
                };
            }
            let made = f(tx, permit, actor, value)?;
            let answer = Answered { route, body_hash: hash, status: 201, answer: serde_json::to_string(&made)? };
            if let Some((key, member)) = kept {
                let now = tx.now();
                remember_answer(tx, member, &key, &answer, now)?;
            }
            Ok(answer)
        })
        .await
    }
}

fn admit<P: Permit>(conn: &mut Conn, ground: &Ground, visitor: &Visitor, target: P::Target) -> Result<(Actor, P)> {
    let actor = ground.authenticator.actor(conn, visitor, ground.clock.now())?;
    let who = actor.member.map_or_else(|| address_key(visitor.address), |member| u128::from(member.0.unsigned_abs()));
    ground.rates.count(RateClass::Request, who)?;
    actor.check_scope(P::SCOPE)?;
    let permit = P::check(conn, &actor, target)?;
    Ok((actor, permit))
}

/// Lets everyone through, on purpose. What it reads and writes must be meant for everyone.
#[derive(Debug)]
pub struct Public {
    ground: Data<Ground>,
    visitor: Visitor,
}

impl Gate for Public {
    fn permit_name() -> &'static str {
        "Public"
    }
    const IS_PUBLIC: bool = true;
}

impl FromRequest for Public {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ground::of(request).and_then(|ground| Ok(Self { ground, visitor: Visitor::of(request)? })))
    }
}

impl Public {
    /// What everything here stands on.
    #[must_use]
    pub fn ground(&self) -> &Data<Ground> {
        &self.ground
    }

    /// Who knocks.
    #[must_use]
    pub const fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// Reads in one snapshot; the actor may be a stranger.
    ///
    /// # Errors
    /// What `f` returns.
    pub async fn read<T: Send + 'static>(self, f: impl FnOnce(&mut Conn, &Actor) -> Result<T> + Send + 'static) -> Result<T> {
        let Self { ground, visitor } = self;
        let ground = ground.into_inner();
        let db = ground.db.clone();
        db.read(move |conn| {
            let actor = ground.authenticator.actor(conn, &visitor, ground.clock.now())?;
            f(conn, &actor)
        })
        .await
    }

    /// Writes; the actor may be a stranger.
    ///
    /// # Errors
    /// What `f` returns; nothing is stored then.
    pub async fn write<T: Send + 'static>(self, f: impl FnOnce(&mut Tx<'_>, &Actor) -> Result<T> + Send + 'static) -> Result<T> {
        let Self { ground, visitor } = self;
        let ground = ground.into_inner();
        let db = ground.db.clone();
        db.write(move |tx| {
            let now = ground.clock.now();
            let actor = ground.authenticator.actor(tx, &visitor, now)?;
            f(tx, &actor)
        })
        .await
    }
}
