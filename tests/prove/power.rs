//! R2: the power goes while people talk. What was synced is still on the disk, what was not is gone or torn, and nothing acknowledged is lost.

use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use crate::device::tracing_line;
use crate::field::{Crowd, Field, integrity, until};
use crate::load::figures::Chance;
use crate::options::Options;
use crate::restarts::contract;
use crate::verdict::Line;
use crate::volatile::Disk;
use crate::volatile::image::Lost;

/// The disk itself: bytes are safe with their file's sync, names with their folder's, and nothing else is.
fn forgets(disk: &mut Disk, proof: &str) -> Result<Line, String> {
    let failed = |error: std::io::Error| error.to_string();
    let (point, safe) = (disk.point(), disk.point().join("safe"));
    let mut file = File::create(&safe).map_err(failed)?;
    file.write_all(b"synced").and_then(|()| file.sync_all()).map_err(failed)?;
    File::open(&point).and_then(|folder| folder.sync_all()).map_err(failed)?;
    file.write_all(b", and more").map_err(failed)?;
    File::create(point.join("nameless")).and_then(|file| file.sync_all()).map_err(failed)?;
    let before = fs::read(&safe).map_err(failed)?;
    drop(file);
    disk.cut(None, None)?;
    let after = fs::read(&safe).map_err(failed)?;
    let is_so = before == b"synced, and more" && after == b"synced" && !point.join("nameless").exists();
    fs::remove_file(&safe).map_err(failed)?;
    Ok(Line::must(proof, "the disk keeps what was synced, and only that", String::from_utf8_lossy(&after), is_so))
}

/// What the program said last.
fn last_line(field: &Field) -> String {
    field.plan.log_text().lines().last().unwrap_or_default().to_owned()
}

/// `count` cuts: a tenth while it starts; after every other one some of what was not synced is there, in any order and torn.
pub async fn cuts(options: &Options, proof: &str, count: usize) -> Result<Vec<Line>, String> {
    let mut disk = Disk::mount()?;
    let mut lines = vec![forgets(&mut disk, proof)?];
    let mut field = Field::lay(&options.program, None, Some(disk.point().join("data")), Crowd::default(), options.seed).await?;
    field.plan.environment.clone_from(&options.environment);
    field.plan.log = disk.beside().join("program.log");
    disk.sync_all();
    let mut chance = Chance::new(options.seed);
    field.talk();
    let (mut all, mut damaged, mut cut_early) = (Lost::default(), Vec::new(), 0);
    for round in 0..count {
        let starting = field.plan.spawn()?;
        let program = if chance.percent(10) {
            cut_early += 1;
            tokio::time::sleep(Duration::from_millis(chance.below(400))).await;
            starting.program
        } else {
            let moment = field.journal.now();
            let (program, _) = starting.ready().await.map_err(|error| format!("{error}: {}", last_line(&field)))?;
            let came = until(Duration::from_secs(20), || field.journal.first_ack_after(moment).is_some()).await;
            came.map_err(|()| format!("no ack came after cut {round}; seed {}", options.seed))?;
            tokio::time::sleep(Duration::from_millis(chance.below(1_500))).await;
            program
        };
        let lost = disk.cut((round % 2 == 1).then_some(&mut chance), Some(program))?;
        all.changes += lost.changes;
        all.kept += lost.kept;
        all.torn += lost.torn;
        if let Err(what) = integrity(&field.database()) {
            damaged.push(format!("after cut {round}: {what}"));
        }
        if (round + 1) % 10 == 0 {
            tracing_line(&format!("{proof}: {} of {count} cuts, {} acks", round + 1, field.journal.acks()));
        }
    }
    let program = field.plan.start().await?;
    let outcome = field.settle().await?;
    drop(program);
    lines.extend(contract(proof, &outcome));
    let what = format!("damaged after {count} cuts ({cut_early} while starting)");
    lines.push(Line::most(proof, &what, damaged.len() as f64, 0.0, "").because(damaged));
    let what = format!("unsynced writes lost; {} kept out of order, {} torn", all.kept, all.torn);
    lines.push(Line::least(proof, &what, all.changes as f64, 1.0));
    Ok(lines)
}
