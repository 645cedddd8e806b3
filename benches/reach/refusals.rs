//! How soon whoever writes or calls has an answer, for each reason why the other is not reached: over HTTP and the socket of the real program.
//! By that time nobody may tell one reason from another.

use std::path::Path;
use std::time::{Duration, Instant};

use rialto::clock::Clock;
use rialto::ids::MemberId;
use serde_json::{Value, json};

use crate::load::figures::{median, quantile};
use crate::load::pipe::{self, Ear, Mouth};
use crate::load::program::{Plan, Program};
use crate::load::town::{Seat, Town};
use crate::report::Row;

/// Why somebody is not reached.
const CAUSES: [&str; 7] = ["absence", "block", "never", "policy-nobody", "policy-mutual", "quiet-hours", "ignored"];
/// Samples of each cause.
const SAMPLES: usize = 200;
/// The same of a small run, which shows that everything runs.
const FEW: usize = 10;
/// Not counted: they warm, and what becomes of the first wishes is known by then.
const WARM: usize = 10;
/// Milliseconds that medians may differ.
const BAR: f64 = 5.0;
const PATIENCE: Duration = Duration::from_secs(10);

/// The program, who writes and calls, and one member for each cause.
struct Scene {
    program: Program,
    http: reqwest::Client,
    ann: Seat,
    others: Vec<Seat>,
    /// The conversation with each.
    rooms: Vec<String>,
    line: Line,
}

/// Ann's socket.
struct Line {
    mouth: Mouth,
    ear: Ear,
    scratch: std::cell::RefCell<Vec<u8>>,
    heard: Vec<Value>,
    next: u64,
}

impl Line {
    async fn open(program: &Program, seat: &Seat) -> Result<Self, String> {
        let (mouth, ear) = pipe::open(program.address, &seat.token, None).await?;
        Ok(Self { mouth, ear, scratch: pipe::scratch(), heard: Vec::new(), next: 0 })
    }

    /// The first frame of which this is so; what else was heard is kept.
    async fn until(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Result<Value, String> {
        loop {
            if let Some(at) = self.heard.iter().position(&is_wanted) {
                return Ok(self.heard.remove(at));
            }
            let heard = &mut self.heard;
            let listened = self.ear.listen(&self.scratch, |frame| heard.extend(serde_json::from_slice::<Value>(frame).ok()));
            let ended = tokio::time::timeout(PATIENCE, listened).await.map_err(|_| "nothing was heard in time".to_owned())?;
            ended.map_err(|end| format!("the connection ended: {end:?}"))?;
        }
    }

    /// Asks, and waits for the answer: it, and after how many milliseconds it came.
    async fn ask(&mut self, mut command: Value) -> Result<(Value, f64), String> {
        self.next += 1;
        let name = self.next.to_string();
        command["ref"] = json!(name);
        let begun = Instant::now();
        self.mouth.say(&command.to_string()).await.map_err(|error| error.to_string())?;
        let answer = self.until(|frame| frame["ref"] == name.as_str()).await?;
        Ok((answer, begun.elapsed().as_secs_f64() * 1e3))
    }
}

impl Scene {
    async fn set(data: &Path) -> Result<Self, String> {
        let mut people = Town::found(data, None).await?.people(2 + CAUSES.len()).await?.into_iter();
        let (owner, ann) = people.next().zip(people.next()).ok_or("nobody is there")?;
        let program = Plan::new(Path::new(env!("CARGO_BIN_EXE_rialto")), data).start().await?;
        let line = Line::open(&program, &ann).await?;
        let mut scene = Self { program, http: reqwest::Client::new(), ann, others: people.collect(), rooms: Vec::new(), line };
        scene.call(&owner, "PATCH", "/api/v1/admin/settings", &json!({ "calls_open_to": "all_members" })).await?;
        for (cause, other) in CAUSES.iter().zip(&scene.others) {
            scene.put_in_the_way(cause, other).await?;
        }
        for other in &scene.others {
            let wish = json!({ "kind": "direct", "members": [other.member] });
            let room = scene.call(&scene.ann, "POST", "/api/v1/rooms", &wish).await?;
            scene.rooms.push(room["id"].as_str().ok_or("a room without an id")?.to_owned());
        }
        Ok(scene)
    }

    /// A call of the API that must succeed.
    async fn call(&self, who: &Seat, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let (status, answer) = self.ask(who, method, path, body).await?;
        if status.is_success() {
            Ok(serde_json::from_str(&answer).unwrap_or(Value::Null))
        } else {
            Err(format!("{path}: {status} {answer}"))
        }
    }

    async fn ask(&self, who: &Seat, method: &str, path: &str, body: &Value) -> Result<(reqwest::StatusCode, String), String> {
        let method = method.parse::<reqwest::Method>().map_err(|error| error.to_string())?;
        let url = format!("http://{}{path}", self.program.address);
        let mut request = self.http.request(method, url).bearer_auth(&who.token);
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        Ok((answer.status(), answer.text().await.map_err(|error| error.to_string())?))
    }

    async fn put_in_the_way(&self, cause: &str, other: &Seat) -> Result<(), String> {
        let from = match cause {
            "policy-nobody" => "nobody",
            "policy-mutual" | "ignored" => "mutual",
            _ => "everyone",
        };
        let rule = json!({ "from": [from] });
        let mut choice = json!({ "message": rule, "call": rule });
        if cause == "quiet-hours" {
            let minute = Clock::system().now() / 60_000;
            choice["quiet"] = json!({ "from": (minute + 1_380) % 1_440, "to": (minute + 720) % 1_440 });
        }
        if cause == "ignored" {
            choice["unknown_callers"] = json!("request");
        }
        self.call(other, "PUT", "/api/v1/me/reach", &choice).await?;
        let list = match cause {
            "block" => "blocks",
            "never" => "me/never",
            _ => return Ok(()),
        };
        self.call(other, "PUT", &format!("/api/v1/{list}/{}", self.ann.member), &Value::Null).await.map(|_| ())
    }

    /// Whoever leaves wishes unanswered does so by now.
    async fn ignore_what_waits(&self) -> Result<(), String> {
        let other = &self.others[CAUSES.len() - 1];
        let waiting = self.call(other, "GET", "/api/v1/requests", &Value::Null).await?;
        let items = waiting["items"].as_array().filter(|items| items.len() == 2).ok_or("words and a call wait to be ignored")?;
        for item in items {
            self.call(other, "POST", &format!("/api/v1/requests/{}/ignore", item["id"].as_str().unwrap_or_default()), &json!({})).await?;
        }
        Ok(())
    }

    /// Milliseconds until a message is answered.
    async fn writes(&self, cause: usize, key: &str) -> Result<f64, String> {
        let (path, body) =
            (format!("/api/v1/rooms/{}/messages", self.rooms[cause]), json!({ "client_key": key, "body": "Are you there?" }));
        let begun = Instant::now();
        self.call(&self.ann, "POST", &path, &body).await?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    }

    /// Milliseconds until a call is answered that is then taken back.
    async fn calls(&mut self, cause: usize, key: &str) -> Result<f64, String> {
        let to = self.others[cause].member;
        let (answer, took) = self.line.ask(json!({ "type": "call.start", "to": to, "video": false, "key": key })).await?;
        let call = answer["id"].as_str().ok_or_else(|| format!("no call: {answer}"))?.to_owned();
        self.line.ask(json!({ "type": "call.cancel", "call": call })).await?;
        self.line.until(|frame| frame["type"] == "call.ended").await?;
        self.line.heard.clear();
        Ok(took)
    }

    /// Of whom nobody has heard is said so: it needs no time to be told.
    async fn nobody(&mut self, samples: usize) -> Result<[Vec<f64>; 2], String> {
        let (nobody, mut took) = (MemberId(1), [Vec::new(), Vec::new()]);
        for n in 0..samples {
            let begun = Instant::now();
            let (status, answer) = self.ask(&self.ann, "POST", "/api/v1/rooms", &json!({ "kind": "direct", "members": [nobody] })).await?;
            took[0].push(begun.elapsed().as_secs_f64() * 1e3);
            let (refused, ms) =
                self.line.ask(json!({ "type": "call.start", "to": nobody, "video": false, "key": format!("n{n}") })).await?;
            took[1].push(ms);
            if status.is_success() || refused["type"] != "refused" {
                return Err(format!("somebody is there: {answer} {refused}"));
            }
        }
        Ok(took)
    }
}

/// Samples in milliseconds of each cause, those of words and those of calls. The causes take turns, so that what comes in between meets all of them.
async fn sampled(scene: &mut Scene, samples: usize) -> Result<[Vec<Vec<f64>>; 2], String> {
    let mut all = [vec![Vec::new(); CAUSES.len()], vec![Vec::new(); CAUSES.len()]];
    for n in 0..WARM + samples {
        if n == WARM {
            scene.ignore_what_waits().await?;
        }
        for turn in 0..CAUSES.len() {
            let cause = (n + turn) % CAUSES.len();
            let key = format!("{n}-{cause}");
            let took = [scene.writes(cause, &key).await?, scene.calls(cause, &key).await?];
            if n >= WARM {
                all.iter_mut().zip(took).for_each(|(all, ms)| all[cause].push(ms));
            }
        }
    }
    Ok(all)
}

async fn rows(samples: usize) -> Result<Vec<Row>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut scene = Scene::set(&folder.path().join("data")).await?;
    let all = sampled(&mut scene, samples).await?;
    let nobody = scene.nobody(samples).await?;
    let mut rows = Vec::new();
    for ((way, all), nobody) in ["message", "call"].into_iter().zip(all).zip(nobody) {
        let row = |cause: &str, took: &[f64]| Row {
            note: format!("{samples} samples, p95 {:.2} ms", quantile(took, 0.95)),
            ..Row::new(&format!("refusal-{way}-{cause}"), "ms", median(took))
        };
        let medians: Vec<f64> = all.iter().map(|took| median(took)).collect();
        let (least, most) = (medians.iter().copied().fold(f64::INFINITY, f64::min), medians.iter().copied().fold(0.0, f64::max));
        rows.extend(CAUSES.iter().zip(&all).map(|(cause, took)| row(cause, took)));
        rows.push(row("no-such-member", &nobody));
        let note = "largest difference of medians; no such member is answered otherwise".to_owned();
        rows.push(Row { bar: Some(BAR), rounds: medians, note, ..Row::new(&format!("refusal-{way}-difference"), "ms", most - least) });
    }
    Ok(rows)
}

/// Everything.
pub fn measure(scale: f64) -> Vec<Row> {
    let samples = if scale < 1.0 { FEW } else { SAMPLES };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(rows(samples)).expect("refusals")
}
