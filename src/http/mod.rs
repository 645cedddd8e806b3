//! HTTP: pages, static files, icons, the answer to errors, health, and the outermost middleware.
//!
//! The program wraps [`front`] around everything, puts a [`Site`] and [`Metrics`] (and the table of routes) into the
//! application's data, and calls [`mount`]. A handler takes `site: Site` beside its gate and answers with [`Site::page`].

mod about;
pub mod door;
mod files;
mod frame;
mod front;
mod headers;
mod health;
mod icons;
mod listen;
mod metrics;
mod origin;
mod pieces;
mod policy;
mod preload;
mod problems;
mod recent;
mod routes;
mod site;
#[cfg(test)]
mod tests;

pub use front::{bound_port, front, origin_is_ours, session_cookie_name};
pub use listen::{BoundPort, listen};
pub use metrics::{Metrics, Reading, Readings, WITHIN_MS, resident_bytes};
pub use pieces::pieces_of;
pub use problems::encoded;
pub use recent::{LogLevel, LogLine, Recent, Sought as LogSought, scrubbed};
pub use routes::{mount, openapi};
pub use site::{Heard, Looker, Lookers, Site};
