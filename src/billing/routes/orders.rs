//! The API of prices, orders, payments and subscriptions: URL, gate, action, JSON. No decisions.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::super::actions::{
    self, Billing, Earned, Figures, FindOrders, FindSubscriptions, NewOrder, NewPayment, NewRefund, NewSale, Offers, OrderLines, Recorded,
    Refunding,
};
use super::super::model::{NewPrice, Order, OrderState, Price, StrangeCheckout, Subscription, SubscriptionStatus};
use super::super::policy::{
    Buy, EditPlan, EditPrice, HandleOrder, LookIntoOrder, OwnOrder, OwnSubscription, SeeOrders, TakeMoney, UndoPayment,
};
use super::ActNote;
use super::guessing::Guesses;
use crate::access::{Allow, Body, PAGE_MOST, Page, Query, Routes, page_limit};
use crate::error::{Error, Refusal, RefusalKind, Result};
use crate::ids::{MemberId, OrderId, PaymentId, PlanId, PriceId, RefundId, SubscriptionId};
use crate::members::SeeMe;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(
    offers,
    my_orders,
    ask,
    cancel_order,
    cancel,
    resume,
    set_price,
    archive_price,
    orders,
    strange,
    look_again,
    set_aside,
    decline,
    record_payment,
    record_sale,
    allow_card,
    reverse_payment,
    refund,
    subscriptions,
    earned,
    figures
))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .get("/api/v1/offers", offers)
        .get("/api/v1/me/orders", my_orders)
        .post("/api/v1/me/orders", ask)
        .post("/api/v1/me/orders/{order}/cancel", cancel_order)
        .post("/api/v1/me/subscriptions/{subscription}/cancel", cancel)
        .post("/api/v1/me/subscriptions/{subscription}/resume", resume)
        .post("/api/v1/admin/plans/{plan}/prices", set_price)
        .delete("/api/v1/admin/prices/{price}", archive_price)
        .get("/api/v1/admin/orders", orders)
        .get("/api/v1/admin/orders/strange", strange)
        .post("/api/v1/admin/orders/{order}/decline", decline)
        .post("/api/v1/admin/orders/{order}/look", look_again)
        .post("/api/v1/admin/orders/{order}/set-aside", set_aside)
        .post("/api/v1/admin/orders/{order}/payments", record_payment)
        .post("/api/v1/admin/members/{member}/payments", record_sale)
        .post("/api/v1/admin/members/{member}/allow-card", allow_card)
        .post("/api/v1/admin/payments/{payment}/reverse", reverse_payment)
        .post("/api/v1/admin/payments/{payment}/refund", refund)
        .get("/api/v1/admin/subscriptions", subscriptions)
        .get("/api/v1/admin/earned", earned)
        .get("/api/v1/admin/figures", figures);
}

/// What handlers need beside the ground.
type Needs = Data<Billing>;

/// What is on offer to the member who asks, how this community takes payment, and what they asked for.
#[utoipa::path(get, path = "/api/v1/offers", responses((status = 200, body = Offers)))]
async fn offers(gate: Allow<SeeMe>, billing: Needs) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(gate.read(move |conn, may, actor| actions::offers(conn, may, &billing, actor.now)).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Older {
    /// Only those before this one.
    before: Option<OrderId>,
    /// 1–200.
    limit: Option<i64>,
}

/// The orders of the member who asks with their payments, newest first.
#[utoipa::path(get, path = "/api/v1/me/orders", params(Older), responses((status = 200, body = Page<OrderLines>)))]
async fn my_orders(gate: Allow<SeeMe>, query: Query<Older>) -> Result<HttpResponse> {
    let (before, limit) = (query.0.before, page_limit(query.0.limit, PAGE_MOST)?);
    let page = gate.read(move |conn, may, _| actions::my_orders(conn, may, before, limit)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Asks for a membership that is paid by hand; under one `client_key` there is one order.
#[utoipa::path(post, path = "/api/v1/me/orders", request_body = NewOrder, responses((status = 201, body = Order)))]
async fn ask(gate: Allow<Buy>, body: Body<NewOrder>) -> Result<HttpResponse> {
    let guesses = Guesses::of(&gate, body.value.promotion.as_deref());
    let tries = guesses.clone();
    let asked = gate.create(body, move |tx, may, _, new| {
        tries.before(may.member())?;
        let order = actions::ask(tx, may, &new)?;
        tries.right(may.member());
        Ok(order)
    });
    guesses.counted(asked).await
}

/// Gives an own order up.
#[utoipa::path(post, path = "/api/v1/me/orders/{order}/cancel", params(("order" = OrderId, Path)), responses((status = 200, body = Order)))]
async fn cancel_order(gate: Allow<OwnOrder>) -> Result<HttpResponse> {
    let order = gate.write(|tx, may, _| actions::cancel_order(tx, may)).await?;
    Ok(HttpResponse::Ok().json(order))
}

/// Has an own subscription end with the period that is paid.
#[utoipa::path(post, path = "/api/v1/me/subscriptions/{subscription}/cancel", params(("subscription" = SubscriptionId, Path)), responses((status = 200, body = Subscription)))]
async fn cancel(gate: Allow<OwnSubscription>, billing: Needs) -> Result<HttpResponse> {
    change_end(gate, billing, true).await
}

/// Has it go on after all.
#[utoipa::path(post, path = "/api/v1/me/subscriptions/{subscription}/resume", params(("subscription" = SubscriptionId, Path)), responses((status = 200, body = Subscription)))]
async fn resume(gate: Allow<OwnSubscription>, billing: Needs) -> Result<HttpResponse> {
    change_end(gate, billing, false).await
}

/// Here, or at the provider that keeps it.
async fn change_end(gate: Allow<OwnSubscription>, billing: Needs, cancels: bool) -> Result<HttpResponse> {
    let (db, within) = (gate.ground().db.clone(), billing.clone());
    let done = gate.write(move |tx, may, _| match actions::elsewhere(tx, may)? {
        None => actions::cancel_at_end(tx, may, &within, cancels).map(Ok),
        Some(at) => Ok(Err((may.subscription(), at))),
    });
    let subscription = match done.await? {
        Ok(subscription) => subscription,
        Err((id, at)) => actions::cancel_elsewhere(&db, &billing, id, &at, cancels).await?,
    };
    Ok(HttpResponse::Ok().json(subscription))
}

/// Says what a plan costs in a currency and period, in place of what it cost.
#[utoipa::path(post, path = "/api/v1/admin/plans/{plan}/prices", params(("plan" = PlanId, Path)), request_body = NewPrice, responses((status = 201, body = Price)))]
async fn set_price(gate: Allow<EditPlan>, body: Body<NewPrice>) -> Result<HttpResponse> {
    gate.create(body, actions::set_price).await
}

/// Puts a price away: nobody new buys by it, and whoever pays by it goes on.
#[utoipa::path(delete, path = "/api/v1/admin/prices/{price}", params(("price" = PriceId, Path)), responses((status = 204)))]
async fn archive_price(gate: Allow<EditPrice>) -> Result<HttpResponse> {
    gate.write(actions::archive_price).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Find {
    /// Only those that stand here.
    state: Option<OrderState>,
    /// Only those of this member.
    member: Option<MemberId>,
    /// `true`: only those that are paid by hand.
    by_hand: Option<bool>,
    /// Only those before this one.
    before: Option<OrderId>,
    /// 1–200.
    limit: Option<i64>,
}

/// Everybody's orders with their payments, newest first.
#[utoipa::path(get, path = "/api/v1/admin/orders", params(Find), responses((status = 200, body = Page<OrderLines>)))]
async fn orders(gate: Allow<SeeOrders>, query: Query<Find>) -> Result<HttpResponse> {
    let Find { state, member, by_hand, before, limit } = query.0;
    let find = FindOrders { state, member, by_hand: by_hand.unwrap_or(false), before, limit: page_limit(limit, PAGE_MOST)? };
    let page = gate.read(move |conn, may, _| actions::find_orders(conn, may, &find)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Turns an order down; its buyer reads why.
#[utoipa::path(post, path = "/api/v1/admin/orders/{order}/decline", params(("order" = OrderId, Path)), request_body = ActNote, responses((status = 200, body = Order)))]
async fn decline(gate: Allow<HandleOrder>, body: Body<ActNote>, billing: Needs) -> Result<HttpResponse> {
    let order = gate.write(move |tx, may, actor| actions::decline(tx, may, actor, &billing, &body.value.note)).await?;
    Ok(HttpResponse::Ok().json(order))
}

/// Checkouts of which their provider says what does not belong to their order: nothing was given for them, and somebody must look.
#[utoipa::path(get, path = "/api/v1/admin/orders/strange", params(Older), responses((status = 200, body = Page<StrangeCheckout>)))]
async fn strange(gate: Allow<SeeOrders>, query: Query<Older>) -> Result<HttpResponse> {
    let (before, limit) = (query.0.before, page_limit(query.0.limit, PAGE_MOST)?);
    let page = gate.read(move |conn, may, _| actions::strange_checkouts(conn, may, before, limit)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Asks the provider where the checkout of an order stands, and settles it.
#[utoipa::path(post, path = "/api/v1/admin/orders/{order}/look", params(("order" = OrderId, Path)), responses((status = 200, body = Order), (status = 409, description = "it still says what does not belong to this order")))]
async fn look_again(gate: Allow<LookIntoOrder>, billing: Needs) -> Result<HttpResponse> {
    let db = gate.ground().db.clone();
    let order = gate.write(actions::look_into).await?;
    Ok(HttpResponse::Ok().json(actions::settle_now(&db, &billing, order, false).await?))
}

/// Sets a strange checkout aside that somebody has looked at; an order that still waits is turned down, and its buyer reads why. What goes on
/// after the checkout is ended at its provider.
#[utoipa::path(post, path = "/api/v1/admin/orders/{order}/set-aside", params(("order" = OrderId, Path)), request_body = ActNote, responses((status = 200, body = Order), (status = 409, description = "there is nothing to look at")))]
async fn set_aside(gate: Allow<LookIntoOrder>, body: Body<ActNote>, billing: Needs) -> Result<HttpResponse> {
    let order = gate.write(move |tx, may, actor| actions::set_aside(tx, may, actor, &billing, &body.value.note)).await?;
    Ok(HttpResponse::Ok().json(order))
}

/// Lets a member pay by card again whose bank took money back.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/allow-card", params(("member" = MemberId, Path)), request_body = ActNote, responses((status = 204), (status = 409, description = "they may already")))]
async fn allow_card(gate: Allow<TakeMoney>, body: Body<ActNote>) -> Result<HttpResponse> {
    gate.write(move |tx, may, actor| actions::allow_card(tx, may, actor, &body.value.note)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Writes down money that came for an order, and gives what was bought.
#[utoipa::path(post, path = "/api/v1/admin/orders/{order}/payments", params(("order" = OrderId, Path)), request_body = NewPayment, responses((status = 201, body = Recorded)))]
async fn record_payment(gate: Allow<HandleOrder>, body: Body<NewPayment>, billing: Needs) -> Result<HttpResponse> {
    gate.create(body, move |tx, may, actor, new| actions::record_payment(tx, may, actor, &billing, &new)).await
}

/// Writes down money for a membership that nobody asked for before, and gives it.
#[utoipa::path(post, path = "/api/v1/admin/members/{member}/payments", params(("member" = MemberId, Path)), request_body = NewSale, responses((status = 201, body = Recorded)))]
async fn record_sale(gate: Allow<TakeMoney>, body: Body<NewSale>, billing: Needs) -> Result<HttpResponse> {
    gate.create(body, move |tx, may, actor, new| actions::record_sale(tx, may, actor, &billing, &new)).await
}

/// Takes a payment back by a row that reverses it, with what it bought; nothing is deleted.
#[utoipa::path(post, path = "/api/v1/admin/payments/{payment}/reverse", params(("payment" = PaymentId, Path)), request_body = ActNote, responses((status = 201, body = Recorded)))]
async fn reverse_payment(gate: Allow<UndoPayment>, body: Body<ActNote>, billing: Needs) -> Result<HttpResponse> {
    gate.create(body, move |tx, may, actor, why: ActNote| actions::reverse_payment(tx, may, actor, &billing, &why.note)).await
}

/// Which refund a request was for.
#[derive(Serialize, Deserialize)]
struct Wished {
    refund: Option<RefundId>,
    order: OrderId,
}

/// Gives money back, all of it or a part: by hand at once; at a provider it is asked for, and the answer says how the order then stands.
#[utoipa::path(post, path = "/api/v1/admin/payments/{payment}/refund", params(("payment" = PaymentId, Path)), request_body = NewRefund, responses((status = 200, body = Order), (status = 503, description = "it is under way: its outcome is not known yet")))]
async fn refund(gate: Allow<UndoPayment>, body: Body<NewRefund>, billing: Needs) -> Result<HttpResponse> {
    let (db, within) = (gate.ground().db.clone(), billing.clone());
    let wished = gate
        .once(body, move |tx, may, actor, new| {
            let refund = match actions::refund(tx, may, actor, &within, &new)? {
                Refunding::At(id) => Some(id),
                Refunding::Done(_) => None,
            };
            Ok(Wished { refund, order: actions::order_of_payment(tx, may)? })
        })
        .await?;
    let Wished { refund, order } = serde_json::from_str(&wished.answer)?;
    if let Some(id) = refund {
        actions::refund_now(&db, &billing, id).await.map_err(|error| match error {
            Error::Busy { retry_after_ms } => Error::Refused(Refusal {
                kind: RefusalKind::Unavailable,
                code: "billing.refund_under_way",
                retry_after_ms: Some(retry_after_ms),
                said: None,
            }),
            other => other,
        })?;
    }
    Ok(HttpResponse::Ok().json(db.read(move |conn| actions::own_order(conn, order)).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FindThose {
    /// Only those that go on, or only those that are over.
    open: Option<bool>,
    /// Only those that stand here.
    status: Option<SubscriptionStatus>,
    /// Only those before this one.
    before: Option<SubscriptionId>,
    /// 1–200.
    limit: Option<i64>,
}

/// Everybody's subscriptions, newest first.
#[utoipa::path(get, path = "/api/v1/admin/subscriptions", params(FindThose), responses((status = 200, body = Page<Subscription>)))]
async fn subscriptions(gate: Allow<SeeOrders>, query: Query<FindThose>) -> Result<HttpResponse> {
    let FindThose { open, status, before, limit } = query.0;
    let find = FindSubscriptions { open, status, before, limit: page_limit(limit, PAGE_MOST)? };
    let page = gate.read(move |conn, may, _| actions::find_subscriptions(conn, may, find)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// What came and went back in the last twelve months, month by month and currency by currency; test payments are no money.
#[utoipa::path(get, path = "/api/v1/admin/earned", responses((status = 200, body = Page<Earned>)))]
async fn earned(gate: Allow<SeeOrders>) -> Result<HttpResponse> {
    let months = gate.read(|conn, may, actor| actions::earned(conn, may, actor.now)).await?;
    Ok(HttpResponse::Ok().json(Page::whole(months)))
}

/// Who pays, owes and leaves now, and month by month who came and left; what is paid at the test provider is not selling.
#[utoipa::path(get, path = "/api/v1/admin/figures", responses((status = 200, body = Figures)))]
async fn figures(gate: Allow<SeeOrders>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(gate.read(|conn, may, actor| actions::figures(conn, may, actor.now)).await?))
}
