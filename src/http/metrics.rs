//! Numbers about the program, in the text form of Prometheus.

use std::fmt::Write;
use std::future::{Ready, ready};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::{Error, Result};

/// Groups of requests.
const CLASSES: [&str; 5] = ["page", "api", "file", "live", "health"];
/// Statuses by their first digit, from 1xx.
const STATUSES: usize = 5;
/// Within how many milliseconds answers are given, by class of time; what took longer is in the last one.
pub const WITHIN_MS: [u64; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

/// One number that another part of the program tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// `rialto_…`; a name that ends in `_total` only grows.
    pub name: &'static str,
    /// What it counts, one line.
    pub help: &'static str,
    /// Which of several, as `name="value"`; those of one name stand together. Empty: there is one.
    pub label: String,
    /// The number now.
    pub value: u64,
}

impl Reading {
    /// The only one of its name.
    #[must_use]
    pub const fn one(name: &'static str, help: &'static str, value: u64) -> Self {
        Self { name, help, label: String::new(), value }
    }
}

/// A part of the program that has numbers: the hub, the database.
pub trait Readings: Send + Sync + 'static {
    /// Its numbers now.
    fn readings(&self) -> Vec<Reading>;
}

/// All counters. Cheap to clone; an argument of handlers.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    started: Instant,
    requests: [[AtomicU64; STATUSES]; CLASSES.len()],
    /// Pages and answers of the API by class of time, since they were last taken.
    times: [AtomicU64; WITHIN_MS.len()],
    clock_jumps: AtomicU64,
    others: OnceLock<Vec<Arc<dyn Readings>>>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero; the program starts now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                started: Instant::now(),
                requests: Default::default(),
                times: Default::default(),
                clock_jumps: AtomicU64::new(0),
                others: OnceLock::new(),
            }),
        }
    }

    /// Adds the numbers of other parts, once.
    pub fn include(&self, others: Vec<Arc<dyn Readings>>) {
        let _ = self.inner.others.set(others);
    }

    /// How long the program has been running.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.inner.started.elapsed()
    }

    /// Counts one answer.
    pub fn count(&self, class: &str, status: u16) {
        let class = CLASSES.iter().position(|known| *known == class).unwrap_or(0);
        let group = usize::from(status / 100).clamp(1, STATUSES) - 1;
        self.inner.requests[class][group].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts how long a page or an answer of the API took; files are sent as the network takes them, and connections stay.
    pub fn time(&self, class: &str, took: Duration) {
        if ["page", "api"].contains(&class) {
            let ms = u64::try_from(took.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
            let n = WITHIN_MS.iter().position(|within| ms <= *within).unwrap_or(WITHIN_MS.len() - 1);
            self.inner.times[n].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many answers there were of each class of time since this was asked last.
    #[must_use]
    pub fn take_times(&self) -> [u64; WITHIN_MS.len()] {
        std::array::from_fn(|n| self.inner.times[n].swap(0, Ordering::Relaxed))
    }

    /// What was taken could not be kept: it counts the next time.
    pub fn give_back_times(&self, times: &[u64; WITHIN_MS.len()]) {
        for (time, count) in self.inner.times.iter().zip(times) {
            time.fetch_add(*count, Ordering::Relaxed);
        }
    }

    /// Counts one jump of the clock.
    pub fn count_jump(&self) {
        self.inner.clock_jumps.fetch_add(1, Ordering::Relaxed);
    }

    /// Everything, with the number of writes that wait.
    #[must_use]
    pub fn text(&self, writes_waiting: usize) -> String {
        let mut out = String::with_capacity(2_048);
        head(&mut out, "rialto_requests_total", "Answered requests.");
        for (class, groups) in CLASSES.iter().zip(&self.inner.requests) {
            for (n, count) in groups.iter().enumerate() {
                let _ =
                    writeln!(out, "rialto_requests_total{{class=\"{class}\",status=\"{}xx\"}} {}", n + 1, count.load(Ordering::Relaxed));
            }
        }
        let own = [
            ("rialto_writes_waiting", "Writes in the queue of the database.", u64::try_from(writes_waiting).unwrap_or(u64::MAX)),
            ("rialto_uptime_seconds", "Seconds since the program started.", self.uptime().as_secs()),
            (
                "rialto_clock_jumps_total",
                "Times that the clock jumped by five minutes or more.",
                self.inner.clock_jumps.load(Ordering::Relaxed),
            ),
        ];
        let own = own.into_iter().map(|(name, help, value)| Reading::one(name, help, value));
        let memory = resident_bytes().map(|value| Reading::one("rialto_resident_bytes", "Memory in use, in bytes.", value));
        let others = self.inner.others.get().into_iter().flatten().flat_map(|part| part.readings());
        let mut before = "";
        for Reading { name, help, label, value } in own.chain(memory).chain(others) {
            if name != before {
                head(&mut out, name, help);
            }
            before = name;
            let _ = if label.is_empty() { writeln!(out, "{name} {value}") } else { writeln!(out, "{name}{{{label}}} {value}") };
        }
        head(&mut out, "rialto_build_info", "The version of the program.");
        let _ = writeln!(out, "rialto_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
        out
    }
}

fn head(out: &mut String, name: &str, help: &str) {
    let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// Resident memory as the kernel tells it; `None` where it does not.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1_024)
}

impl FromRequest for Metrics {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.app_data::<Self>().cloned().ok_or_else(|| Error::broken("no metrics")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Hub;
    impl Readings for Hub {
        fn readings(&self) -> Vec<Reading> {
            let of_thread = |n: u64| Reading { label: format!("thread=\"{n}\""), ..Reading::one("rialto_busy", "Busy.", n) };
            vec![Reading::one("rialto_frames_sent_total", "Frames.", 9), of_thread(0), of_thread(1)]
        }
    }

    #[test]
    fn answers_are_counted_by_the_time_they_took_and_taken_once() {
        let metrics = Metrics::new();
        let micros = Duration::from_micros;
        for (class, took) in
            [("page", micros(999)), ("api", micros(1_000)), ("api", micros(1_001)), ("api", micros(60_000_000)), ("file", micros(1))]
        {
            metrics.time(class, took);
        }
        let mut counted = [0; WITHIN_MS.len()];
        (counted[0], counted[1], counted[WITHIN_MS.len() - 1]) = (2, 1, 1);
        assert_eq!(metrics.take_times(), counted);
        assert_eq!(metrics.take_times(), [0; WITHIN_MS.len()]);
        metrics.give_back_times(&counted);
        metrics.time("page", micros(1));
        assert_eq!(metrics.take_times()[0], 3);
    }

    #[test]
    fn what_was_counted_is_in_the_text() {
        let metrics = Metrics::new();
        metrics.include(vec![Arc::new(Hub)]);
        metrics.count("api", 201);
        metrics.count("api", 204);
        metrics.count("page", 503);
        let text = metrics.text(3);
        for line in [
            "rialto_requests_total{class=\"api\",status=\"2xx\"} 2",
            "rialto_requests_total{class=\"page\",status=\"5xx\"} 1",
            "rialto_requests_total{class=\"page\",status=\"2xx\"} 0",
            "rialto_writes_waiting 3",
            "# TYPE rialto_frames_sent_total counter",
            "rialto_frames_sent_total 9",
            "rialto_busy{thread=\"0\"} 0",
            "rialto_busy{thread=\"1\"} 1",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
        }
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        assert!(names.iter().enumerate().all(|(n, name)| !names[..n].contains(name)), "a name has one head");
    }
}
