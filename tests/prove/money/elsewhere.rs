//! `localstripe`, somebody else's double of an API of 2017, as a process of its own: what it has is made over its own HTTP; our client reads,
//! gives back and cancels there, and its signed webhooks enter our route. bin/prove brings it through pip.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rialto::billing::stripe::{Call, Client};
use serde_json::{Value, json};

use crate::market::Market;
use crate::options::Options;
use crate::stripe::{KEY, SECRET};
use crate::verdict::Line;

/// Events of one purchase there.
const EVENTS: i64 = 6;

/// The process; ended when dropped.
struct Elsewhere {
    child: Child,
    url: String,
    http: reqwest::Client,
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Elsewhere {
    async fn start(options: &Options) -> Result<Self, String> {
        let python = options.python.as_ref().ok_or("--python names an interpreter that has localstripe")?;
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| error.to_string())?.port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prove/money/elsewhere.py");
        let started = Command::new(python).arg(script).arg(port.to_string()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = started.map_err(|error| format!("{}: {error}", python.display()))?;
        let this = Self { child, url: format!("http://127.0.0.1:{port}"), http: reqwest::Client::new() };
        for _ in 0..200 {
            if this.http.get(format!("{}/v1/customers", this.url)).basic_auth(KEY, Some("")).send().await.is_ok() {
                return Ok(this);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("localstripe does not answer".to_owned())
    }

    async fn make(&self, path: &str, form: &[(&str, &str)]) -> Result<Value, String> {
        let body: Vec<String> =
            form.iter().map(|(name, value)| format!("{}={value}", name.replace('[', "%5B").replace(']', "%5D"))).collect();
        let request = self.http.post(format!("{}{path}", self.url)).basic_auth(KEY, Some("")).body(body.join("&"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let (status, text) = (answer.status(), answer.text().await.map_err(|error| error.to_string())?);
        if !status.is_success() {
            return Err(format!("{path}: {status} {text}"));
        }
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    async fn get(&self, path: &str) -> Result<Value, String> {
        let answer = self.http.get(format!("{}{path}", self.url)).basic_auth(KEY, Some("")).send().await;
        let text = answer.map_err(|error| error.to_string())?.text().await.map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// Has its events sent to our route, signed with this.
    async fn tell(&self, route: &str, secret: &str) -> Result<(), String> {
        let webhook = json!({ "url": route, "secret": secret });
        let sent = self.http.post(format!("{}/_config/webhooks/rialto", self.url)).json(&webhook).send().await;
        sent.map(drop).map_err(|error| error.to_string())
    }

    /// Somebody buys: the ids of the customer and the subscription.
    async fn purchase(&self, plan: &str) -> Result<[String; 2], String> {
        let card = [
            ("source[object]", "card"),
            ("source[number]", "4242424242424242"),
            ("source[exp_month]", "12"),
            ("source[exp_year]", "2040"),
            ("source[cvc]", "123"),
        ];
        let customer = self.make("/v1/customers", &card).await?;
        let customer = customer["id"].as_str().unwrap_or_default().to_owned();
        let product = format!("prod_{plan}");
        self.make("/v1/products", &[("id", &product), ("name", plan), ("type", "service")]).await?;
        let terms = [("id", plan), ("amount", "1200"), ("currency", "eur"), ("interval", "month"), ("product", &product)];
        self.make("/v1/plans", &terms).await?;
        let subscription = self.make("/v1/subscriptions", &[("customer", &customer), ("items[0][plan]", plan)]).await?;
        Ok([customer, subscription["id"].as_str().unwrap_or_default().to_owned()])
    }
}

/// Everything that it has.
pub async fn localstripe(options: &Options, proof: &str) -> Result<Vec<Line>, String> {
    let there = Elsewhere::start(options).await?;
    let market = Market::lay_beside(options, 1, Some(&there.url)).await?;
    let program = market.plan.start().await?;
    there.tell(&format!("http://{}/hooks/stripe", program.address), SECRET).await?;
    let [customer, subscription] = there.purchase("friends").await?;
    let client = Client::new(KEY, Some(&there.url)).map_err(|error| error.to_string())?;
    let charges = client.charges(&customer, None).await.map_err(|failure| failure.to_string())?.data;
    let paid: i64 = charges.iter().map(|charge| charge.amount).sum();
    let mut lines = vec![Line::must(proof, "our client reads what was paid, in cents", paid.to_string(), paid == 1_200)];
    let intent = charges.first().and_then(|charge| charge.payment_intent.clone()).ok_or("no payment")?;
    let tags = [("rialto_refund".to_owned(), "1".to_owned())].into();
    let back = Call::Refund { payment_intent: intent, minor: 300, tags }.make(&client, "refund/1").await;
    let back = back.map_err(|failure| failure.to_string())?.id().to_owned();
    let refund = client.refund(&back).await.map_err(|failure| failure.to_string())?;
    lines.push(Line::must(proof, "our client gives 3.00 back", format!("{} {:?}", refund.amount, refund.status), refund.amount == 300));
    let charges = client.charges(&customer, None).await.map_err(|failure| failure.to_string())?.data;
    let given: i64 = charges.iter().map(|charge| charge.amount_refunded).sum();
    lines.push(Line::must(proof, "and the charge says so", given.to_string(), given == 300));
    let ended = Call::EndNow { subscription: subscription.clone() }.make(&client, "end/1").await.map(|answer| answer.id().to_owned());
    let status = there.get(&format!("/v1/subscriptions/{subscription}")).await?["status"].clone();
    lines.push(Line::must(proof, "our client cancels", format!("{status}"), ended == Ok(subscription) && status == "canceled"));
    let mut kept = 0;
    for _ in 0..400 {
        kept = market.count("stripe_events WHERE source = 0 AND event NOT LIKE 'unread_%'")?;
        if kept >= EVENTS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    lines.push(Line::least(proof, "its signed webhooks that our route kept, whoever was quicker", kept as f64, EVENTS as f64));
    drop(program);
    Ok(lines)
}
