//! What the kernel says about a process and about the machine: CPU time, memory, load.

use std::collections::HashMap;
use std::fs;

/// Clock ticks of a second in `/proc`; Linux has kept this value on every architecture that we run on.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system CPU of a process, all its threads, in milliseconds.
pub fn cpu_ms(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name of the program stands in brackets and may hold spaces.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) * 1_000.0 / TICKS_PER_SECOND
}

/// One line of `smaps_rollup` in KiB: `Pss`, `Rss`.
pub fn memory_kib(pid: u32, name: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or("");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

/// Bytes that a server on this port of loopback has written to each connection and the other side has not taken, by the other side's port.
pub fn untaken(port: u16) -> HashMap<u16, u64> {
    let text = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let port_of = |address: &str| u16::from_str_radix(address.rsplit(':').next()?, 16).ok();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().take(5).collect();
        let [_, own, peer, _, queues] = fields.as_slice() else { return None };
        let bytes = u64::from_str_radix(queues.split(':').next()?, 16).ok()?;
        (port_of(own)? == port).then_some((port_of(peer)?, bytes))
    };
    text.lines().filter_map(row).collect()
}

/// How many processes wanted a core in the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}
