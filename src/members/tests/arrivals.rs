//! Who comes in for the first time, and how many come from one address.

use super::*;
use crate::members::actions::{Arrival, SignIn, SignUp};
use crate::members::model::Password;
use crate::members::policy::DecideSignUp;

const PASSWORD: &str = "tide over the harbour";

pub(super) fn form(name: &str) -> SignUp {
    SignUp { username: name.to_owned(), password: PASSWORD.to_owned(), display_name: None, email: None, invite: None }
}

pub(super) async fn sign_up(town: &Town, visitor: &Visitor, form: SignUp) -> Result<Arrival> {
    actions::sign_up(&town.ground, visitor, &town.members, form).await
}

pub(super) async fn sign_in(town: &Town, visitor: &Visitor, name: &str) -> Result<Arrival> {
    let form = SignIn { username: name.to_owned(), password: PASSWORD.to_owned() };
    actions::sign_in(&town.ground, visitor, &town.members, form).await
}

/// Is it told that this sign-in is the first?
async fn is_first(town: &Town, visitor: &Visitor, name: &str) -> bool {
    sign_in(town, visitor, name).await.expect("in").answer.first
}

#[tokio::test]
async fn exactly_the_first_arrival_by_browser_is_told_however_the_account_came_to_be() {
    let town = Town::new().await;
    town.mode(SignUpMode::Open);
    let browser = visitor(None);
    assert!(sign_up(&town, &browser, form("direct")).await.expect("in").answer.first);
    assert!(!is_first(&town, &browser, "direct").await, "they were led there when they signed up");

    assert!(!sign_up(&town, &program(), form("by_api")).await.expect("in").answer.first, "a program has no use for it");
    assert!(!is_first(&town, &program(), "by_api").await);
    assert!(is_first(&town, &browser, "by_api").await);
    assert!(!is_first(&town, &browser, "by_api").await);

    town.mode(SignUpMode::Approval);
    let waits = sign_up(&town, &browser, form("approved")).await.expect("waits").answer;
    assert!(!waits.first);
    let ada = town.member("ada", &[RoleKind::Administrator]).await;
    let ground = town.ground.clone();
    town.act::<DecideSignUp, _>(ada, waits.member.id, move |tx, may, actor, members| actions::approve(tx, may, actor, members, &ground))
        .await
        .expect("let in");
    let firsts = tokio::join!(is_first(&town, &browser, "approved"), is_first(&town, &browser, "approved"));
    assert_eq!(usize::from(firsts.0) + usize::from(firsts.1), 1, "also of two at once one is the first");
    assert!(!is_first(&town, &browser, "approved").await);
}

#[tokio::test]
async fn who_was_made_by_the_operator_is_led_to_the_welcome_too() {
    let town = Town::new().await;
    let password = Password::parse(PASSWORD, "made", "password").expect("fits");
    let new = NewMember { password: Some(town.members.hasher.make(password).await.expect("hash")), ..named("made") };
    town.write(move |tx| actions::create_member(tx, &new)).await.expect("member");
    assert!(is_first(&town, &visitor(None), "made").await);
    assert!(!is_first(&town, &visitor(None), "made").await);
}
