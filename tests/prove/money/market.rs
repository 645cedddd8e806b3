//! Where the proofs take place: the program on a database with members, the double of Stripe, and one clock for both that can be moved.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use reqwest::Method;
use rialto::clock::Clock;
use serde_json::{Value, json};

use crate::load::program::{Plan, Program};
use crate::load::town::{Seat, Town};
use crate::options::Options;
use crate::stripe::{KEY, SECRET, Stripe, sign};

/// How long the program may take to have one thing less to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// The library that lies about the time, in its variant for threads.
fn library() -> Result<PathBuf, String> {
    let folders = ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime"];
    let found = folders.iter().map(|folder| PathBuf::from(folder).join("libfaketimeMT.so.1")).find(|file| file.exists());
    found.ok_or_else(|| "libfaketime is not installed".to_owned())
}

/// The place of a proof.
pub struct Market {
    /// How the program is started.
    pub plan: Plan,
    /// The double.
    pub stripe: Stripe,
    /// Everyone; the first is the owner.
    pub seats: Vec<Seat>,
    /// A price each month, and one for once.
    pub prices: [String; 2],
    hand: Arc<AtomicI64>,
    shift_ms: i64,
    http: reqwest::Client,
    folder: tempfile::TempDir,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Market {
    /// A town of so many members, in which a plan is sold for 12.00 EUR a month, and once. The program does not run.
    pub async fn lay(options: &Options, members: usize) -> Result<Self, String> {
        Self::lay_beside(options, members, None).await
    }

    /// The same beside another double, at this address.
    pub async fn lay_beside(options: &Options, members: usize, elsewhere: Option<&str>) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let data = folder.path().join("data");
        let town = Town::found(&data, None).await?;
        let seats = town.people(members + 1).await?;
        drop(town);
        let hand = Arc::new(AtomicI64::new(0));
        let stripe = Stripe::start(Arc::clone(&hand)).await;
        let mut plan = Plan::new(&options.program, &data);
        plan.log = folder.path().join("program.log");
        let url = elsewhere.map_or_else(|| stripe.url(), str::to_owned);
        let given = [("--media-port", "0"), ("--stripe-key", KEY), ("--stripe-webhook-secret", SECRET), ("--stripe-url", &url)];
        plan.flags.extend(given.into_iter().flat_map(|(name, value)| [name.into(), value.into()]));
        plan.environment.clone_from(&options.environment);
        plan.environment.extend([
            ("LD_PRELOAD".into(), library()?.into()),
            ("FAKETIME_TIMESTAMP_FILE".into(), folder.path().join("time").into()),
            ("FAKETIME_NO_CACHE".into(), "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC".into(), "1".into()),
        ]);
        // The program ends a connection that is idle for five seconds; what is sent on it in that very moment has no answer.
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).pool_idle_timeout(Duration::from_secs(2));
        let http = http.build().map_err(|error| error.to_string())?;
        let mut market = Self { plan, stripe, seats, prices: [String::new(), String::new()], hand, shift_ms: 0, http, folder };
        market.pass(0)?;
        let program = market.plan.start().await?;
        let owner = market.seats[0].clone();
        let plans = market.must(&program, &owner, Method::GET, "/api/v1/admin/plans", None).await?;
        let path = format!("/api/v1/admin/plans/{}/prices", plans["items"][0]["id"].as_str().unwrap_or_default());
        for (n, every) in ["month", "once"].into_iter().enumerate() {
            let price = json!({ "amount": 1_200, "currency": "EUR", "every": every });
            let made = market.must(&program, &owner, Method::POST, &path, Some(price)).await?;
            market.prices[n] = made["id"].as_str().ok_or("no price")?.to_owned();
        }
        market.quiet().await?;
        let _ = program.stop().await;
        Ok(market)
    }

    /// The time of both now, in milliseconds; the double is told.
    pub fn now(&self) -> i64 {
        let now = Clock::system().now() + self.shift_ms;
        self.hand.store(now, Ordering::Relaxed);
        now
    }

    /// Lets time pass for both, to the second.
    pub fn pass(&mut self, seconds: i64) -> Result<(), String> {
        self.shift_ms += seconds * 1_000;
        self.now();
        let file = self.folder.path().join("time");
        // In one step: the program must not read half of it.
        let anew = self.folder.path().join("time.new");
        std::fs::write(&anew, format!("+{}\n", self.shift_ms / 1_000)).map_err(|error| error.to_string())?;
        std::fs::rename(anew, file).map_err(|error| error.to_string())
    }

    /// Asks the program: status and JSON; none: no answer came.
    pub async fn ask(&self, program: &Program, seat: &Seat, method: Method, path: &str, body: Option<Value>) -> Option<(u16, Value)> {
        self.ask_at(program.address, seat, method, path, body).await
    }

    /// The same by its address.
    pub async fn ask_at(
        &self,
        address: std::net::SocketAddr,
        seat: &Seat,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Option<(u16, Value)> {
        let mut request = self.http.request(method, format!("http://{address}{path}")).bearer_auth(&seat.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// The same where a good answer must come.
    pub async fn must(&self, program: &Program, seat: &Seat, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        match self.ask(program, seat, method.clone(), path, body).await {
            Some((200..=299, value)) => Ok(value),
            other => Err(format!("{method} {path}: {other:?}; {}", self.plan.log_text().lines().next_back().unwrap_or_default())),
        }
    }

    /// Delivers an event, signed now.
    ///
    /// # Errors
    /// What came instead of a 200, in words.
    pub async fn deliver(&self, address: std::net::SocketAddr, event: &Value) -> Result<(), String> {
        let (body, now) = (event.to_string(), self.now());
        let request = self.http.post(format!("http://{address}/hooks/stripe")).header("stripe-signature", sign(&body, SECRET, now / 1_000));
        let answer = request.body(body).send().await.map_err(|error| format!("{error:?}"))?;
        let status = answer.status();
        if status == 200 { Ok(()) } else { Err(format!("{status} {}", answer.text().await.unwrap_or_default())) }
    }

    /// The database, to be looked at while the program uses it.
    pub fn rows(&self) -> Result<SqliteConnection, String> {
        let file = self.plan.data.join("rialto.db");
        let mut conn = SqliteConnection::establish(&file.to_string_lossy()).map_err(|error| error.to_string())?;
        conn.batch_execute("PRAGMA busy_timeout = 5000").map_err(|error| error.to_string())?;
        Ok(conn)
    }

    /// How many rows a condition finds.
    pub fn count(&self, from: &str) -> Result<i64, String> {
        let found = diesel::sql_query(format!("SELECT COUNT(*) AS count FROM {from}")).get_result::<Count>(&mut self.rows()?);
        found.map(|row| row.count).map_err(|error| error.to_string())
    }

    /// Waits until no job runs or could, for as long as they become fewer.
    pub async fn quiet(&self) -> Result<(), String> {
        let (mut fewest, mut since) = (i64::MAX, std::time::Instant::now());
        loop {
            let due = self.count(&format!("jobs WHERE state = 0 AND run_at <= {}", self.now()))?;
            if due == 0 {
                return Ok(());
            }
            if due < fewest {
                (fewest, since) = (due, std::time::Instant::now());
            }
            if since.elapsed() > PATIENCE {
                return Err(format!("{due} jobs are not done, and none was in {PATIENCE:?}"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The visit that was opened for an order.
    pub fn session_of(&self, order: &str) -> Option<String> {
        let all = self.stripe.with(|world| world.all("checkout.session"));
        all.iter().find(|one| one["client_reference_id"] == order).and_then(|one| one["id"].as_str().map(str::to_owned))
    }
}
