//! The database of a test: a SQLite file, or one of its own on the PostgreSQL server that `RIALTO_TEST_POSTGRES` names.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use rialto::storage::Target;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database that belongs to one test.
pub struct Database {
    target: Target,
    server: Option<(String, String)>,
}

impl Database {
    /// Makes an empty one.
    pub fn create(folder: &Path) -> Self {
        let Ok(server) = std::env::var("RIALTO_TEST_POSTGRES") else {
            return Self { target: Target::Sqlite(folder.join("rialto.db")), server: None };
        };
        let name = format!("rialto_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::establish(&server).expect("RIALTO_TEST_POSTGRES names a server");
        admin.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database of the test's own");
        let (address, options) = server.split_once('?').map_or((server.as_str(), String::new()), |(a, o)| (a, format!("?{o}")));
        let base = address.rsplit_once('/').map_or(address, |(base, _)| base);
        Self { target: Target::Postgres(format!("{base}/{name}{options}")), server: Some((server, name)) }
    }

    /// Where it is.
    pub fn target(&self) -> Target {
        self.target.clone()
    }

    /// Removes it, if it is on a server.
    pub fn drop_it(&self) {
        if let Some((server, name)) = &self.server
            && let Ok(mut admin) = PgConnection::establish(server)
        {
            let _ = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.drop_it();
    }
}
