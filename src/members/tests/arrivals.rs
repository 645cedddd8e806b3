//! Who comes in for the first time, and how many come from one address.

use super::*;
use crate::members::actions::{Arrival, SignIn, SignUp};
use crate::members::model::{NewInvite, Password};
use crate::members::policy::{DecideSignUp, MakeInvites};

const PASSWORD: &str = "tide over the harbour";

pub(super) fn form(name: &str) -> SignUp {
    SignUp { username: name.to_owned(), password: PASSWORD.to_owned(), display_name: None, email: None, time_zone: None, invite: None }
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

/// A code for any number of people.
async fn invite(town: &Town) -> String {
    let owner = town.member("owner", &[RoleKind::Owner]).await;
    let keys = town.ground.keys.clone();
    let make = town.act::<MakeInvites, _>(owner, (), move |tx, may, actor, _| {
        actions::make_invite(tx, may, actor, &keys, "https://harbour.example", NewInvite::default())
    });
    make.await.expect("invite").code
}

const SLOW: u64 = 3_600_000;

#[tokio::test]
async fn a_form_with_a_slip_does_not_count_against_the_address() {
    let town = Town::with_rates(&[(RateClass::SignUp, Rate { burst: 2, refill_ms: SLOW })]).await;
    town.mode(SignUpMode::Open);
    for _ in 0..10 {
        let slip = SignUp { password: "short".to_owned(), ..form("marta") };
        assert_eq!(code(sign_up(&town, &visitor(None), slip).await), "members.password_short");
    }
    town.mode(SignUpMode::Invite);
    for _ in 0..10 {
        assert_eq!(code(sign_up(&town, &visitor(None), form("marta")).await), "members.invite_needed");
    }
    town.mode(SignUpMode::Open);
    for name in ["marta", "idris"] {
        assert!(sign_up(&town, &visitor(None), form(name)).await.is_ok(), "{name}");
    }
    assert_eq!(code(sign_up(&town, &visitor(None), form("noor")).await), "error.slow_down");
    let elsewhere = Visitor { address: Some([198, 51, 100, 9].into()), ..visitor(None) };
    assert!(sign_up(&town, &elsewhere, form("noor")).await.is_ok());
}

#[tokio::test]
async fn a_village_with_invites_has_a_wider_door_than_strangers() {
    let rates = [(RateClass::SignUp, Rate { burst: 1, refill_ms: SLOW }), (RateClass::SignUpInvited, Rate { burst: 3, refill_ms: SLOW })];
    let town = Town::with_rates(&rates).await;
    let code_of_invite = invite(&town).await;
    town.mode(SignUpMode::Open);
    let invited = |name| SignUp { invite: Some(code_of_invite.clone()), ..form(name) };
    assert!(sign_up(&town, &visitor(None), form("stranger")).await.is_ok());
    assert_eq!(code(sign_up(&town, &visitor(None), form("another")).await), "error.slow_down");
    for name in ["ana", "ben", "cem"] {
        assert!(sign_up(&town, &visitor(None), invited(name)).await.is_ok(), "{name}");
    }
    assert_eq!(code(sign_up(&town, &visitor(None), invited("dee")).await), "error.slow_down");
}

#[tokio::test]
async fn wrong_codes_count_as_guesses_and_keep_out_nobody_who_was_invited() {
    let town = Town::with_rates(&[(RateClass::InviteGuess, Rate { burst: 2, refill_ms: SLOW })]).await;
    let code_of_invite = invite(&town).await;
    let with = |name, code: &str| SignUp { invite: Some(code.to_owned()), ..form(name) };
    for _ in 0..2 {
        assert_eq!(code(sign_up(&town, &visitor(None), with("marta", "guess")).await), "members.invite_over");
    }
    let refused = sign_up(&town, &visitor(None), with("marta", "guess")).await.expect_err("too many");
    assert_eq!((refused.status(), refused.code()), (429, "error.slow_down"));
    assert!(sign_up(&town, &visitor(None), with("marta", &code_of_invite)).await.is_ok());
}
