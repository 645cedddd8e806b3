//! `cargo bench --bench chat`: the real program on loopback with durable SQLite and every check a product makes, beside its floors.
//!
//! CPU of the server process (user and system) is the figure: it holds on a busy machine, where wall time does not. Product and floor are
//! run in turn, and medians are compared. JSON on standard output, a table on standard error.

#[path = "../floors/mod.rs"]
mod floors;
#[path = "../../tests/load/mod.rs"]
mod load;

mod acks;
mod crowd;
mod fan_out;
mod options;
mod paced;
mod reading;
mod report;
mod slow;
mod weight;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use options::Options;
use report::Report;

/// Every scenario with what it measures, in the order in which they run.
const SCENES: &[(&str, &str)] = &[
    ("fanout-100", "a room of 100, bursts"),
    ("fanout-1000", "a room of 1,000, bursts"),
    ("sparse-100", "a room of 100, 100 messages a second"),
    ("acks", "200 rooms of 10, all sending after their acks"),
    ("slow-reader", "one member of 20 never reads"),
    ("paced-1000", "1,000 sockets, 50 messages a second"),
    ("idle-5000", "5,000 idle authenticated sockets"),
    ("resident", "resident with no connection"),
    ("page", "the newest page of 50 from a room of 100,000"),
    ("start", "start to ready with 1,000,000 messages"),
];

/// One line on standard output, at once.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [word, name, data] = arguments.as_slice()
        && word == "floor"
    {
        floors::run(name, Path::new(data));
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(&arguments, SCENES) {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let report = tokio::task::LocalSet::new().block_on(&runtime, run(&options));
    eprint!("{}", report.table());
    say(&report.json());
    if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(options: &Options) -> Report {
    let mut report = Report::new(options);
    for name in &options.scenes {
        eprintln!("… {name}");
        let rows = match *name {
            "fanout-100" => fan_out::bursts(options, 100, 32, 0.29).await,
            "fanout-1000" => fan_out::bursts(options, 1_000, 12, 0.73).await,
            "sparse-100" => fan_out::sparse(options).await,
            "acks" => acks::measure(options).await,
            "slow-reader" => slow::measure(options).await,
            "paced-1000" => paced::measure(options).await,
            "idle-5000" => weight::idle(options).await,
            "resident" => weight::resident(options).await,
            "page" => reading::page(options).await,
            _ => reading::start(options).await,
        };
        match rows {
            Ok(rows) => report.add(rows),
            Err(sentence) => report.fail(name, &sentence),
        }
    }
    report
}
