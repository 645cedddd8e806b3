//! Invites: what they give, how often, and how long.

use super::*;
use crate::access::{Permission, Permissions};
use crate::ids::InviteId;
use crate::members::model::{Invite, NewInvite, NewRole, Terms};
use crate::members::policy::{BanMember, EndInvite, MakeInvites, MakeRoles};

async fn invite(town: &Town, by: MemberId, new: NewInvite) -> Result<Invite> {
    let keys = town.ground.keys.clone();
    town.act::<MakeInvites, _>(by, (), move |tx, may, actor, _| actions::make_invite(tx, may, actor, &keys, "https://harbour.example", new))
        .await
}

async fn join(town: &Town, name: &'static str, mode: SignUpMode, invite: Option<InviteId>) -> Result<(MemberId, MemberState)> {
    let members = town.members.clone();
    town.write(move |tx| actions::join(tx, &members, mode, invite, named(name))).await
}

#[tokio::test]
async fn an_invite_gives_its_role_and_skips_the_queue() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let role = town.role(RoleKind::Moderator).await;
    let made =
        invite(&town, owner, NewInvite { role: Some(role), note: Some("crew".to_owned()), ..NewInvite::default() }).await.expect("invite");
    assert_eq!(made.url, format!("https://harbour.example/invite/{}", made.code));
    assert_eq!(town.ground.keys.id_of_code("invite", &made.code), Some(made.id.0));
    let (member, state) = join(&town, "marta", SignUpMode::Approval, Some(made.id)).await.expect("in");
    assert_eq!(state, MemberState::Active);
    let profile = town.read(move |conn| actions::profiles(conn, &[member], START)).await.remove(0);
    assert!(profile.roles.contains(&role));
    assert!(town.told().contains(&Notice::MemberJoined { member }));
    assert!(town.acts().await.contains(&"invites.make".to_owned()));
    assert_eq!(code(join(&town, "idris", SignUpMode::Closed, Some(made.id)).await), "members.sign_up_closed");
}

#[tokio::test]
async fn the_last_place_is_given_once_and_a_refused_sign_up_takes_none() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let made = invite(&town, owner, NewInvite { max_uses: Some(1), ..NewInvite::default() }).await.expect("invite");
    assert_eq!(code(join(&town, "owner", SignUpMode::Invite, Some(made.id)).await), "members.username_taken");
    let (one, two) =
        tokio::join!(join(&town, "marta", SignUpMode::Invite, Some(made.id)), join(&town, "idris", SignUpMode::Invite, Some(made.id)));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    assert_eq!(code(one.and(two)), "members.invite_over");
}

#[tokio::test]
async fn an_invite_ends_by_time_by_hand_and_with_its_maker() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let moderator = town.member("mo", &[RoleKind::Moderator]).await;
    let timed = invite(&town, owner, NewInvite { expires_at: Some(START + 10), ..NewInvite::default() }).await.expect("invite");
    let by_hand = invite(&town, owner, NewInvite::default()).await.expect("invite");
    let of_maker = invite(&town, moderator, NewInvite::default()).await.expect("invite");
    let keys = town.ground.keys.clone();
    let shown = of_maker.code.clone();
    assert_eq!(town.read(move |conn| actions::invite_of_code(conn, &keys, &shown, START)).await.id, moderator);
    town.pass(10);
    assert_eq!(code(join(&town, "marta", SignUpMode::Open, Some(timed.id)).await), "members.invite_over");
    town.act::<EndInvite, _>(owner, by_hand.id, |tx, may, actor, _| actions::end_invite(tx, may, actor)).await.expect("ended");
    assert_eq!(code(join(&town, "marta", SignUpMode::Open, Some(by_hand.id)).await), "members.invite_over");
    town.act::<BanMember, _>(owner, moderator, |tx, may, actor, members| actions::ban(tx, may, actor, members, &Terms::default()))
        .await
        .expect("banned");
    assert_eq!(code(join(&town, "marta", SignUpMode::Open, Some(of_maker.id)).await), "members.invite_over");
    let keys = town.ground.keys.clone();
    let over = town.ground.db.read(move |conn| actions::invite_of_code(conn, &keys, &of_maker.code, START).map(|_| ())).await;
    assert_eq!(code(over), "members.invite_over");
}

#[tokio::test]
async fn nobody_invites_to_more_than_they_have() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let moderator = town.member("mo", &[RoleKind::Moderator]).await;
    let plain = town.member("plain", &[]).await;
    let wish = |role| NewInvite { role: Some(role), ..NewInvite::default() };
    assert_eq!(code(invite(&town, plain, NewInvite::default()).await), "access.not_allowed");
    for kind in [RoleKind::Owner, RoleKind::Administrator] {
        assert_eq!(problems(invite(&town, owner, wish(town.role(kind).await)).await), [("role", "members.invite_role")]);
    }
    let permissions = Permissions::NONE.with(Permission::RoomsManage);
    let rooms = NewRole { name: "Rooms".to_owned(), permissions, place: None };
    let role =
        town.act::<MakeRoles, _>(owner, (), move |tx, may, actor, _| actions::make_role(tx, may, actor, &rooms)).await.expect("role");
    assert_eq!(problems(invite(&town, moderator, wish(role.id)).await), [("role", "members.invite_role")]);
    assert!(invite(&town, moderator, wish(town.role(RoleKind::Moderator).await)).await.is_ok());
    for uses in [0, -1, 100_001] {
        assert_eq!(code(invite(&town, owner, NewInvite { max_uses: Some(uses), ..NewInvite::default() }).await), "members.invite_uses");
    }
    assert_eq!(code(invite(&town, owner, NewInvite { expires_at: Some(START), ..NewInvite::default() }).await), "members.until_past");
}
