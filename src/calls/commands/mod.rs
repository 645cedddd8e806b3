//! What clients may say about calls over the live connection. What begins, ends or moderates is asked in the database; what is said inside
//! a call rests on the place in it that this very connection holds, and which is taken away the moment it must be.

mod wishes;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

use self::wishes::{Add, Hand, Ice, Join, Lock, Mute, Nothing, OfCall, OfMember, OfRole, OfSource, Offer, Start, Stats, SyncFrom, View};
use super::actions::{self, Gate, Hosting, Starting, Still};
use super::board::{Board, Entrance, Joining, Outgoing, Standing, Voice};
use super::exchange::Calls;
use super::model::{Cause, Parting};
use super::policy::{HostCall, InCall, StartCall, TakePart, Whom};
use super::sfu;
use crate::access::{Actor, Ground, Permit, RateClass, Target, Token};
use crate::billing::Billing;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::{CallId, StayId};
use crate::live::{Ack, Caller};
use crate::storage::{Conn, Tx};

/// Every command of calls with the name of its permit: the sweep walks this table.
pub const COMMANDS: &[(&str, &str)] = &[
    ("call.start", "StartCall"),
    ("call.add", "HostCall"),
    ("call.accept", "TakePart"),
    ("call.decline", "TakePart"),
    ("call.cancel", "TakePart"),
    ("call.join", "TakePart"),
    ("call.leave", "TakePart"),
    ("call.view", "InCall"),
    ("call.mute", "InCall"),
    ("call.hand", "InCall"),
    ("call.mod.mute", "HostCall"),
    ("call.mod.allow", "HostCall"),
    ("call.mod.remove", "HostCall"),
    ("call.mod.lock", "HostCall"),
    ("call.mod.role", "HostCall"),
    ("call.mod.lower", "HostCall"),
    ("call.mod.end", "HostCall"),
    ("call.stats", "InCall"),
    ("call.sync", "InCall"),
    ("pc.offer", "InCall"),
    ("pc.ice", "InCall"),
];

/// The one command whose frame may be long.
pub const LONG: &str = "pc.offer";

/// Most sending sections that an offer names.
const TRACKS: usize = 16;
/// Most characters of a section's name.
const MID: usize = 32;

type Answer = BoxFuture<'static, Result<Option<Ack>>>;

/// What every command needs.
struct Desk<'a> {
    ground: &'a Arc<Ground>,
    billing: &'a Billing,
    calls: &'a Calls,
    caller: Caller,
    frame: &'a str,
}

/// Runs the command of this name; `None` when there is none.
pub fn run(ground: &Arc<Ground>, billing: &Billing, calls: &Calls, caller: Caller, name: &str, frame: &str) -> Option<Answer> {
    let desk = Desk { ground, billing, calls, caller, frame };
    Some(match name {
        "call.start" => desk.start(),
        "call.add" => desk.add(),
        "call.accept" => desk.accept(),
        "call.decline" => desk.take_part(|board, may, _, now, out| board.decline(may.call(), may.member(), now, out)),
        "call.cancel" => desk.take_part(|board, may, _, now, out| board.cancel(may.call(), may.member(), now, out)),
        "call.leave" => desk.take_part(|board, may, _, now, out| board.leave(may.call(), may.member(), now, out)),
        "call.join" => desk.join(),
        "call.view" => desk.inside(|wish: View, board, may, out| {
            wish.check()?;
            board.view(may.call(), may.voice(), &wish.wish(), out).map(|()| false)
        }),
        "call.mute" => {
            desk.inside(|wish: Mute, board, may, out| board.mute(may.call(), may.voice(), wish.source, wish.muted, out).map(|()| true))
        }
        "call.hand" => desk.inside(|wish: Hand, board, may, _| board.raise_hand(may.call(), may.voice(), wish.raised).map(|()| true)),
        "call.stats" => desk.inside(|_: Stats, _, _, _| Ok(false)),
        "call.sync" => desk.sync(),
        "pc.ice" => desk.inside(|_: Ice, _, _, _| Ok(false)),
        "pc.offer" => desk.offer(),
        "call.mod.mute" => desk.host(|wish: OfSource| Hosting::Hold { member: wish.member, source: wish.source, held: true }),
        "call.mod.allow" => desk.host(|wish: OfSource| Hosting::Hold { member: wish.member, source: wish.source, held: false }),
        "call.mod.remove" => desk.host(|wish: OfMember| Hosting::Remove { member: wish.member }),
        "call.mod.lock" => desk.host(|wish: Lock| Hosting::Lock { locked: wish.locked }),
        "call.mod.role" => desk.host(|wish: OfRole| Hosting::Role { member: wish.member, role: wish.role }),
        "call.mod.lower" => desk.host(|wish: OfMember| Hosting::Lower { member: wish.member }),
        "call.mod.end" => desk.host(|_: Nothing| Hosting::End),
        _ => return None,
    })
}

fn refuse(error: Error) -> Answer {
    std::future::ready(Err(error)).boxed()
}

fn standing(may: &TakePart) -> Standing {
    Standing { is_of_room: may.room().is_some(), leads_room: may.room().is_some_and(|room| room.leads) }
}

fn parse<T: DeserializeOwned>(frame: &str) -> Result<T> {
    serde_json::from_str(frame).map_err(|_| Error::invalid("", "live.fields"))
}

/// Asks once more whether a call that rings for somebody may be, when they answer: its starter's plan may have ended meanwhile. A call that
/// somebody has answered goes on whatever becomes of that plan.
fn may_still_be(conn: &mut Conn, may: &TakePart, calls: &Calls, gate: &Gate, now: Millis) -> Result<Still> {
    let rings = calls.look(|board| board.call(may.call()).is_some_and(|live| live.rings_unanswered(may.member())));
    let still = if rings { actions::still_may(conn, may.call(), may.member(), gate, now)? } else { Still::AsBegun };
    if still == Still::Not {
        calls.with(|board, now, out| board.end(may.call(), Cause::Cancelled, now, out))?;
        return Err(super::board::over());
    }
    Ok(still)
}

fn done(is_answered: bool) -> Option<Ack> {
    is_answered.then(Ack::default)
}

/// Something that writes, under a permit that is asked inside the write.
fn write<P: Permit>(
    ground: &Arc<Ground>,
    caller: Caller,
    target: P::Target,
    then: impl FnOnce(&mut Tx<'_>, &P) -> Result<Ack> + Send + 'static,
) -> Answer {
    let inner = Arc::clone(ground);
    let written = ground.db.write_command(caller.session.0.unsigned_abs(), caller.shard, move |tx| {
        target.take_turn(tx)?;
        let actor = inner.authenticator.actor_of_command(tx, caller.session, caller.address)?;
        actor.check_scope(P::SCOPE)?;
        let may = P::check(tx, &actor, target)?;
        then(tx, &may).map(Some)
    });
    written.boxed()
}

/// Once what happened before is kept: what a room's last call became, what somebody is who has just come in.
fn once_settled(calls: &Calls, begin: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    match calls.unsettled() {
        Some(wait) => async move {
            wait.await;
            begin().await
        }
        .boxed(),
        None => begin(),
    }
}

/// Something that a member to whom the call belongs does; the permit is asked on a connection that cannot write.
fn part<T, F>(ground: &Arc<Ground>, caller: Caller, call: CallId, then: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
where
    T: Send + 'static,
    F: FnOnce(&mut Conn, TakePart, &Actor) -> Result<T> + Send + 'static,
{
    let inner = Arc::clone(ground);
    ground.db.read(move |conn| {
        let actor = inner.authenticator.actor_of_session(conn, caller.session, caller.address, inner.clock.now())?;
        actor.check_scope(TakePart::SCOPE)?;
        let may = TakePart::check(conn, &actor, call)?;
        may.must_go_on()?;
        then(conn, may, &actor)
    })
}

impl Desk<'_> {
    const fn voice(&self) -> Voice {
        Voice { member: self.caller.member, connection: self.caller.connection }
    }

    fn counted(&self, class: RateClass) -> Result<()> {
        self.ground.rates.count(class, u128::from(self.caller.member.0.unsigned_abs()))
    }

    fn start(self) -> Answer {
        let wish = match parse::<Start>(self.frame) {
            Ok(wish) => wish,
            Err(error) => return refuse(error),
        };
        let whom = match (wish.to, wish.room) {
            (Some(member), None) => Whom::Member(member),
            (None, Some(room)) => Whom::Room(room),
            _ => return refuse(Error::invalid("to", "live.fields")),
        };
        let starting = Starting { video: wish.video, key: wish.key, ring: wish.ring, connection: self.caller.connection };
        let starting = match starting.checked() {
            Ok(starting) => starting,
            Err(error) => return refuse(error),
        };
        let gate = Gate::of(self.ground, self.billing, self.calls);
        let (ground, caller) = (Arc::clone(self.ground), self.caller);
        let begin = move || {
            write::<StartCall>(&ground, caller, whom, move |tx, may| {
                let (id, at) = actions::start(tx, may, &starting, &gate)?;
                Ok(Ack { id: Some(id.to_string()), at: Some(at), ..Ack::default() })
            })
        };
        once_settled(self.calls, begin)
    }

    fn add(self) -> Answer {
        match parse::<Add>(self.frame) {
            Ok(wish) => {
                let gate = Gate::of(self.ground, self.billing, self.calls);
                let (ground, caller) = (Arc::clone(self.ground), self.caller);
                once_settled(self.calls, move || {
                    write::<HostCall>(&ground, caller, wish.call, move |tx, may| {
                        actions::add(tx, may, &wish.members, &gate).map(|()| Ack::default())
                    })
                })
            }
            Err(error) => refuse(error),
        }
    }

    fn host<W: DeserializeOwned + Send + 'static>(self, wish: impl FnOnce(W) -> Hosting + Send + 'static) -> Answer {
        let parsed = parse::<OfCall>(self.frame).and_then(|of| Ok((of.call, parse::<W>(self.frame)?)));
        match parsed {
            Ok((call, fields)) => {
                let (calls, hosting) = (self.calls.clone(), wish(fields));
                let (ground, caller) = (Arc::clone(self.ground), self.caller);
                once_settled(self.calls, move || {
                    write::<HostCall>(&ground, caller, call, move |tx, may| {
                        actions::host(tx, may, hosting, &calls).map(|()| Ack::default())
                    })
                })
            }
            Err(error) => refuse(error),
        }
    }

    fn part<T, F>(&self, call: CallId, then: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn, TakePart, &Actor) -> Result<T> + Send + 'static,
    {
        part(self.ground, self.caller, call, then)
    }

    fn take_part(self, does: fn(&mut Board, &TakePart, Voice, Millis, &mut Vec<Outgoing>) -> Result<()>) -> Answer {
        match parse::<OfCall>(self.frame) {
            Ok(of) => {
                let (calls, voice) = (self.calls.clone(), self.voice());
                let asked = self.part(of.call, move |_, may, _| calls.with(|board, now, out| does(board, &may, voice, now, out)));
                async move { asked.await.map(|()| done(true)) }.boxed()
            }
            Err(error) => refuse(error),
        }
    }

    /// Says yes; whether the call may still be is asked once more.
    fn accept(self) -> Answer {
        let of = match parse::<OfCall>(self.frame) {
            Ok(of) => of,
            Err(error) => return refuse(error),
        };
        let (calls, voice) = (self.calls.clone(), self.voice());
        let gate = Gate::of(self.ground, self.billing, self.calls);
        let asked = self.part(of.call, move |conn, may, actor| {
            let still = may_still_be(conn, &may, &calls, &gate, actor.now)?;
            calls.with(|board, now, out| {
                board.accept(may.call(), voice, now, out)?;
                if still == Still::Voices {
                    board.keep_to_voices(may.call(), out);
                }
                Ok(())
            })
        });
        async move { asked.await.map(|()| done(true)) }.boxed()
    }

    fn join(self) -> Answer {
        let wish = match parse::<Join>(self.frame) {
            Ok(wish) => wish,
            Err(error) => return refuse(error),
        };
        let token = match self.counted(RateClass::CallJoin).and_then(|()| Token::random()) {
            Ok(token) => token,
            Err(error) => return refuse(error),
        };
        let gate = Gate::of(self.ground, self.billing, self.calls);
        let id: StayId = self.ground.ids.next();
        let entrance = Entrance { id, session: self.caller.session, connection: self.caller.connection, token: token.hash() };
        let (calls, voice, call) = (self.calls.clone(), self.voice(), wish.call);
        let asked = self.part(call, move |conn, may, actor| {
            // Who comes in while it rings has accepted.
            may_still_be(conn, &may, &calls, &gate, actor.now)?;
            // Whoever is in it or on the way comes back also where there is no time for newcomers.
            if !calls.look(|board| board.call(call).is_some_and(|live| live.takes(may.member()) || live.is_called(may.member()))) {
                calls.must_have_room(call)?;
            }
            let standing = standing(&may);
            let joining = Joining { voice, entrance, token: token.reveal(), standing, resume: wish.resume.as_deref() };
            calls.with(|board, now, out| board.join(may.call(), &joining, now, out))?;
            Ok(standing.is_of_room)
        });
        let (ground, calls, caller) = (Arc::clone(self.ground), self.calls.clone(), self.caller);
        async move {
            let was_of_room = asked.await?;
            // Whoever was banned, signed out or put out of the room while they came in was told of it before they were there. From here on
            // every such word finds them.
            let still = part(&ground, caller, call, |_, may, _| Ok(standing(&may).is_of_room)).await;
            let put_out = match still {
                Ok(is_of_room) if is_of_room || !was_of_room => None,
                Ok(_) => Some((Parting::RoomLeft, Error::NotFound)),
                Err(error) => Some((Parting::SignedOut, error)),
            };
            let Some((why, error)) = put_out else { return Ok(done(true)) };
            calls.with(|board, now, out| board.put_out(call, voice, why, now, out));
            Err(error)
        }
        .boxed()
    }

    /// Something that is said from the place in a call that this connection holds. `Ok(false)` has no answer.
    fn inside<W: DeserializeOwned>(self, does: fn(W, &mut Board, &InCall, &mut Vec<Outgoing>) -> Result<bool>) -> Answer {
        let parsed = parse::<OfCall>(self.frame).and_then(|of| Ok((of.call, parse::<W>(self.frame)?)));
        let said = parsed.and_then(|(call, wish)| {
            self.calls.with(|board, _, out| {
                let may = InCall::check(board, call, self.voice())?;
                does(wish, board, &may, out)
            })
        });
        std::future::ready(said.map(done)).boxed()
    }

    /// What was missed. Should it be too much, everything is said anew, with another token.
    fn sync(self) -> Answer {
        let asked = parse::<OfCall>(self.frame).and_then(|of| Ok((of.call, parse::<SyncFrom>(self.frame)?, Token::random()?)));
        let said = asked.and_then(|(call, from, token)| {
            self.calls.with(|board, _, out| {
                let may = InCall::check(board, call, self.voice())?;
                board.sync(may.call(), may.voice(), from.seq, &token, out)
            })
        });
        std::future::ready(said.map(|()| done(true))).boxed()
    }

    fn offer(self) -> Answer {
        let counted = self.counted(RateClass::CallOffer);
        let parsed = counted.and_then(|()| parse::<OfCall>(self.frame)).and_then(|of| Ok((of.call, parse::<Offer>(self.frame)?)));
        let (call, offer) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return refuse(error),
        };
        // Generations are counted from 1.
        if offer.r#gen == 0 {
            return refuse(Error::conflict("calls.offer_stale"));
        }
        if offer.tracks.len() > TRACKS || offer.tracks.iter().any(|track| track.mid.len() > MID) {
            return refuse(Error::invalid("tracks", "calls.too_many_tracks"));
        }
        let tracks = offer.tracks.into_iter().map(|track| sfu::TrackIntent { mid: track.mid, source: track.source.into() }).collect();
        let calls = self.calls.clone();
        let handed = self.calls.with(|board, _, out| {
            let may = InCall::check(board, call, self.voice())?;
            let who = board.offer(may.call(), may.voice(), (offer.r#gen, offer.sdp, tracks), out)?;
            // It is handed in once this has ended; whoever is refused here waits for nothing.
            Ok(calls.await_answer(who, offer.r#gen))
        });
        match handed {
            Ok(answer) => async move { answer.await.map(|()| done(true)) }.boxed(),
            Err(error) => refuse(error),
        }
    }
}
