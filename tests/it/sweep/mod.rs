//! The sweep: every route and every socket command × every kind of visitor, held against a declared table; what one may not see answers
//! like what does not exist; and what another site caused is refused.

mod audited;
mod canary;
mod cast;
mod commands;
mod foreign;
mod headers;
mod reading;
mod table;

use std::collections::BTreeSet;

use cast::{Cast, NOTHING, Targets, VISITORS};
use table::{Row, TABLE};

use crate::support::{Town, tell};

#[actix_web::test]
async fn every_route_has_a_row_and_every_row_a_route() {
    let town = Town::new().await;
    let routes: BTreeSet<_> = town.routes().await.into_iter().map(|row| (row.path, row.method, row.permit.to_owned())).collect();
    let rows: BTreeSet<_> = TABLE.iter().map(|row| (row.path.to_owned(), row.method.to_owned(), row.permit.to_owned())).collect();
    let unknown: Vec<_> = routes.difference(&rows).collect();
    let gone: Vec<_> = rows.difference(&routes).collect();
    tell("routes", routes.len());
    assert!(unknown.is_empty() && gone.is_empty(), "without a row: {unknown:#?}\nrow without a route: {gone:#?}");
    town.close().await;
}

/// Holds one line of the table against the program; says what differs.
async fn compare(cast: &Cast, row: &Row, room: rialto::ids::RoomId, expected: &str) -> Vec<String> {
    let mut found = Vec::new();
    for visitor in &cast.visitors {
        let targets = cast.targets(row.method, row.path, room, visitor).await;
        found.push(cast.call(visitor, row.method, row.path, &targets).await.0.to_string());
    }
    if found.join(" ") == expected {
        Vec::new()
    } else {
        vec![format!("{} {}\n  declared {expected}\n  found    {}", row.method, row.path, found.join(" "))]
    }
}

fn is_about_a_room(row: &Row) -> bool {
    row.path.contains("{room}")
}

async fn hold(rows: impl Iterator<Item = &'static Row>, in_private: bool) {
    let cast = Cast::gather().await;
    let (mut wrong, mut cells) = (Vec::new(), 0);
    for row in rows {
        cells += VISITORS.len();
        let (room, expected) = if in_private { (cast.private, row.statuses) } else { (cast.open, row.open) };
        assert_eq!(expected.split(' ').count(), VISITORS.len(), "{}", row.path);
        wrong.extend(compare(&cast, row, room, expected).await);
    }
    tell("cells of routes and visitors", cells);
    tell("rows that differ from the declared ones", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    cast.town.close().await;
}

#[actix_web::test]
async fn routes_about_a_private_room_answer_as_declared() {
    hold(TABLE.iter().filter(|row| is_about_a_room(row)), true).await;
}

#[actix_web::test]
async fn routes_about_a_public_room_answer_as_declared() {
    hold(TABLE.iter().filter(|row| is_about_a_room(row)), false).await;
}

#[actix_web::test]
async fn routes_about_no_room_answer_as_declared() {
    hold(TABLE.iter().filter(|row| !is_about_a_room(row)), true).await;
}

#[actix_web::test]
async fn a_private_room_of_others_answers_like_none() {
    let cast = Cast::gather().await;
    let (mut wrong, mut pairs) = (Vec::new(), 0);
    for row in TABLE.iter().filter(|row| is_about_a_room(row)) {
        // Those who keep rooms in order change every room that is no conversation: the dashboard lists them.
        let keeps_rooms = |name: &str| row.permit == "ChangeRoom" && matches!(name, "administrator" | "owner");
        for visitor in cast.visitors.iter().filter(|visitor| !keeps_rooms(visitor.name)) {
            let targets = Targets { member: cast.maker.id.to_string(), ..cast.targets("GET", "", cast.foreign, visitor).await };
            let foreign = cast.call(visitor, row.method, row.path, &cast.elsewhere(&targets, true)).await;
            let nowhere = cast.call(visitor, row.method, row.path, &cast.elsewhere(&targets, false)).await;
            pairs += 1;
            if foreign != nowhere || !matches!(foreign.0, 401 | 403 | 404) || (foreign.0 == 403 && visitor.name != "read_only") {
                wrong.push(format!("{} {} for {}: {foreign:?} but {nowhere:?}", row.method, row.path, visitor.name));
            }
        }
    }
    tell_pairs(pairs, &wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    cast.town.close().await;
}

#[actix_web::test]
async fn a_message_of_another_room_answers_like_none() {
    let cast = Cast::gather().await;
    let (mut wrong, mut pairs) = (Vec::new(), 0);
    for row in TABLE.iter().filter(|row| row.path.contains("{message}")) {
        for visitor in &cast.visitors {
            for room in [cast.private, cast.open] {
                let targets = cast.targets("GET", "", room, visitor).await;
                let foreign =
                    cast.call(visitor, row.method, row.path, &Targets { message: cast.message_elsewhere(true), ..targets.clone() }).await;
                let nowhere =
                    cast.call(visitor, row.method, row.path, &Targets { message: cast.message_elsewhere(false), ..targets }).await;
                pairs += 1;
                if foreign != nowhere || foreign.0 < 400 {
                    wrong.push(format!("{} {} for {}: {foreign:?} but {nowhere:?}", row.method, row.path, visitor.name));
                }
            }
        }
    }
    tell_pairs(pairs, &wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    cast.town.close().await;
}

/// Members, roles and invites are there for those who may act on them; everyone else gets one answer, whether they exist or not. Sessions
/// of others are not there for anybody.
#[actix_web::test]
async fn whoever_may_not_act_on_a_thing_does_not_learn_whether_it_exists() {
    let cast = Cast::gather().await;
    let (mut wrong, mut pairs) = (Vec::new(), 0);
    let names = [
        "{member}",
        "{session}",
        "{role}",
        "{invite}",
        "{letter}",
        "{plan}",
        "{grant}",
        "{gift}",
        "{promotion}",
        "{request}",
        "{report}",
        "{price}",
        "{order}",
        "{payment}",
        "{subscription}",
        "{backup}",
        "{rule}",
        "{sanction}",
        "{job}",
    ];
    for row in TABLE.iter().filter(|row| !is_about_a_room(row) && names.iter().any(|name| row.path.contains(name))) {
        for (visitor, status) in cast.visitors.iter().zip(row.statuses.split(' ')) {
            pairs += 1;
            let is_session = row.path.contains("{session}");
            if status.starts_with('2') && !is_session {
                let nowhere = everything_is_nothing(&cast, visitor).await;
                let (status, _) = cast.call(visitor, row.method, row.path, &nowhere).await;
                if status != 404 {
                    wrong.push(format!("{} {} for {}: {status} for nothing", row.method, row.path, visitor.name));
                }
                continue;
            }
            let there = cast.targets(row.method, row.path, cast.open, visitor).await;
            let there = Targets { session: cast.maker.session.to_string(), ..there };
            let nowhere = everything_is_nothing(&cast, visitor).await;
            let (known, unknown) =
                (cast.call(visitor, row.method, row.path, &there).await, cast.call(visitor, row.method, row.path, &nowhere).await);
            if known != unknown || known.0 < 400 {
                wrong.push(format!("{} {} for {}: {known:?} but {unknown:?}", row.method, row.path, visitor.name));
            }
        }
    }
    tell_pairs(pairs, &wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    cast.town.close().await;
}

fn tell_pairs(pairs: usize, wrong: &[String]) {
    tell("pairs of what is not for them and what is not there", pairs);
    tell("pairs told apart", wrong.len());
}

async fn everything_is_nothing(cast: &Cast, visitor: &cast::Visitor) -> Targets {
    let mut targets = cast.targets("GET", "", cast.open, visitor).await;
    let Targets {
        member,
        session,
        role,
        invite,
        letter,
        plan,
        grant,
        gift,
        promotion,
        request,
        report,
        price,
        order,
        payment,
        subscription,
        backup,
        rule,
        sanction,
        job,
        ..
    } = &mut targets;
    for slot in [
        member,
        session,
        role,
        invite,
        letter,
        plan,
        grant,
        gift,
        promotion,
        request,
        report,
        price,
        order,
        payment,
        subscription,
        backup,
        rule,
        sanction,
        job,
    ] {
        NOTHING.clone_into(slot);
    }
    targets
}
