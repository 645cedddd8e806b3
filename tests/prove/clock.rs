//! R13: the machine's clock jumps while people talk; order does not care, times never go back in a room, nobody is signed out.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use actix_web::http::header::HttpDate;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use rialto::clock::Clock;
use rialto::members::SessionKind;
use rialto::storage::schema::sessions;

use crate::field::{Crowd, Field};
use crate::options::Options;
use crate::restarts::contract;
use crate::verdict::Line;

/// Jumps in turn, from the true time; steps back are in it. None is longer than a session may lie unused.
const JUMPS: &[&str] = &["+1h", "-1h", "+0", "+23h", "+2h", "-23h", "+0", "-1d", "+1d", "+300", "-300", "+0"];
/// Further than any session lasts, and back.
const FAR: &[&str] = &["+10y", "+0"];

/// The library that lies about the time, in its variant for threads.
pub fn library() -> Option<PathBuf> {
    let folders = ["/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime"];
    folders.iter().map(|folder| PathBuf::from(folder).join("libfaketimeMT.so.1")).find(|file| file.exists())
}

/// The clock that the program sees.
struct Hand {
    folder: tempfile::TempDir,
}

impl Hand {
    fn new() -> Result<Self, String> {
        let hand = Self { folder: tempfile::tempdir().map_err(|error| error.to_string())? };
        hand.set("+0")?;
        Ok(hand)
    }

    fn set(&self, offset: &str) -> Result<(), String> {
        std::fs::write(self.folder.path().join("time"), format!("{offset}\n")).map_err(|error| error.to_string())
    }

    fn environment(&self) -> Result<Vec<(OsString, OsString)>, String> {
        let library = library().ok_or("libfaketime is not installed")?;
        Ok(vec![
            ("LD_PRELOAD".into(), library.into()),
            ("FAKETIME_TIMESTAMP_FILE".into(), self.folder.path().join("time").into()),
            ("FAKETIME_NO_CACHE".into(), "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC".into(), "1".into()),
        ])
    }
}

/// Seconds of an offset as libfaketime writes it: a number of seconds, minutes, hours, days or years of 365 days.
fn seconds(offset: &str) -> Result<i64, String> {
    let digits = offset.trim_end_matches(char::is_alphabetic);
    let unit = match &offset[digits.len()..] {
        "" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "y" => 365 * 86_400,
        _ => return Err(format!("{offset} is no offset")),
    };
    digits.parse::<i64>().map(|number| number * unit).map_err(|_| format!("{offset} is no offset"))
}

/// By how many seconds the program's clock is ahead of ours, as it tells the time of its answers.
async fn ahead(field: &Field) -> Result<i64, String> {
    let answer = reqwest::get(format!("http://{}/healthz", field.plan.listen)).await.map_err(|error| error.to_string())?;
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).ok_or("an answer without its time")?;
    let date: SystemTime = date.parse::<HttpDate>().map_err(|error| format!("{date}: {error}"))?.into();
    let theirs = date.duration_since(SystemTime::UNIX_EPOCH).map_err(|error| error.to_string())?;
    Ok(theirs.as_secs() as i64 - Clock::system().now() / 1_000)
}

/// Did the jumps reach the program? Its clock after each, and what it says of messages when it never was as far ahead before: times in a room
/// never go back, so after other jumps they say nothing.
#[derive(Default)]
struct Felt {
    furthest: i64,
    clocks: (usize, Vec<String>),
    acks: (usize, Vec<String>),
}

/// Seconds that a time may be off: what was under way when the clock jumped, and a busy machine.
const TOLERANCE: i64 = 60;

impl Felt {
    async fn look(&mut self, field: &Field, jump: &str) -> Result<(), String> {
        let (wanted, clock) = (seconds(jump)?, ahead(field).await?);
        self.clocks.0 += 1;
        if (clock - wanted).abs() > TOLERANCE {
            self.clocks.1.push(format!("{clock} s ahead after a jump to {jump}"));
        }
        if wanted > self.furthest {
            self.furthest = wanted;
            self.acks.0 += 1;
            let said = field.journal.ahead().map(|ahead| ahead / 1_000);
            if said.is_none_or(|said| (said - wanted).abs() > TOLERANCE) {
                self.acks.1.push(format!("messages {said:?} s ahead after a jump to {jump}"));
            }
        }
        Ok(())
    }

    fn lines(self, proof: &str) -> [Line; 2] {
        let none = |what: String, off: Vec<String>| Line::most(proof, &what, off.len() as f64, 0.0, "").because(off);
        [
            none(format!("jumps that the program's clock did not make, of {}", self.clocks.0), self.clocks.1),
            none(format!("jumps further ahead that acks did not tell, of {}", self.acks.0), self.acks.1),
        ]
    }
}

/// A few seconds in each time: up to a day away, where nobody may be signed out, and ten years away, with tokens that never expire.
pub async fn jumps(options: &Options, proof: &str) -> Result<Vec<Line>, String> {
    let mut lines = through(options, proof, JUMPS, false).await?;
    lines.extend(through(options, &format!("{proof} +10 years"), FAR, true).await?);
    Ok(lines)
}

async fn through(options: &Options, proof: &str, jumps: &[&str], for_ever: bool) -> Result<Vec<Line>, String> {
    let hand = Hand::new()?;
    let mut field = Field::lay(&options.program, None, None, Crowd::default(), options.seed).await?;
    if for_ever {
        make_tokens(&field)?;
    }
    field.plan.environment = hand.environment()?;
    field.plan.environment.extend(options.environment.iter().cloned());
    let mut program = field.plan.start().await?;
    field.talk();
    field.acks(30, Duration::from_secs(30)).await?;
    let mut felt = Felt::default();
    for (n, jump) in jumps.iter().enumerate() {
        hand.set(jump)?;
        field.acks(60, Duration::from_secs(30)).await.map_err(|error| format!("{error} after a jump to {jump}"))?;
        felt.look(&field, jump).await?;
        // Whoever comes back in another time is still who they are.
        let fresh = field.profile(n, format!("returning{n}"));
        field.join(crate::device::Profile { pace: None, ..fresh });
    }
    field.acks(60, Duration::from_secs(30)).await?;
    let is_alive = program.ended().is_none();
    let outcome = field.settle().await?;
    drop(program);
    let mut lines = vec![Line::must(proof, "it stayed through the jumps", format!("{} jumps", jumps.len()), is_alive)];
    lines.extend(felt.lines(proof));
    lines.extend(contract(proof, &outcome));
    Ok(lines)
}

/// Makes API tokens, which never expire, of everyone's sessions.
fn make_tokens(field: &Field) -> Result<(), String> {
    let mut conn = SqliteConnection::establish(&field.database().to_string_lossy()).map_err(|error| error.to_string())?;
    let lasting = (sessions::kind.eq(SessionKind::Token.number()), sessions::expires_at.eq(i64::MAX));
    diesel::update(sessions::table).set(lasting).execute(&mut conn).map(drop).map_err(|error| error.to_string())
}
