//! Sessions: whose they are, how long they last, and what ends them.

use std::sync::Arc;

use super::*;
use crate::access::{Permission, Scope};
use crate::members::model::NewToken;
use crate::members::policy::{ChangeMe, EndMine, SeeMe};

#[tokio::test]
async fn a_session_finds_its_member_and_a_wrong_secret_nobody() {
    let town = Town::new().await;
    let marta = town.member("marta", &[RoleKind::Moderator]).await;
    let (session, browser) = town.browser(marta).await;
    let actor = town.actor(&browser).await;
    assert_eq!((actor.member, actor.session, actor.address), (Some(marta), Some(session), browser.address));
    assert!(actor.permissions.has(Permission::Ban) && actor.permissions.has(Permission::MessageDirect) && actor.scopes.has(Scope::Admin));
    assert_eq!(town.actor(&visitor(Some(Credential::Cookie(hash_token("guess"))))).await.member, None);
    assert_eq!(town.actor(&visitor(None)).await.member, None);
}

#[tokio::test]
async fn a_secret_works_only_the_way_it_was_given_out() {
    let town = Town::new().await;
    let marta = town.member("marta", &[]).await;
    for (kind, by_cookie, by_bearer) in
        [(SessionKind::Browser, true, false), (SessionKind::Bearer, true, true), (SessionKind::Token, false, true)]
    {
        let (_, token) = town.write(move |tx| actions::make_session(tx, marta, kind, Scopes::ALL, "x", None)).await.expect("session");
        assert_eq!(town.actor(&visitor(Some(Credential::Cookie(token.hash())))).await.member.is_some(), by_cookie, "{kind:?}");
        assert_eq!(town.actor(&bearer(token.reveal())).await.member.is_some(), by_bearer, "{kind:?}");
    }
}

#[tokio::test]
async fn an_unused_session_ends_after_fourteen_days_and_a_used_one_after_ninety() {
    let town = Town::new().await;
    let marta = town.member("marta", &[]).await;
    let (_, idle) = town.browser(marta).await;
    let (_, used) = town.browser(marta).await;
    for _ in 0..6 {
        town.pass(14 * DAY - 1);
        assert!(town.actor(&used).await.member.is_some());
        town.members.sessions.flush(&town.ground.db).await.expect("flush");
    }
    assert_eq!(town.actor(&idle).await.member, None);
    town.pass(6 * DAY + 5);
    assert!(town.actor(&used).await.member.is_some(), "one millisecond before ninety days");
    town.pass(1);
    assert_eq!(town.actor(&used).await.member, None);
    town.write(actions::clean_sessions).await.expect("cleaned");
    let left = town.act::<SeeMe, _>(marta, (), |tx, may, actor, _| actions::sessions_of(tx, may, actor)).await.expect("list");
    assert_eq!(left.len(), 1, "only the one that asks");
}

#[tokio::test]
async fn connections_end_at_the_first_sweep_after_their_session_was_not_used_for_fourteen_days() {
    let town = Town::new().await;
    let marta = town.member("marta", &[]).await;
    let ((idle, _), (_, used)) = (town.browser(marta).await, town.browser(marta).await);
    let sweep = || async {
        town.members.sessions.flush(&town.ground.db).await.expect("flush");
        town.write(actions::clean_sessions).await.expect("cleaned");
    };
    town.pass(14 * DAY - 1);
    assert!(town.actor(&used).await.member.is_some());
    sweep().await;
    assert_eq!(town.ended(), [], "a millisecond before");
    town.pass(1);
    sweep().await;
    assert_eq!(town.ended(), [idle]);
    assert!(town.actor(&used).await.member.is_some(), "who used it stays");
}

#[tokio::test]
async fn use_counts_before_it_is_stored_and_survives_a_flush() {
    let town = Town::new().await;
    let marta = town.member("marta", &[]).await;
    let (session, browser) = town.browser(marta).await;
    town.pass(10 * DAY);
    town.actor(&browser).await;
    town.pass(10 * DAY);
    assert!(town.actor(&browser).await.member.is_some(), "kept in memory");
    town.members.sessions.flush(&town.ground.db).await.expect("flush");
    let fresh = Sessions::new();
    let now = town.ground.clock.now();
    let actor = town.read(move |conn| fresh.actor_of_session(conn, session, None, now + 13 * DAY)).await;
    assert_eq!(actor.member, Some(marta), "stored");
}

#[tokio::test]
async fn ending_a_session_closes_its_connections_and_is_only_for_its_member() {
    let town = Town::new().await;
    let (marta, idris) = (town.member("marta", &[]).await, town.member("idris", &[]).await);
    let (session, browser) = town.browser(marta).await;
    let refused = town.act::<EndMine, _>(idris, session, |tx, may, _, _| actions::end_session(tx, may)).await;
    assert_eq!(code(refused), "error.not_found");
    town.act::<EndMine, _>(marta, session, |tx, may, _, _| actions::end_session(tx, may)).await.expect("ended");
    assert_eq!(town.ended(), [session]);
    assert_eq!(town.events(marta), [serde_json::json!({ "kind": "session_ended", "session": session.to_string() })]);
    assert_eq!(town.actor(&browser).await.member, None);
}

#[tokio::test]
async fn ending_the_others_spares_the_one_that_asks_and_tokens() {
    let town = Town::new().await;
    let marta = town.member("marta", &[]).await;
    let (other, _) = town.browser(marta).await;
    let (_, token) =
        town.write(move |tx| actions::make_session(tx, marta, SessionKind::Token, Scopes::ALL, "bot", None)).await.expect("token");
    let ended = town.act::<ChangeMe, _>(marta, (), |tx, may, actor, _| actions::end_other_sessions(tx, may, actor)).await.expect("ended");
    assert_eq!((ended, town.ended()), (1, vec![other]));
    assert!(town.actor(&bearer(token.reveal())).await.member.is_some());
}

#[tokio::test]
async fn a_token_gets_no_more_than_what_makes_it() {
    let town = Town::new().await;
    let marta = town.member("marta", &[]).await;
    let scopes: Scopes = [Scope::Read, Scope::Account].into_iter().collect();
    let (_, weak) = town.write(move |tx| actions::make_session(tx, marta, SessionKind::Token, scopes, "weak", None)).await.expect("token");
    let actor = town.actor(&bearer(weak.reveal())).await;
    let wish = |scopes, expires_at| NewToken { name: "bot".to_owned(), scopes, expires_at };
    let make = |new: NewToken| {
        let actor = actor.clone();
        town.write(move |tx| {
            let may = ChangeMe::check(tx, &actor, ())?;
            actions::make_api_token(tx, &may, &actor, &new).map(|made| made.token)
        })
    };
    assert_eq!(problems(make(wish(Scopes::NONE.with(Scope::Admin), None)).await), [("scopes", "members.token_scopes")]);
    assert_eq!(code(make(wish(Scopes::NONE, None)).await), "members.token_scopes");
    assert_eq!(code(make(wish(scopes, Some(START))).await), "members.until_past");
    let token = make(wish(Scopes::NONE.with(Scope::Read), Some(START + DAY))).await.expect("token");
    let reader = town.actor(&bearer(&token)).await;
    assert_eq!((reader.member, code(reader.check_scope(Scope::Account))), (Some(marta), "access.scope"));
    town.pass(DAY);
    assert_eq!(town.actor(&bearer(&token)).await.member, None, "its time is over");
}

#[tokio::test]
async fn tokens_do_not_end_by_not_being_used() {
    let town = Town::new().await;
    let marta = town.member("marta", &[]).await;
    let (_, token) =
        town.write(move |tx| actions::make_session(tx, marta, SessionKind::Token, Scopes::ALL, "bot", None)).await.expect("token");
    town.pass(400 * DAY);
    town.write(actions::clean_sessions).await.expect("cleaned");
    assert!(town.actor(&bearer(token.reveal())).await.member.is_some());
    let tokens = town.act::<SeeMe, _>(marta, (), |tx, may, actor, _| actions::api_tokens(tx, may, actor.now)).await.expect("list");
    assert_eq!((tokens.len(), tokens[0].expires_at), (1, None));
}

#[tokio::test]
async fn a_member_who_is_not_active_is_a_stranger() {
    let town = Town::new().await;
    let new = NewMember { state: MemberState::Pending, ..named("waits") };
    let waits = town.write(move |tx| actions::create_member(tx, &new)).await.expect("member");
    let (session, browser) = town.browser(waits).await;
    assert_eq!(town.actor(&browser).await.member, None);
    let (sessions, now) = (Arc::clone(&town.members.sessions), START);
    assert_eq!(town.read(move |conn| sessions.actor_of_session(conn, session, None, now)).await.member, None);
}
