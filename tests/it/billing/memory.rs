//! What is remembered of where members stand: never what was not committed.

use diesel::RunQueryDsl;
use rialto::billing::{NewGrant, seed};
use rialto::storage::Conn;

use super::first_plan;
use crate::support::{NOON, Town};

#[actix_web::test]
async fn what_a_group_read_whose_commit_fails_is_not_remembered() {
    let town = Town::new().await;
    let (owner, ann) = (town.owner("olave").await, town.member("ann").await);
    let plan = first_plan(&owner).await.parse().expect("a plan");
    let (billing, id) = (town.app().billing.clone(), ann.id);
    let keeper = owner.id;
    let inside = billing.clone();
    let written = town.app().ground.db.write(move |tx| {
        assert!(!inside.standings.of_within(tx, id, NOON)?.entitlements.calls_start, "now memory knows");
        let grant = NewGrant { plan, source: None, starts_at: None, ends_at: None, note: String::new() };
        seed::place_grant(tx, &inside, id, keeper, grant)?;
        let standing = inside.standings.of_within(tx, id, NOON)?;
        assert!(standing.entitlements.calls_start, "inside the write it is there");
        // A row that refers to nothing: both databases look only at COMMIT, and refuse.
        if let Conn::Sqlite(_) = &**tx {
            diesel::sql_query("PRAGMA defer_foreign_keys = ON").execute(&mut **tx)?;
        } else {
            diesel::sql_query("ALTER TABLE room_members ALTER CONSTRAINT room_members_room_fkey DEFERRABLE INITIALLY DEFERRED")
                .execute(&mut **tx)?;
        }
        let row = format!("INSERT INTO room_members (room, member, role, level, joined_at, joined_seq) VALUES (77, {id}, 0, 0, 0, 0)");
        diesel::sql_query(row).execute(&mut **tx)?;
        Ok(())
    });
    assert!(written.await.is_err(), "COMMIT fails");
    assert!(billing.standings.known(ann.id, NOON).is_none(), "what was never committed is not remembered");
    let may = ann.get("/api/v1/me").await["entitlements"]["calls.start"].clone();
    assert_eq!(may, false);
    town.close().await;
}
