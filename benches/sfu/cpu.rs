//! Processor time and cores.

use nix::sched::{CpuSet, sched_setaffinity};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// Nanoseconds of processor time that the calling thread has used.
pub fn of_this_thread() -> u64 {
    let spent = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("the kernel has this clock");
    spent.tv_sec().unsigned_abs() * 1_000_000_000 + spent.tv_nsec().unsigned_abs()
}

/// Keeps the calling thread to a core, where the machine has it.
pub fn keep_to(core: usize) {
    let mut cores = CpuSet::new();
    let _ = cores.set(core).and_then(|()| sched_setaffinity(Pid::from_raw(0), &cores));
}
