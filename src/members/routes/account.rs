//! Coming in, going out, and a forgotten password: for those who are not known yet.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Deserialize;
use utoipa::OpenApi;

use super::{Needs, no_content, no_session_cookie, secret, session_cookie};
use crate::access::{Body, Named, Public, Routes, Target};
use crate::error::Result;
use crate::members::actions::{self, Arrival, SignIn, SignUp, SignedIn};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(sign_up, sign_in, sign_out, ask_for_reset, reset, enter_demo))]
pub struct Api;

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .post("/api/v1/sign-up", sign_up)
        .post("/api/v1/sign-in", sign_in)
        .post("/api/v1/sign-out", sign_out)
        .post("/api/v1/password-resets", ask_for_reset)
        .post("/api/v1/password-resets/{code}", reset)
        .post("/api/v1/demo/{code}", enter_demo);
}

fn arrived(gate: &Public, request: &HttpRequest, mut response: HttpResponseBuilder, arrival: &Arrival) -> HttpResponse {
    if let Some(token) = &arrival.token {
        response.cookie(session_cookie(request, gate.visitor(), token));
    }
    secret(response, &arrival.answer)
}

/// Makes an account under the community's sign-up mode. Sets the session cookie.
#[utoipa::path(post, path = "/api/v1/sign-up", request_body = SignUp, responses((status = 201, body = SignedIn)))]
async fn sign_up(gate: Public, body: Body<SignUp>, members: Needs, request: HttpRequest) -> Result<HttpResponse> {
    let arrival = actions::sign_up(gate.ground(), gate.visitor(), &members, body.value).await?;
    Ok(arrived(&gate, &request, HttpResponse::Created(), &arrival))
}

/// Signs in. Sets the session cookie; `token` is null for browsers.
#[utoipa::path(post, path = "/api/v1/sign-in", request_body = SignIn, responses((status = 200, body = SignedIn)))]
async fn sign_in(gate: Public, body: Body<SignIn>, members: Needs, request: HttpRequest) -> Result<HttpResponse> {
    let arrival = actions::sign_in(gate.ground(), gate.visitor(), &members, body.value).await?;
    Ok(arrived(&gate, &request, HttpResponse::Ok(), &arrival))
}

/// Ends the session that asks, and takes the cookie away.
#[utoipa::path(post, path = "/api/v1/sign-out", responses((status = 204)))]
async fn sign_out(gate: Public, request: HttpRequest) -> Result<HttpResponse> {
    let gone = no_session_cookie(&request, gate.visitor());
    gate.write(actions::sign_out).await?;
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

/// Opens the door of somebody in the demo, once; there is none elsewhere. Sets the session cookie.
#[utoipa::path(post, path = "/api/v1/demo/{code}", params(("code" = String, Path)), responses((status = 200, body = SignedIn)))]
async fn enter_demo(gate: Public, code: Code, request: HttpRequest) -> Result<HttpResponse> {
    let arrival = actions::enter_demo(gate.ground(), gate.visitor(), code.0.0).await?;
    Ok(arrived(&gate, &request, HttpResponse::Ok(), &arrival))
}

/// Somebody forgot a password.
#[derive(Deserialize, utoipa::ToSchema)]
struct Forgotten {
    /// Username or mail address.
    username_or_email: String,
}

/// Sends a letter with a link when there is such a member with a mail address. The answer is always the same.
#[utoipa::path(post, path = "/api/v1/password-resets", request_body = Forgotten, responses((status = 202)))]
async fn ask_for_reset(gate: Public, body: Body<Forgotten>) -> Result<HttpResponse> {
    actions::ask_for_reset(gate.ground(), gate.visitor(), &body.value.username_or_email).await?;
    Ok(HttpResponse::Accepted().json(serde_json::json!({})))
}

/// Another password.
#[derive(Deserialize, utoipa::ToSchema)]
struct NewPassword {
    /// 10–256 characters.
    password: String,
}

/// Sets another password by the code of a link; every session of the member ends.
#[utoipa::path(post, path = "/api/v1/password-resets/{code}", params(("code" = String, Path)), request_body = NewPassword, responses((status = 204)))]
async fn reset(gate: Public, body: Body<NewPassword>, members: Needs, code: Code) -> Result<HttpResponse> {
    actions::reset_password(gate.ground(), gate.visitor(), &members, code.0.0, &body.value.password).await?;
    Ok(no_content())
}

/// The code in the path.
pub(in crate::members) struct Code(pub Named);

impl actix_web::FromRequest for Code {
    type Error = crate::error::Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(Named::from_path(request).map(Self))
    }
}
