//! Threads without which the program would go on and serve nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body` on a thread of this name. What it does catches its own panics; should one end the thread all the same, the program ends with it
/// and is started again, as after a lost sync: without its writer, say, it would call itself ready and answer nothing.
///
/// # Errors
/// When the system gives no thread.
pub fn vital(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let body = || {
        if catch_unwind(AssertUnwindSafe(body)).is_err() {
            std::process::abort();
        }
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(body)?;
    Ok(())
}
