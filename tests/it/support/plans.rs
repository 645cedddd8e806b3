//! How the databases go about what the program asks them: which indices they look keys up in, and where they walk.

use std::sync::{Arc, Mutex};

use diesel::RunQueryDsl;
use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use rialto::error::Result;
use rialto::storage::Conn;

/// What `read` asks the database, each statement with the values that it was given.
pub fn asked<T>(conn: &mut Conn, read: impl FnOnce(&mut Conn) -> Result<T>) -> Vec<String> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            into.lock().expect("one thread").push(query.to_string());
        }
    });
    read(conn).expect("it can be read");
    conn.set_instrumentation(None::<fn(InstrumentationEvent<'_>)>);
    heard.lock().expect("one thread").clone()
}

#[derive(diesel::QueryableByName)]
struct SqlitePlan {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[derive(diesel::QueryableByName)]
struct PostgresPlan {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    detail: String,
}

/// Values as JSON has them: an id is printed with its name around it, `RoomId(7)`.
fn bare(values: &str) -> String {
    values.split('(').map(|part| part.trim_end_matches(|last: char| last.is_ascii_alphabetic())).collect::<String>().replace(')', "")
}

/// A statement with its values in it, for a database that plans by them.
fn filled(statement: &str, values: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Array(all) => {
            format!("'{{{}}}'::bigint[]", all.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        }
        serde_json::Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        one => one.to_string(),
    };
    let values = values.as_array().expect("a list").iter().map(text).enumerate();
    // From the last one on: `$1` is also the beginning of `$10`.
    values.rev().fold(statement.to_owned(), |filled, (n, value)| filled.replace(&format!("${}", n + 1), &value))
}

/// An index that a plan looks keys up in, and the conditions that are keys: what else holds of the rows is asked of each that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// Its name.
    pub index: String,
    /// The conditions.
    pub keys: String,
}

/// What SQLite looks up: `SEARCH messages USING INDEX messages_unheard (room=? AND author=?)`.
fn sought_by_sqlite(line: &str) -> Option<Sought> {
    let (_, found) = line.split_once(" INDEX ")?;
    let (index, keys) = found.split_once(' ')?;
    Some(Sought { index: index.to_owned(), keys: keys.to_owned() })
}

/// What PostgreSQL looks up: the condition of an index stands below the line that names it, and a filter is another line.
fn sought_by_postgres(lines: &[String]) -> Vec<Sought> {
    let (mut index, mut all) = (String::new(), Vec::new());
    for line in lines {
        if let Some((_, found)) = line.split_once(" using ").or_else(|| line.split_once("Bitmap Index Scan on ")) {
            found.split(' ').next().unwrap_or_default().clone_into(&mut index);
        }
        if let Some((_, keys)) = line.split_once("Index Cond: ") {
            all.push(Sought { index: index.clone(), keys: keys.to_owned() });
        }
    }
    all
}

/// How the database goes about a statement, and what it looks up by keys.
pub fn plan(conn: &mut Conn, asked: &str) -> (Vec<Sought>, String) {
    let (statement, values) = asked.split_once(" -- binds: ").expect("its values");
    match conn {
        Conn::Sqlite(conn) => {
            let rows: Vec<SqlitePlan> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(conn).expect("a plan");
            let lines: Vec<String> = rows.into_iter().map(|row| row.detail).collect();
            (lines.iter().filter_map(|line| sought_by_sqlite(line)).collect(), lines.join("; "))
        }
        Conn::Pg(conn) => {
            let values = bare(values);
            let filled = filled(statement, &serde_json::from_str(&values).unwrap_or_else(|fault| panic!("{values}: {fault}")));
            // Here nearly every row is what one of the statements looks for: any will do, and the table itself is read soonest.
            conn.batch_execute("SET enable_seqscan = off").expect("set");
            let rows: Vec<PostgresPlan> = diesel::sql_query(format!("EXPLAIN {filled}")).load(conn).expect("a plan");
            let lines: Vec<String> = rows.into_iter().map(|row| row.detail).collect();
            (sought_by_postgres(&lines), lines.join("; "))
        }
    }
}

/// Does a plan read a table, or an index of one, from one end to the other, for all that is in it?
pub fn walks(sought: &[Sought], plan: &str) -> bool {
    let scans = plan.split("; ").any(|line| line.starts_with("SCAN ") && !line.starts_with("SCAN CONSTANT"));
    // PostgreSQL names no keys where it has none.
    let is_postgres = plan.contains("cost=");
    let indices = plan.matches(" Scan using ").count() + plan.matches("Bitmap Index Scan on ").count();
    scans || plan.contains("Seq Scan on ") || (is_postgres && indices > sought.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_key_is_told_from_a_filter_and_ten_values_from_one() {
        let keyed =
            "Index Scan using messages_unheard on messages  (cost=0.1..2.3 rows=1 width=8)\n  Index Cond: ((room = 1) AND (author = 2))";
        let filtered = "Index Scan using messages_unheard on messages  (cost=0.1..2.3 rows=1 width=8)\n  Index Cond: (room = 1)\n  Filter: (author = 2)";
        let bitmap = "Bitmap Heap Scan on messages\n  Recheck Cond: ((room = 1) AND (author = 2) AND unheard)\n  ->  Bitmap Index Scan on messages_unheard  (cost=0)\n        Index Cond: ((room = 1) AND (author = 2))";
        let by_author = |all: &[Sought]| all.iter().any(|sought| sought.index == "messages_unheard" && sought.keys.contains("author"));
        for (text, is) in [(keyed, true), (filtered, false), (bitmap, true)] {
            assert_eq!(by_author(&sought_by_postgres(&lines(text))), is, "{text}");
        }
        for (line, is) in [
            ("SEARCH messages USING INDEX messages_unheard (room=? AND author=?)", true),
            ("SEARCH messages USING COVERING INDEX messages_unheard (room=? AND author=?)", true),
            ("SEARCH messages USING INDEX messages_unheard (room=?)", false),
            ("SCAN messages", false),
        ] {
            assert_eq!(by_author(&sought_by_sqlite(line).into_iter().collect::<Vec<_>>()), is, "{line}");
        }
        let values = json!([1, 2, "o'clock", 4, 5, 6, 7, 8, 9, 10, [11, 12]]);
        assert_eq!(filled("$1 $10 $2 $11 $3", &values), "1 10 2 '{11,12}'::bigint[] 'o''clock'");
    }

    #[test]
    fn a_walk_is_told_from_a_search() {
        for (plan, is) in [
            ("SEARCH messages USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", false),
            ("SEARCH jobs USING COVERING INDEX jobs_due (state=?); USE TEMP B-TREE FOR ORDER BY", false),
            ("SCAN members USING COVERING INDEX members_by_state", true),
            ("SEARCH jobs USING INDEX jobs_due (state=?); SCAN messages", true),
        ] {
            let sought: Vec<Sought> = plan.split("; ").filter_map(sought_by_sqlite).collect();
            assert_eq!(walks(&sought, plan), is, "{plan}");
        }
        for (text, is) in [
            ("Index Only Scan using members_by_state on members  (cost=0)\n  Index Cond: (state = 0)", false),
            ("Index Only Scan using members_by_state on members  (cost=0)", true),
            ("Seq Scan on members  (cost=0)", true),
        ] {
            assert_eq!(walks(&sought_by_postgres(&lines(text)), &lines(text).join("; ")), is, "{text}");
        }
    }
}
