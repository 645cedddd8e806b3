//! The few places where Diesel's multi-connection cannot say what both databases understand.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::insertable::CanInsertInSingleQuery;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Integer};

use super::Conn;
use crate::error::Result;

/// Values of an INSERT followed by an `ON CONFLICT` clause, whose syntax both databases share word for word.
#[derive(Debug)]
pub struct OnConflict<R> {
    record: R,
    clause: &'static str,
}

/// Puts `clause` (static SQL that starts with `ON CONFLICT`) behind the values of an INSERT.
pub const fn on_conflict<R>(record: R, clause: &'static str) -> OnConflict<R> {
    OnConflict { record, clause }
}

/// The values and the clause, as Diesel's query builder walks them.
#[derive(Debug)]
pub struct ConflictValues<V> {
    values: V,
    clause: &'static str,
}

impl<Table, R: Insertable<Table>> Insertable<Table> for OnConflict<R> {
    type Values = ConflictValues<R::Values>;

    fn values(self) -> Self::Values {
        ConflictValues { values: self.record.values(), clause: self.clause }
    }
}

impl<V> QueryId for ConflictValues<V> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<V: CanInsertInSingleQuery<DB>, DB: Backend> CanInsertInSingleQuery<DB> for ConflictValues<V> {
    fn rows_to_insert(&self) -> Option<usize> {
        self.values.rows_to_insert()
    }
}

impl<V: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for ConflictValues<V> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.values.walk_ast(out.reborrow())?;
        out.push_sql(" ");
        out.push_sql(self.clause);
        Ok(())
    }
}

/// A statement whose text never changes, so that it is prepared once for each connection: Diesel prepares an UPDATE, and whatever marks
/// a transaction or a savepoint, anew at each use.
macro_rules! kept_statement {
    ($(#[$doc:meta])* $name:ident { $($field:ident),* }, [$($part:tt),*]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, QueryId)]
        pub(super) struct $name { $(pub(super) $field: i64),* }

        impl<DB: Backend + HasSqlType<BigInt>> QueryFragment<DB> for $name
        where
            i64: ToSql<BigInt, DB>,
        {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
                $(kept_statement!(@part self, out, $part);)*
                Ok(())
            }
        }

        impl<C> RunQueryDsl<C> for $name {}
    };
    (@part $this:ident, $out:ident, $text:literal) => { $out.push_sql($text); };
    (@part $this:ident, $out:ident, $field:ident) => { $out.push_bind_param::<BigInt, _>(&$this.$field)?; };
}

kept_statement!(
    /// Begins the transaction of a group. SQLite only. Diesel does not know of it and counts no transaction as open: within a group nothing
    /// may open one through Diesel (`Connection::transaction`), which would begin again where a savepoint is meant; `clippy.toml` forbids it.
    BeginGroup {}, ["BEGIN IMMEDIATE"]
);
kept_statement!(
    /// Ends it: what it wrote is durable when this returns. SQLite only.
    CommitGroup {}, ["COMMIT"]
);
kept_statement!(
    /// Marks where a job of a group begins.
    BeginJob {}, ["SAVEPOINT job"]
);
kept_statement!(
    /// What the job wrote stays in the transaction.
    KeepJob {}, ["RELEASE job"]
);
kept_statement!(
    /// What the job wrote is taken back.
    UndoJob {}, ["ROLLBACK TO job"]
);
kept_statement!(
    /// Takes the next place of a room's log: its number and its time, which never goes back.
    NextInRoom { room, now },
    ["UPDATE room_heads SET seq = seq + 1, at = CASE WHEN at > ", now, " THEN at ELSE ", now, " END WHERE room = ", room, " RETURNING seq, at"]
);
kept_statement!(
    /// The same for a member's own log.
    NextOfMember { member, now },
    ["UPDATE member_heads SET seq = seq + 1, at = CASE WHEN at > ", now, " THEN at ELSE ", now, " END WHERE member = ", member,
     " RETURNING seq, at"]
);

kept_statement!(
    /// A number that changes when another connection has written. SQLite only.
    DataVersion {}, ["PRAGMA data_version"]
);

impl Query for DataVersion {
    type SqlType = Integer;
}

impl Query for NextInRoom {
    type SqlType = (BigInt, BigInt);
}

impl Query for NextOfMember {
    type SqlType = (BigInt, BigInt);
}

/// A statement that Diesel would write out anew at each use, as it does with every INSERT, but whose text never changes: it is prepared
/// once for each connection, under the name `N`.
#[derive(Clone, Copy, Debug)]
pub struct Kept<N, Q> {
    statement: Q,
    name: PhantomData<N>,
}

/// Keeps a statement under the name `N`, which no other statement has. Every value in it must be an expression, as `column.eq(…)` is,
/// also of an `Option`: a missing value would change the text.
pub const fn kept<N, Q>(statement: Q) -> Kept<N, Q> {
    Kept { statement, name: PhantomData }
}

impl<N: 'static, Q> QueryId for Kept<N, Q> {
    type QueryId = Kept<N, ()>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<N, Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Kept<N, Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.statement.walk_ast(out)
    }
}

impl<N, Q, C> RunQueryDsl<C> for Kept<N, Q> {}

/// Runs a statement on the connection inside: Diesel writes out anew, at each use, whatever is run on both kinds at once.
macro_rules! either {
    ($conn:expr, $inner:ident => $run:expr) => {
        match $conn {
            $crate::storage::Conn::Pg($inner) => $run,
            $crate::storage::Conn::Sqlite($inner) => $run,
        }
    };
}
pub(crate) use either;

/// From here to the end of the transaction nobody else does the same thing: what is read afterwards stays true until it is written. SQLite
/// has one writer, so it is so already; PostgreSQL has several.
///
/// # Errors
/// When it takes too long.
pub fn one_at_a_time(conn: &mut Conn, what: &str) -> Result<()> {
    if let Conn::Pg(conn) = conn {
        diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind::<diesel::sql_types::Text, _>(what)
            .execute(conn)?;
    }
    Ok(())
}

/// Nobody else says which roles a member has, or what one of them allows, before the end of this transaction: what is read afterwards is what is
/// changed. It is one turn for all members, since what a role allows is written to everybody who has it.
///
/// # Errors
/// When it takes too long.
pub fn hold_roles(conn: &mut Conn) -> Result<()> {
    one_at_a_time(conn, "roles")
}
