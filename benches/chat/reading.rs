//! Reading what has piled up: the newest page of a long room, and a start on a full database.

use std::time::Duration;

use crate::load::figures::median;
use crate::load::program::Plan;
use crate::load::town::Town;
use crate::options::Options;
use crate::report::{Bar, Row};

/// The newest page of 50 from a room of 100,000 over HTTP.
pub async fn page(options: &Options) -> Result<Vec<Row>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let data = folder.path().join("data");
    let town = Town::found(&data, None).await?;
    let people = town.people(10).await?;
    let room = town.room("Harbour", &people).await?;
    town.fill(&[room], people[0].member, u32::try_from(options.count(100_000)).map_err(|error| error.to_string())?)?;
    drop(town);
    let program = Plan::new(&options.binary, &data).start().await?;
    let client = reqwest::Client::new();
    let url = format!("http://{}/api/v1/rooms/{room}/messages?limit=50", program.address);
    let ask = async || -> Result<usize, String> {
        let answer = client.get(&url).bearer_auth(&people[0].token).send().await.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(|error| error.to_string())?;
        Ok(answer.bytes().await.map_err(|error| error.to_string())?.len())
    };
    let bytes = ask().await?;
    let pages = options.count(2_000);
    let mut costs = Vec::new();
    for _ in 0..options.rounds {
        let before = program.cpu_ms();
        for _ in 0..pages {
            if ask().await? != bytes {
                return Err("a page came out shorter or longer than the one before".to_owned());
            }
        }
        costs.push((program.cpu_ms() - before) / pages as f64);
    }
    Ok(vec![Row {
        name: "newest page of 50 from a room of 100,000".to_owned(),
        unit: "ms CPU/page",
        value: median(&costs),
        rounds: costs,
        floor: None,
        bar: Bar::Value(1.0),
        aim: Some(0.3),
        note: format!("{bytes} bytes"),
    }])
}

/// Start to ready with 1,000,000 messages in a hundred rooms.
pub async fn start(options: &Options) -> Result<Vec<Row>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let data = folder.path().join("data");
    let town = Town::found(&data, None).await?;
    let people = town.people(10).await?;
    let mut rooms = Vec::new();
    for n in 0..100 {
        rooms.push(town.room(&format!("Room {n}"), &people).await?);
    }
    town.fill(&rooms, people[0].member, u32::try_from(options.count(10_000)).map_err(|error| error.to_string())?)?;
    drop(town);
    let client = reqwest::Client::new();
    let mut times = Vec::new();
    for _ in 0..options.rounds {
        let (program, took) = Plan::new(&options.binary, &data).spawn()?.ready().await?;
        let asked = std::time::Instant::now();
        let ready = client.get(format!("http://{}/readyz", program.address)).timeout(Duration::from_secs(10)).send().await;
        ready.and_then(reqwest::Response::error_for_status).map_err(|error| error.to_string())?;
        times.push((took + asked.elapsed()).as_secs_f64());
    }
    Ok(vec![Row {
        name: "start to ready with 1,000,000 messages".to_owned(),
        unit: "s",
        value: median(&times),
        rounds: times,
        floor: None,
        bar: Bar::Value(3.0),
        aim: Some(1.0),
        note: String::new(),
    }])
}
