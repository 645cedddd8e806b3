//! Who may read the metrics: members whose roles allow it, and programs on this machine.

use actix_web::HttpRequest;

use super::{bound_port, origin};
use crate::access::{Actor, Ground, Permission, Permit, Scope, Target, Visitor};
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
        let ground = Ground::of(request)?;
        let is_near = origin::is_from_this_machine(request.headers(), request.peer_addr(), &ground.config, bound_port(request));
        Ok(Self { is_local: is_near && Visitor::of(request)?.credential.is_none() })
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
