//! Asks for every page under each of its addresses, several times, and measures each answer.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use serde_json::Value;

use crate::addresses::{is_further, links, routes, searches};
use crate::load::figures::median;
use crate::load::program::Program;
use crate::load::town::Seat;
use crate::verdict::Line;

/// How often each address is asked for.
const TIMES: usize = 5;
/// And each further page of a list.
const TIMES_FURTHER: usize = 2;
/// How far a list is followed page by page.
const PAGES: usize = 10;
/// Longest that an answer may take, in milliseconds.
const BAR: f64 = 100.0;

/// How long a page took under its addresses.
pub struct Timed {
    route: &'static str,
    /// Each answer with its address.
    answers: Vec<(f64, String)>,
    faults: Vec<String>,
}

impl Timed {
    /// The median and the largest time, beside the bar.
    pub fn line(&self, proof: &str) -> Line {
        let times: Vec<f64> = self.answers.iter().map(|(ms, _)| *ms).collect();
        let (slowest, at) = self.answers.iter().max_by(|a, b| a.0.total_cmp(&b.0)).cloned().unwrap_or_default();
        let addresses: BTreeSet<&String> = self.answers.iter().map(|(_, address)| address).collect();
        let mut line = Line::most(proof, &format!("{}, {} addresses", self.route, addresses.len()), slowest, BAR, "ms");
        line.figure = format!("{:.1} · {slowest:.1} ms", median(&times));
        line.holds &= self.faults.is_empty() && !times.is_empty();
        let slow = self.answers.iter().filter(|(ms, _)| *ms > BAR).map(|(ms, address)| format!("{ms:.0} ms: {address}"));
        let told = if at == self.route { Vec::new() } else { vec![format!("largest: {at}")] };
        line.because(self.faults.iter().cloned().chain(slow).chain(told))
    }
}

/// Who asks.
struct Asker {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Asker {
    /// Milliseconds until the last byte of a page, or until the first of what is a file, and the text.
    async fn ask(&self, address: &str) -> Result<(f64, String), String> {
        let failed = |error: reqwest::Error| format!("{address}: {error}");
        let request = self.client.get(format!("{}{address}", self.base)).bearer_auth(&self.token).header("accept", "text/html");
        let begun = Instant::now();
        let mut answer = request.send().await.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(format!("{address}: {}", answer.status()));
        }
        let (is_file, mut bytes, mut took) = (address.ends_with(".csv"), Vec::new(), None);
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if is_file {
                took.get_or_insert_with(|| begun.elapsed());
            }
            bytes.extend_from_slice(&piece);
        }
        let took = took.unwrap_or_else(|| begun.elapsed());
        Ok((took.as_secs_f64() * 1_000.0, String::from_utf8_lossy(&bytes).into_owned()))
    }

    async fn first_id(&self, list: &str) -> Result<String, String> {
        let (_, text) = self.ask(list).await?;
        let page: Value = serde_json::from_str(&text).map_err(|error| format!("{list}: {error}"))?;
        let ids = page["items"].as_array().and_then(|items| items.last()).and_then(|item| item["id"].as_str());
        ids.map(str::to_owned).ok_or_else(|| format!("{list} is empty"))
    }

    /// Where a page begins: under its own address, under those of somebody, and far down in its list.
    async fn beginnings(&self, route: &str) -> Result<Vec<String>, String> {
        let lists: &[&str] = match route.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name) {
            None if route == "/admin/members" => {
                let far = self.first_id("/api/v1/admin/members?q=vi&limit=200").await?;
                return Ok(vec![route.to_owned(), format!("{route}?after={far}"), format!("{route}?state=active&after={far}")]);
            }
            None => return Ok(vec![route.to_owned()]),
            // Somebody of whom nothing is known, and one who pays, is reported and acted on.
            Some("member") => {
                &["/api/v1/admin/members?limit=1", "/api/v1/admin/members?q=vi&limit=200", "/api/v1/admin/members?q=ka&limit=200"]
            }
            Some("report") => &["/api/v1/admin/reports?limit=1", "/api/v1/admin/reports?closed=true&limit=1"],
            Some("letter") => &["/api/v1/admin/mail?limit=1"],
            Some(name) => return Err(format!("{route}: say in tests/prove/dashboard/asking.rs where a {name} is found")),
        };
        let (before, rest) = route.split_once('{').unwrap_or((route, ""));
        let after = rest.split_once('}').map_or("", |(_, after)| after);
        let mut found = Vec::new();
        for list in lists {
            found.push(format!("{before}{}{after}", self.first_id(list).await?));
        }
        Ok(found)
    }

    async fn page(&self, route: &'static str) -> Timed {
        let mut timed = Timed { route, answers: Vec::new(), faults: Vec::new() };
        let beginnings = self.beginnings(route).await.unwrap_or_else(|fault| {
            timed.faults.push(fault);
            Vec::new()
        });
        let mut known: BTreeSet<String> = beginnings.iter().cloned().collect();
        let mut waiting: VecDeque<(String, usize)> = beginnings.into_iter().map(|address| (address, 0)).collect();
        while let Some((address, depth)) = waiting.pop_front() {
            let mut html = String::new();
            for _ in 0..if depth == 0 { TIMES } else { TIMES_FURTHER } {
                match self.ask(&address).await {
                    Ok((ms, text)) => {
                        timed.answers.push((ms, address.clone()));
                        html = text;
                    }
                    Err(fault) => timed.faults.push(fault),
                }
            }
            let path = address.split('?').next().unwrap_or(&address);
            // Filters are taken from the first page, and lists are followed from every one.
            let own = if address == path { searches(&html, path) } else { Vec::new() };
            for found in links(&html, path).into_iter().chain(own) {
                let depth = if is_further(&found) { depth + 1 } else { depth };
                let is_wanted = if is_further(&found) { depth <= PAGES } else { address == path };
                if is_wanted && known.insert(found.clone()) {
                    waiting.push_back((found, depth));
                }
            }
        }
        timed
    }
}

/// Asks for all of them as this member.
pub async fn every_page(program: &Program, owner: &Seat) -> Result<Vec<Timed>, String> {
    let base = format!("http://{}", program.address);
    let asker = Asker { client: reqwest::Client::new(), base, token: owner.token.clone() };
    let mut pages = Vec::new();
    for route in routes() {
        eprintln!("… {route}");
        pages.push(asker.page(route).await);
    }
    if pages.is_empty() { Err("the table has no pages".to_owned()) } else { Ok(pages) }
}
