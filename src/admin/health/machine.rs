//! What the machine says of its disk and its memory. Where it says nothing, nothing is known.

use std::path::Path;

use super::model::{DiskFacts, MemoryFacts};

/// Where the kernel tells of the memory of all.
const MEMORY: &str = "/proc/meminfo";
/// Where it tells in which group of processes this one is.
const GROUP: &str = "/proc/self/cgroup";
/// Where it tells what each group may have.
const GROUPS: &str = "/sys/fs/cgroup";

/// The disk on which a folder is.
#[must_use]
pub fn disk(folder: &Path) -> Option<DiskFacts> {
    let disk = nix::sys::statvfs::statvfs(folder).ok()?;
    let size = disk.fragment_size();
    Some(DiskFacts { free: disk.blocks_available().saturating_mul(size), total: disk.blocks().saturating_mul(size) })
}

/// The memory of the machine, or what of it this program may have at most, whichever is scarcer; `own` is what it has.
#[must_use]
pub fn memory(own: Option<u64>) -> Option<MemoryFacts> {
    let machine = of_machine(&std::fs::read_to_string(MEMORY).ok()?, own)?;
    Some(match of_group(own) {
        Some(group) if group.total < machine.total => MemoryFacts { available: group.available.min(machine.available), ..group },
        _ => machine,
    })
}

/// A line such as `MemAvailable:   1024 kB`, in bytes.
fn line(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1_024)
}

fn of_machine(text: &str, own: Option<u64>) -> Option<MemoryFacts> {
    Some(MemoryFacts { available: line(text, "MemAvailable")?, total: line(text, "MemTotal")?, own })
}

/// What the group of this process may have, where that is bounded.
fn of_group(own: Option<u64>) -> Option<MemoryFacts> {
    let group = std::fs::read_to_string(GROUP).ok()?;
    let place = format!("{GROUPS}{}", group.lines().find_map(|line| line.strip_prefix("0::"))?);
    let read = |name: &str| std::fs::read_to_string(Path::new(&place).join(name)).ok();
    group_facts(&read("memory.max")?, &read("memory.current")?, &read("memory.stat")?, own)
}

/// What lies in the cache of files is given up when it is needed.
fn group_facts(most: &str, used: &str, statistics: &str, own: Option<u64>) -> Option<MemoryFacts> {
    let total: u64 = most.trim().parse().ok()?;
    let used: u64 = used.trim().parse().ok()?;
    let cached = statistics.lines().find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse::<u64>().ok()).unwrap_or(0);
    Some(MemoryFacts { available: total.saturating_sub(used.saturating_sub(cached)), total, own })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_understood() {
        let text = "MemTotal:        2048 kB\nMemFree:           10 kB\nMemAvailable:    512 kB\n";
        assert_eq!(of_machine(text, Some(7)), Some(MemoryFacts { available: 524_288, total: 2_097_152, own: Some(7) }));
        assert_eq!(of_machine("MemTotal: 2048 kB\n", None), None, "an old kernel says less");
        let statistics = "anon 5\ninactive_file 30\nactive_file 9\n";
        let bounded = MemoryFacts { available: 80, total: 100, own: None };
        assert_eq!(group_facts("100\n", "50\n", statistics, None), Some(bounded));
        assert_eq!(group_facts("max\n", "50\n", statistics, None), None, "no bound");
    }

    #[test]
    fn this_machine_has_a_disk_and_a_folder_that_is_not_there_has_none() {
        let found = disk(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("a disk");
        assert!(found.total > 0 && found.free <= found.total);
        assert_eq!(disk(Path::new("/nowhere/at/all")), None);
    }
}
