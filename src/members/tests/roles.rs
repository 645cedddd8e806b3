//! Roles: unions, limits of giving, and the last owner.

use super::*;
use crate::access::{Permission, Permissions};
use crate::members::model::{NewRole, Role, RoleChange};
use crate::members::policy::{ChangeRole, GiveRoles, Holder, MakeRoles, ManageMember};

async fn give(town: &Town, by: MemberId, whom: MemberId, roles: Vec<RoleId>) -> Result<()> {
    town.act::<GiveRoles, _>(by, Holder(whom), move |tx, may, actor, members| actions::set_roles(tx, may, actor, &members.notices, &roles))
        .await
}

async fn make(town: &Town, by: MemberId, name: &str, permissions: &[Permission]) -> Result<Role> {
    let new = NewRole { name: name.to_owned(), permissions: permissions.iter().copied().collect(), place: None };
    town.act::<MakeRoles, _>(by, (), move |tx, may, actor, _| actions::make_role(tx, may, actor, &new)).await
}

async fn change(town: &Town, by: MemberId, role: RoleId, change: RoleChange) -> Result<Role> {
    town.act::<ChangeRole, _>(by, role, move |tx, may, actor, _| actions::change_role(tx, may, actor, change)).await
}

async fn permissions(town: &Town, member: MemberId) -> Permissions {
    let (_, browser) = town.browser(member).await;
    town.actor(&browser).await.permissions
}

#[tokio::test]
async fn the_built_in_roles_are_made_once_and_owners_have_everything() {
    let town = Town::new().await;
    town.write(actions::ensure_built_in_roles).await.expect("again");
    let names: Vec<_> = town.read(actions::role_names).await.into_iter().map(|role| role.name).collect();
    assert_eq!(names, ["Owner", "Administrator", "Moderator", "Member"]);
    assert!(!town.read(actions::community_has_owner).await);
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    assert!(town.read(actions::community_has_owner).await);
    assert_eq!(permissions(&town, owner).await, Permissions::ALL);
}

#[tokio::test]
async fn permissions_are_the_union_of_roles_and_follow_them_at_once() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let marta = town.member("marta", &[]).await;
    let crew = make(&town, owner, "Crew", &[Permission::Announce]).await.expect("role");
    give(&town, owner, marta, vec![crew.id]).await.expect("given");
    let union = permissions(&town, marta).await;
    assert!(union.has(Permission::Announce) && union.has(Permission::MessageDirect), "the role of every member stays");
    assert_eq!(town.events(marta)[0]["kind"], "rights_changed");
    assert_eq!(town.events(marta)[1]["me"]["roles"][0], crew.id.to_string());
    let wider = RoleChange { permissions: Some([Permission::Announce, Permission::Invite].into_iter().collect()), ..RoleChange::default() };
    assert_eq!(change(&town, owner, crew.id, wider.clone()).await.expect("changed").member_count, 1);
    assert!(permissions(&town, marta).await.has(Permission::Invite));
    let heard = town.events(marta).len();
    change(&town, owner, crew.id, wider).await.expect("the same again");
    assert_eq!(town.events(marta).len(), heard, "nothing changed, nothing is told");
    town.act::<ChangeRole, _>(owner, crew.id, |tx, may, actor, members| actions::delete_role(tx, may, actor, &members.notices))
        .await
        .expect("gone");
    assert!(!permissions(&town, marta).await.has(Permission::Announce));
    assert!(town.told().contains(&Notice::RoleDeleted { role: crew.id }));
    assert_eq!(town.acts().await, ["roles.delete", "roles.change", "members.roles", "roles.make"]);
}

#[tokio::test]
async fn nobody_gives_or_takes_what_they_do_not_have() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let administrator = town.member("ada", &[RoleKind::Administrator]).await;
    let keeper = town.member("kim", &[]).await;
    let marta = town.member("marta", &[]).await;
    let role = make(&town, owner, "Keeper", &[Permission::MembersManage, Permission::RolesManage]).await.expect("role");
    give(&town, owner, keeper, vec![role.id]).await.expect("given");
    let owners = town.role(RoleKind::Owner).await;
    let moderators = town.role(RoleKind::Moderator).await;
    assert_eq!(code(give(&town, administrator, marta, vec![owners]).await), "members.above_you");
    assert_eq!(code(give(&town, keeper, marta, vec![moderators]).await), "members.above_you");
    assert_eq!(code(give(&town, keeper, keeper, vec![role.id, moderators]).await), "members.above_you");
    assert_eq!(code(give(&town, administrator, owner, vec![]).await), "members.above_you");
    assert_eq!(code(give(&town, marta, marta, vec![role.id]).await), "access.not_allowed");
    assert_eq!(code(give(&town, owner, marta, vec![RoleId(5)]).await), "members.role_unknown");
    assert_eq!(code(make(&town, keeper, "More", &[Permission::Ban]).await), "members.above_you");
    assert_eq!(
        code(change(&town, keeper, moderators, RoleChange { name: Some("x".to_owned()), ..RoleChange::default() }).await),
        "members.above_you"
    );
    let more = RoleChange { permissions: Some(Permissions::NONE.with(Permission::Ban)), ..RoleChange::default() };
    assert_eq!(code(change(&town, keeper, role.id, more).await), "members.above_you");
    give(&town, administrator, marta, vec![moderators]).await.expect("an administrator makes a moderator");
    assert!(permissions(&town, marta).await.has(Permission::Moderate));
}

#[tokio::test]
async fn the_last_owner_stays() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    assert_eq!(code(give(&town, owner, owner, vec![]).await), "members.last_owner");
    let (_, browser) = town.browser(owner).await;
    assert_eq!(code(actions::delete_account(&town.ground, &browser, &town.members, "").await), "members.last_owner");
    let second = town.member("second", &[RoleKind::Owner]).await;
    let bury =
        |by, whom| town.act::<ManageMember, _>(by, whom, |tx, may, actor, members| actions::delete_member(tx, may, actor, members, "left"));
    bury(second, owner).await.expect("one of two may go");
    assert_eq!(code(give(&town, second, second, vec![]).await), "members.last_owner");
    let third = town.member("third", &[RoleKind::Owner]).await;
    let (one, two) = tokio::join!(give(&town, second, second, vec![]), give(&town, third, third, vec![]));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1, "two cannot go at once");
}

#[tokio::test]
async fn built_in_roles_stay_and_names_are_unique() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let owners = town.role(RoleKind::Owner).await;
    let less = RoleChange { permissions: Some(Permissions::NONE), ..RoleChange::default() };
    assert_eq!(code(change(&town, owner, owners, less).await), "members.owner_role_fixed");
    for kind in RoleKind::BUILT_IN {
        let role = town.role(kind).await;
        let deleted =
            town.act::<ChangeRole, _>(owner, role, |tx, may, actor, members| actions::delete_role(tx, may, actor, &members.notices)).await;
        assert_eq!(code(deleted), "members.role_built_in", "{kind:?}");
    }
    assert_eq!(problems(make(&town, owner, " Owner ", &[]).await), [("name", "members.role_name_taken")]);
    assert_eq!(code(make(&town, owner, "  ", &[]).await), "members.role_name_shape");
    assert_eq!(code(make(&town, owner, &"x".repeat(41), &[]).await), "members.role_name_shape");
    let renamed = RoleChange { name: Some("Captain".to_owned()), ..RoleChange::default() };
    assert_eq!(change(&town, owner, owners, renamed).await.expect("renamed").name, "Captain");
}

#[tokio::test]
async fn nobody_cuts_their_own_right_to_manage() {
    let town = Town::new().await;
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let ada = town.member("ada", &[RoleKind::Administrator]).await;
    let administrators = town.role(RoleKind::Administrator).await;
    assert_eq!(code(give(&town, ada, ada, vec![]).await), "members.locks_you_out");
    let all = permissions(&town, ada).await;
    for lost in [Permission::MembersManage, Permission::RolesManage] {
        let less = RoleChange { permissions: Some(all.iter().filter(|one| *one != lost).collect()), ..RoleChange::default() };
        assert_eq!(code(change(&town, ada, administrators, less).await), "members.locks_you_out", "{lost:?}");
    }
    let keepers = make(&town, owner, "Keepers", &[Permission::MembersManage, Permission::RolesManage]).await.expect("role").id;
    let kim = town.member("kim", &[]).await;
    give(&town, owner, kim, vec![keepers]).await.expect("given");
    let delete =
        |by, role| town.act::<ChangeRole, _>(by, role, |tx, may, actor, members| actions::delete_role(tx, may, actor, &members.notices));
    assert_eq!(code(delete(kim, keepers).await), "members.locks_you_out");
    assert!(permissions(&town, kim).await.has(Permission::RolesManage), "nothing of it was stored");

    give(&town, owner, ada, vec![administrators, keepers]).await.expect("given");
    give(&town, ada, ada, vec![keepers]).await.expect("one of two roles that give it may go");
    let less = RoleChange { permissions: Some(all.iter().filter(|one| *one != Permission::AuditRead).collect()), ..RoleChange::default() };
    change(&town, owner, administrators, less).await.expect("an owner may");
    delete(owner, keepers).await.expect("an owner may");
    let second = town.member("second", &[RoleKind::Owner]).await;
    give(&town, second, second, vec![]).await.expect("one of two owners may step down");
}
