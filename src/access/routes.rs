//! Routes: every handler's first argument is a gate, and every route stands in one table.

use std::future::Future;
use std::sync::{Arc, Mutex};

use actix_web::dev::Handler;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Responder};

use super::Gate;

/// One row of the table of routes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Path with names in braces.
    pub path: String,
    /// HTTP method.
    pub method: String,
    /// Name of the permit, or `Public`.
    pub permit: &'static str,
}

/// Every route of the program, for the sweep and the OpenAPI test.
#[derive(Clone, Debug, Default)]
pub struct RouteTable(Arc<Mutex<Vec<Endpoint>>>);

impl RouteTable {
    /// The rows, sorted, without repetitions (each worker registers once).
    #[must_use]
    pub fn rows(&self) -> Vec<Endpoint> {
        let mut rows = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        rows.sort();
        rows.dedup();
        rows
    }
}

/// The arguments of a handler whose first one is a gate.
pub trait Gated {
    /// That first argument.
    type Gate: Gate;
}

macro_rules! gated {
    ($($arg:ident)*) => {
        impl<G: Gate, $($arg),*> Gated for (G, $($arg,)*) { type Gate = G; }
    };
}
gated!();
gated!(A);
gated!(A B);
gated!(A B C);
gated!(A B C D);

/// Registers routes; the framework's own ways to do so are disallowed elsewhere.
pub struct Routes<'a> {
    config: &'a mut ServiceConfig,
    table: RouteTable,
}

impl<'a> Routes<'a> {
    /// Writes into `config` and `table`.
    pub const fn new(config: &'a mut ServiceConfig, table: RouteTable) -> Self {
        Self { config, table }
    }

    /// A route for GET.
    pub fn get<F, Args>(&mut self, path: &str, handler: F) -> &mut Self
    where
        F: Handler<Args>,
        Args: FromRequest + Gated + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::GET, path, handler)
    }

    /// A route for POST.
    pub fn post<F, Args>(&mut self, path: &str, handler: F) -> &mut Self
    where
        F: Handler<Args>,
        Args: FromRequest + Gated + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, handler)
    }

    /// A route for PUT.
    pub fn put<F, Args>(&mut self, path: &str, handler: F) -> &mut Self
    where
        F: Handler<Args>,
        Args: FromRequest + Gated + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::PUT, path, handler)
    }

    /// A route for PATCH.
    pub fn patch<F, Args>(&mut self, path: &str, handler: F) -> &mut Self
    where
        F: Handler<Args>,
        Args: FromRequest + Gated + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::PATCH, path, handler)
    }

    /// A route for DELETE.
    pub fn delete<F, Args>(&mut self, path: &str, handler: F) -> &mut Self
    where
        F: Handler<Args>,
        Args: FromRequest + Gated + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::DELETE, path, handler)
    }

    fn add<F, Args>(&mut self, method: Method, path: &str, handler: F) -> &mut Self
    where
        F: Handler<Args>,
        Args: FromRequest + Gated + 'static,
        F::Output: Responder + 'static,
        F::Future: Future,
    {
        let row = Endpoint { path: path.to_owned(), method: method.to_string(), permit: Args::Gate::permit_name() };
        self.table.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(row);
        self.config.service(web::resource(path).guard(actix_web::guard::Method(method.clone())).route(web::route().to(handler)));
        self
    }
}
