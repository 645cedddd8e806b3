//! What a test counted, for those who ask: `bin/prove safety` holds it against its bars.

use serde_json::json;

/// Tells a figure on standard error, which a runner shows only where it is asked to.
pub fn tell(what: &str, figure: usize) {
    eprintln!("figure {}", json!({ "what": what, "figure": figure }));
}
