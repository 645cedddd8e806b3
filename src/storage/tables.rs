//! All tables, row by row, whichever database they are in: for what moves them elsewhere. The list is the schema's own text, so that no table can
//! be missing from it.

use std::sync::LazyLock;

use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::Conn;
use super::open::{HOWEVER_LONG, IN_TIME};
use crate::error::{Error, Result};

/// What the schema describes and no migration fills.
const VIEWS: [&str; 1] = ["room_log"];

static ALL: LazyLock<Vec<Table>> = LazyLock::new(|| read_schema(include_str!("schema.rs")));

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An integer, by the name that PostgreSQL has for its size.
    Whole(&'static str),
    Truth,
    Words,
    Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    name: &'static str,
    kind: Kind,
}

/// A table with its columns, in the order of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    name: &'static str,
    key: Vec<&'static str>,
    columns: Vec<Column>,
}

/// Every table, those that others refer to first.
#[must_use]
pub fn tables() -> &'static [Table] {
    &ALL
}

/// Reads the declarations of the schema. One that it does not understand is a mistake in the schema, which a test finds.
fn read_schema(text: &'static str) -> Vec<Table> {
    let declarations = text.split("diesel::table! {\n").skip(1).filter_map(|rest| rest.split("\n}\n").next());
    let read = |declaration: &'static str| {
        let mut lines = declaration.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        let (name, key) = lines.next()?.strip_suffix(") {")?.split_once(" (")?;
        let columns = lines.filter_map(|line| line.strip_suffix(',')?.split_once(" -> "));
        let columns = columns.map(|(name, kind)| Column { name, kind: kind_of(kind) }).collect();
        Some(Table { name, key: key.split(", ").collect(), columns })
    };
    declarations.filter_map(read).filter(|table| !VIEWS.contains(&table.name)).collect()
}

fn kind_of(declared: &str) -> Kind {
    match declared.strip_prefix("Nullable<").and_then(|inner| inner.strip_suffix('>')).unwrap_or(declared) {
        "BigInt" => Kind::Whole("bigint"),
        "Integer" => Kind::Whole("integer"),
        "SmallInt" => Kind::Whole("smallint"),
        "Bool" => Kind::Truth,
        "Text" => Kind::Words,
        "Binary" => Kind::Bytes,
        other => unreachable!("a kind of column that has no form as a line: {other}"),
    }
}

/// A row as the database writes it: a JSON array.
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn joined<T>(all: &[T], each: impl Fn(usize, &T) -> String) -> String {
    all.iter().enumerate().map(|(n, one)| each(n, one)).collect::<Vec<_>>().join(", ")
}

impl Table {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The names of its columns.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        self.columns.iter().map(|column| column.name).collect()
    }

    /// Every row as a JSON array in the order of the key, the same on both databases: integers as numbers, bytes in hexadecimal.
    ///
    /// # Errors
    /// When the database cannot be read, or what `f` returns.
    pub fn each_row(&self, conn: &mut Conn, f: impl FnMut(&str) -> Result<()>) -> Result<()> {
        self.each_row_where(conn, "TRUE", f)
    }

    /// The same, but only rows of which `condition` holds, in SQL that both databases understand; nothing that people wrote may be in it.
    ///
    /// # Errors
    /// As [`Table::each_row`].
    pub fn each_row_where(&self, conn: &mut Conn, condition: &str, mut f: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let name = self.name;
        let (values, key) = match conn {
            Conn::Sqlite(_) => (joined(&self.columns, |_, column| column.sqlite_value()), joined(&self.key, |_, key| format!("\"{key}\""))),
            Conn::Pg(_) => (joined(&self.columns, |_, column| column.postgres_value()), joined(&self.key, |_, key| self.postgres_key(key))),
        };
        let mut each = |row: QueryResult<Row>| {
            // As one of our own writers puts it, whichever database it comes from.
            let row: serde_json::Value = serde_json::from_str(&row?.line)?;
            f(&row.to_string())
        };
        match conn {
            Conn::Sqlite(conn) => {
                let query =
                    diesel::sql_query(format!("SELECT json_array({values}) AS line FROM \"{name}\" WHERE {condition} ORDER BY {key}"));
                query.load_iter::<Row, DefaultLoadingMode>(conn)?.try_for_each(&mut each)
            }
            Conn::Pg(conn) => {
                let query = diesel::sql_query(format!(
                    "SELECT json_build_array({values})::text AS line FROM \"{name}\" WHERE {condition} ORDER BY {key}"
                ));
                query.load_iter::<Row, PgRowByRowLoadingMode>(conn)?.try_for_each(&mut each)
            }
        }
    }

    /// Puts rows in: a JSON array of such rows.
    ///
    /// # Errors
    /// When a row does not fit, or the database refuses.
    pub fn insert_rows(&self, conn: &mut Conn, rows: &str) -> Result<()> {
        let (name, names) = (self.name, joined(&self.columns, |_, column| format!("\"{}\"", column.name)));
        let query = match conn {
            Conn::Sqlite(_) => {
                let values = joined(&self.columns, |n, column| column.sqlite_from_json(n));
                format!("INSERT INTO \"{name}\" ({names}) SELECT {values} FROM json_each(?)")
            }
            Conn::Pg(_) => {
                let values = joined(&self.columns, |n, column| column.postgres_from_json(n));
                format!("INSERT INTO \"{name}\" ({names}) SELECT {values} FROM json_array_elements($1::json) AS given (it)")
            }
        };
        diesel::sql_query(query).bind::<Text, _>(rows).execute(conn)?;
        Ok(())
    }

    /// Bytes are ordered as bytes everywhere, and so are words, whatever the language of the server is.
    fn postgres_key(&self, key: &str) -> String {
        let is_words = self.columns.iter().any(|column| column.name == key && column.kind == Kind::Words);
        if is_words { format!("\"{key}\" COLLATE \"C\"") } else { format!("\"{key}\"") }
    }
}

impl Column {
    fn sqlite_value(&self) -> String {
        let name = self.name;
        match self.kind {
            Kind::Whole(_) | Kind::Words => format!("\"{name}\""),
            Kind::Truth => format!("json(CASE \"{name}\" WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"),
            Kind::Bytes => format!("CASE WHEN \"{name}\" IS NOT NULL THEN lower(hex(\"{name}\")) END"),
        }
    }

    fn postgres_value(&self) -> String {
        let name = self.name;
        if self.kind == Kind::Bytes { format!("encode(\"{name}\", 'hex')") } else { format!("\"{name}\"") }
    }

    fn sqlite_from_json(&self, n: usize) -> String {
        let value = format!("json_extract(value, '$[{n}]')");
        if self.kind == Kind::Bytes { format!("unhex({value})") } else { value }
    }

    fn postgres_from_json(&self, n: usize) -> String {
        let value = format!("it->>{n}");
        match self.kind {
            Kind::Whole(kind) => format!("({value})::{kind}"),
            Kind::Truth => format!("({value})::boolean"),
            Kind::Words => value,
            Kind::Bytes => format!("decode({value}, 'hex')"),
        }
    }
}

/// A table that has rows; none of a database that nobody has used.
///
/// # Errors
/// When the database cannot be read.
pub fn table_in_use(conn: &mut Conn) -> Result<Option<&'static str>> {
    for table in tables() {
        let query = format!("SELECT COUNT(*) AS count FROM (SELECT 1 FROM \"{}\" LIMIT 1) AS one", table.name);
        if diesel::sql_query(query).get_result::<Count>(conn)?.count > 0 {
            return Ok(Some(table.name));
        }
    }
    Ok(None)
}

/// Runs `f` in one transaction on a connection of one's own, however long it takes: all of it or nothing. It sees one moment of the database.
///
/// # Errors
/// What `f` returns; nothing is stored then.
pub fn in_one_transaction<T, E: From<Error>>(
    conn: &mut Conn,
    f: impl FnOnce(&mut Conn) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    at_one_moment(conn, "REPEATABLE READ", f)
}

/// The same for what only reads; others go on writing meanwhile.
///
/// # Errors
/// What `f` returns.
pub fn in_one_snapshot<T, E: From<Error>>(
    conn: &mut Conn,
    f: impl FnOnce(&mut Conn) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    at_one_moment(conn, "REPEATABLE READ, READ ONLY", f)
}

fn at_one_moment<T, E: From<Error>>(
    conn: &mut Conn,
    level: &str,
    f: impl FnOnce(&mut Conn) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    let patient =
        |conn: &mut Conn, how: &str| if let Conn::Pg(conn) = conn { conn.batch_execute(how).map_err(Error::from) } else { Ok(()) };
    patient(conn, HOWEVER_LONG)?;
    #[expect(clippy::disallowed_methods, reason = "no job: the connection is the caller's own")]
    let ran = conn.transaction::<T, Failed<E>, _>(|conn| {
        if let Conn::Pg(conn) = conn {
            conn.batch_execute(&format!("SET TRANSACTION ISOLATION LEVEL {level}"))?;
        }
        f(conn).map_err(Failed::Theirs)
    });
    let again = patient(conn, IN_TIME);
    let value = ran.map_err(|failed| match failed {
        Failed::Theirs(error) => error,
        Failed::Database(error) => Error::from(error).into(),
    })?;
    again?;
    Ok(value)
}

/// Why a transaction did not come to its end.
enum Failed<E> {
    Theirs(E),
    Database(diesel::result::Error),
}

impl<E> From<diesel::result::Error> for Failed<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declaration_of_the_schema_is_understood() {
        let declared = include_str!("schema.rs");
        assert_eq!(tables().len() + VIEWS.len(), declared.matches("diesel::table! {").count());
        let columns: usize = tables().iter().map(|table| table.columns.len()).sum();
        let of_views = 7;
        assert_eq!(columns + of_views, declared.matches(" -> ").count());
        let jobs = tables().iter().find(|table| table.name() == "jobs").expect("a table");
        assert_eq!((jobs.key.as_slice(), jobs.columns()[0]), (["id"].as_slice(), "id"));
        let reactions = tables().iter().find(|table| table.name() == "reactions").expect("a table");
        assert_eq!(reactions.key, ["message", "emoji", "member"]);
        for table in tables() {
            assert!(table.key.iter().all(|key| table.columns().contains(key)), "{}", table.name);
        }
    }
}
