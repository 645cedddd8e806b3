//! Checkouts: the API by which they are opened and looked at, the page one comes back to, and the pages of the test provider.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;

use super::super::actions::{self, Billing, CheckoutPage, NewCheckout, Prepared};
use super::super::model::{LineKind, Order, OrderState};
use super::super::policy::{Buy, OwnOrder, OwnSubscription, PayTest, SeeOwnOrder};
use super::super::providers::ProviderKind;
use super::super::providers::test::{self, Recurring, Session, Stage, TestAct};
use super::guessing::Guesses;
use crate::access::{Allow, Body, Routes};
use crate::error::{Error, Found, Result};
use crate::http::Site;
use crate::ids::{OrderId, SubscriptionId};
use crate::members::{self, site_address};
use crate::money::Money;

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(checkout, settle, portal, act, card, skip))]
struct Api;

/// The description of these routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Registers them.
pub fn mount(routes: &mut Routes<'_>) {
    routes
        .post("/api/v1/checkout", checkout)
        .post("/api/v1/me/orders/{order}/settle", settle)
        .post("/api/v1/me/subscriptions/{subscription}/portal", portal)
        .get("/orders/{order}", returned)
        .post("/api/v1/pay/test/card/{code}/skip", skip)
        // Before the page of a checkout: "card" is no code.
        .get("/pay/test/card/{code}", card_page)
        .post("/api/v1/pay/test/card/{code}", card)
        .get("/pay/test/{code}", page)
        .post("/api/v1/pay/test/{code}", act);
}

/// What handlers need beside the ground.
type Needs = Data<Billing>;

/// Opens a checkout at a provider, and answers where to pay; the same wish again is the same checkout while it can be paid.
#[utoipa::path(post, path = "/api/v1/checkout", request_body = NewCheckout, responses((status = 201, body = CheckoutPage)))]
async fn checkout(gate: Allow<Buy>, body: Body<NewCheckout>, billing: Needs) -> Result<HttpResponse> {
    let NewCheckout { price, provider, gift, promotion } = body.value;
    let kind = provider.or_else(|| billing.providers.ready().first().copied()).ok_or_else(|| Error::conflict("billing.provider_off"))?;
    let at = billing.providers.of(kind)?;
    let within = billing.clone();
    let (db, base, language) = (gate.ground().db.clone(), site_address(&gate.ground().config), gate.visitor().language);
    let guesses = Guesses::of(&gate, promotion.as_deref());
    let tries = guesses.clone();
    let prepared = gate.write(move |tx, may, _| {
        tries.before(may.member())?;
        let wish = (price, kind, LineKind::of(gift), promotion.as_deref());
        let prepared = actions::prepare(tx, may, &within, wish, (&base, language))?;
        tries.right(may.member());
        Ok(prepared)
    });
    let prepared = guesses.counted(prepared).await?;
    let page = match prepared {
        Prepared::Open(page) => page,
        Prepared::New(checkout, key) => {
            let order = checkout.order;
            match at.open(&checkout, &key).await {
                Ok(opened) => {
                    let kept = db.write(move |tx| actions::keep_opened(tx, order, &opened)).await?;
                    kept.ok_or_else(|| Error::conflict("billing.checkout_differs"))?
                }
                // Understood and refused: under its key it would be refused for ever.
                Err(refused) if refused.status() == 409 => {
                    db.write(move |tx| actions::not_opened(tx, order)).await?;
                    return Err(refused);
                }
                Err(error) => return Err(error),
            }
        }
    };
    Ok(HttpResponse::Created().json(page))
}

/// Asks the provider where the checkout of an own order stands; nothing that the browser says counts.
#[utoipa::path(post, path = "/api/v1/me/orders/{order}/settle", params(("order" = OrderId, Path)), responses((status = 200, body = Order)))]
async fn settle(gate: Allow<OwnOrder>, billing: Needs) -> Result<HttpResponse> {
    let db = gate.ground().db.clone();
    let order = gate.read(|_, may, _| Ok(may.order())).await?;
    Ok(HttpResponse::Ok().json(actions::settle_now(&db, &billing, order, false).await?))
}

/// Where to go.
#[derive(Serialize, utoipa::ToSchema)]
struct Portal {
    /// An address; one of ours begins with `/`.
    url: String,
}

/// The address of the provider's page where the card of an own subscription is changed.
#[utoipa::path(post, path = "/api/v1/me/subscriptions/{subscription}/portal", params(("subscription" = SubscriptionId, Path)), responses((status = 200, body = Portal)))]
async fn portal(gate: Allow<OwnSubscription>, billing: Needs) -> Result<HttpResponse> {
    let (base, language) = (site_address(&gate.ground().config), gate.visitor().language);
    let at = gate.read(|conn, may, _| actions::elsewhere(conn, may)?.found()).await?;
    let back = format!("{base}/settings/membership");
    let url = billing.providers.of(at.provider)?.portal(&at.external_id, &back, language).await?;
    Ok(HttpResponse::Ok().json(Portal { url }))
}

/// What `billing/order.html` sees.
#[derive(Serialize)]
struct OrderPage {
    order: Order,
    is_awaiting: bool,
}

/// `GET /orders/{order}`: where one comes back to from a checkout. It says what is so, and asks the provider when that is not known.
async fn returned(gate: Allow<SeeOwnOrder>, site: Site) -> Result<HttpResponse> {
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let (looker, page) = gate
        .read(move |conn, may, actor| {
            let order = actions::own_order(conn, may.order())?;
            Ok((members::looker(conn, actor, &asked)?, OrderPage { is_awaiting: order.state == OrderState::Awaiting, order }))
        })
        .await?;
    site.page(&looker, &visitor, "billing/order.html", page)
}

/// Is the test provider there?
fn must_be_there(billing: &Billing) -> Result<()> {
    let is_there = billing.providers.of(ProviderKind::Test).is_ok_and(|at| at.is_ready());
    if is_there { Ok(()) } else { Err(Error::NotFound) }
}

/// What `billing/pay_test.html` sees.
#[derive(Serialize)]
struct PayPage {
    session: Session,
    stage: Stage,
    /// What is paid first.
    due: Money,
}

/// `GET /pay/test/{code}`: the test provider's own page of a checkout.
async fn page(gate: Allow<PayTest>, site: Site, billing: Needs) -> Result<HttpResponse> {
    must_be_there(&billing)?;
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let (looker, page) = gate
        .read(move |conn, may, actor| {
            let session = test::session(conn, may.name())?;
            Ok((members::looker(conn, actor, &asked)?, PayPage { stage: session.stage(actor.now), due: session.due(), session }))
        })
        .await?;
    site.page(&looker, &visitor, "billing/pay_test.html", page)
}

/// What is done on a page of the test provider.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
struct TestStep {
    /// Which card, or what its bank says.
    act: TestAct,
}

/// How a checkout of the test provider stands.
#[derive(Serialize, utoipa::ToSchema)]
struct TestAnswer {
    /// Is it paid?
    paid: bool,
    /// For which order.
    order: OrderId,
}

/// Does something on the test provider's page; like a provider elsewhere it then gives us a hint.
#[utoipa::path(post, path = "/api/v1/pay/test/{code}", params(("code" = String, Path)), request_body = TestStep, responses((status = 200, body = TestAnswer)))]
async fn act(gate: Allow<PayTest>, body: Body<TestStep>, billing: Needs) -> Result<HttpResponse> {
    must_be_there(&billing)?;
    let step = body.value.act;
    let answer = gate
        .write(move |tx, may, _| {
            let session = test::act(tx, may.name(), step)?;
            actions::hint(tx, session.order)?;
            Ok(TestAnswer { paid: session.stage == Stage::Complete, order: session.order })
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// What `billing/card_test.html` sees.
#[derive(Serialize)]
struct CardPage {
    card: Recurring,
}

/// `GET /pay/test/card/{code}`: the test provider's page where the card of a subscription is changed.
async fn card_page(gate: Allow<PayTest>, site: Site, billing: Needs) -> Result<HttpResponse> {
    must_be_there(&billing)?;
    let visitor = gate.visitor().clone();
    let asked = visitor.clone();
    let (looker, page) = gate
        .read(move |conn, may, actor| {
            Ok((members::looker(conn, actor, &asked)?, CardPage { card: test::recurring(conn, may.name(), actor.now)? }))
        })
        .await?;
    site.page(&looker, &visitor, "billing/card_test.html", page)
}

/// The card of a subscription.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
struct Card {
    /// Does it work? What is owed is then paid.
    works: bool,
}

/// From now on the card works, or does not; the provider gives us a hint.
#[utoipa::path(post, path = "/api/v1/pay/test/card/{code}", params(("code" = String, Path)), request_body = Card, responses((status = 204)))]
async fn card(gate: Allow<PayTest>, body: Body<Card>, billing: Needs) -> Result<HttpResponse> {
    must_be_there(&billing)?;
    let works = body.value.works;
    gate.write(move |tx, may, _| {
        let card = test::set_card(tx, may.name(), works)?;
        actions::hint_subscription(tx, ProviderKind::Test, &card.id)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The period of the subscription is over at once, as if time had passed: what is due then is charged or owed, and what was planned for it
/// holds; the provider gives us a hint.
#[utoipa::path(post, path = "/api/v1/pay/test/card/{code}/skip", params(("code" = String, Path)), responses((status = 204)))]
async fn skip(gate: Allow<PayTest>, billing: Needs) -> Result<HttpResponse> {
    must_be_there(&billing)?;
    gate.write(move |tx, may, _| {
        let card = test::skip(tx, may.name())?;
        actions::hint_subscription(tx, ProviderKind::Test, &card.id)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
