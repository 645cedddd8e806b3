//! Who may read the metrics: members whose roles allow it, and programs on this machine.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HOST;

use super::origin;
use crate::access::{Actor, Permission, Permit, Scope, Target, Visitor};
use crate::error::Result;
use crate::storage::Conn;

/// From where the metrics are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsDoor {
    /// By a program on this machine that spoke to us directly and showed no credential.
    is_local: bool,
}

impl Target for MetricsDoor {
    fn from_path(request: &HttpRequest) -> Result<Self> {
        let is_loopback = request.peer_addr().map(|peer| peer.ip().to_canonical()).is_some_and(|ip: IpAddr| ip.is_loopback());
        let names_loopback = origin::single(request.headers(), HOST).is_some_and(origin::is_loopback_host);
        let is_bare = !origin::is_forwarded(request.headers()) && Visitor::of(request)?.credential.is_none();
        Ok(Self { is_local: is_loopback && names_loopback && is_bare })
    }
}

/// Proof that the actor may read the metrics.
#[derive(Debug)]
pub struct ReadMetrics(());

impl Permit for ReadMetrics {
    type Target = MetricsDoor;
    const SCOPE: Scope = Scope::Admin;

    fn check(_: &mut Conn, actor: &Actor, door: MetricsDoor) -> Result<Self> {
        if !door.is_local {
            actor.allowed(Permission::MetricsRead)?;
        }
        Ok(Self(()))
    }
}
