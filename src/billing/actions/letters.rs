//! Letters about money: written into the outbox in the transaction of what they tell, each once, in its reader's language and zone.

use std::sync::Arc;

use super::subscribing::grace_days;
use super::{Billing, store};
use crate::access::Keys;
use crate::billing::model::{
    Dun, Every, GiftRow, GrantRow, GrantSource, LineRow, Method, OrderRow, PaymentRow, SubscriptionRow, SubscriptionStatus, dunning,
    receipt,
};
use crate::billing::providers::ProviderKind;
use crate::clock::Millis;
use crate::error::{Error, Found, Result};
use crate::ids::MemberId;
use crate::mail::{Letter, Mailer, Sheet};
use crate::members::{self, Addressee};
use crate::money::{Money, add_days, date_in};
use crate::settings::Settings;
use crate::storage::Tx;
use crate::text::Words;

/// Days before its end at which somebody is told that something ends.
pub(super) const SOON_DAYS: u32 = 3;

/// What letters and codes are written with.
#[derive(Clone, Debug)]
pub struct Pen {
    /// The outbox.
    pub mailer: Mailer,
    /// Every word that people read.
    pub words: Arc<Words>,
    /// What codes are made from.
    pub keys: Keys,
    /// Where people reach the community, without a slash at the end.
    pub address: String,
}

/// The reader's language, and the time where they are.
struct Voice<'a> {
    words: &'a Words,
    language: &'a str,
    zone: &'a str,
    community: &'a str,
    address: &'a str,
}

impl Voice<'_> {
    fn t(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.words.t(self.language, key, values)
    }

    /// A day as one writes it in a sentence.
    fn day(&self, at: Millis) -> String {
        let (day, month, year) = date_in(at, self.zone);
        let day = if day == 1 { self.t("mail.day_first", &[]) } else { day.to_string() };
        let month = self.t(&format!("mail.month_{month}"), &[]);
        self.t("mail.date", &[("day", &day), ("month", &month), ("year", &year.to_string())])
    }

    fn price(&self, money: Money, every: Every) -> String {
        format!("{} {}", money.text(self.language), self.t(every_word(every), &[]))
    }

    fn fact(&self, key: &str, value: impl Into<String>) -> (String, String) {
        (self.t(key, &[]), value.into())
    }

    fn my_memberships(&self) -> Option<(String, String)> {
        Some((self.t("billing.show_page", &[]), format!("{}/settings/membership", self.address)))
    }

    /// A letter with this subject that says this; `values` are filled into all of it.
    fn sheet(&self, subject: &str, says: &[&str], values: &[(&str, &str)]) -> Sheet {
        Sheet {
            language: self.language.to_owned(),
            from: self.community.to_owned(),
            title: self.t(subject, values),
            says: says.iter().map(|key| self.t(key, values)).filter(|text| !text.is_empty()).collect(),
            foot: self.t("billing.letter_foot", &[("community", self.community)]),
            ..Sheet::default()
        }
    }
}

const fn every_word(every: Every) -> &'static str {
    match every {
        Every::Once => "billing.every_once",
        Every::Month => "billing.every_month",
        Every::Year => "billing.every_year",
    }
}

const fn gift_word(every: Every) -> &'static str {
    match every {
        Every::Once => "billing.gift_for_once",
        Every::Month => "billing.gift_for_month",
        Every::Year => "billing.gift_for_year",
    }
}

const fn method_word(method: Method) -> &'static str {
    match method {
        Method::Cash => "billing.method_cash",
        Method::Bank => "billing.method_bank",
        Method::Card => "billing.method_card",
        Method::Other => "billing.method_other",
    }
}

/// Writes a letter to a member who gave an address, once for each `cause`.
fn write(
    tx: &mut Tx<'_>,
    billing: &Billing,
    (kind, cause): (&'static str, String),
    member: MemberId,
    make: impl FnOnce(&Voice<'_>) -> Sheet,
) -> Result<()> {
    match members::addressee(tx, member)? {
        Some(to) => write_to(tx, billing, (kind, cause), &to, make),
        None => Ok(()),
    }
}

fn write_to(
    tx: &mut Tx<'_>,
    billing: &Billing,
    (kind, cause): (&'static str, String),
    to: &Addressee,
    make: impl FnOnce(&Voice<'_>) -> Sheet,
) -> Result<()> {
    let Some(pen) = billing.pen() else { return Ok(()) };
    if !store::letters::is_first(tx, &cause)? {
        return Ok(());
    }
    let settings = Settings::load(tx)?;
    let language = if to.language.is_empty() { &settings.default_language } else { &to.language };
    let voice = Voice { words: &pen.words, language, zone: &to.time_zone, community: &settings.community_name, address: &pen.address };
    let mut sheet = make(&voice);
    sheet.greeting =
        if to.name.is_empty() { voice.t("billing.letter_hello_all", &[]) } else { voice.t("billing.letter_hello", &[("name", &to.name)]) };
    let (subject, text, html) = (sheet.title.clone(), sheet.text(), sheet.html());
    let letter = Letter { kind, member: to.member, to: to.email.clone(), subject, text, html };
    match pen.mailer.post(tx, &letter) {
        Ok(id) => store::letters::keep(tx, &cause, id),
        // An address that nobody can write to must not undo what the letter would have told.
        Err(Error::Invalid(_)) => {
            tracing::warn!(kind, "a letter could not be addressed");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Money came: how much, for what, and when the next is due.
pub(super) fn paid(tx: &mut Tx<'_>, billing: &Billing, order: &OrderRow, line: &LineRow, payment: &PaymentRow) -> Result<()> {
    let (money, number) = (payment.money()?, payment.receipt_year.zip(payment.receipt_number).map(|(year, number)| receipt(year, number)));
    let subscription = order.subscription.map(|id| store::subscriptions::by_id(tx, id)).transpose()?.flatten();
    let next = subscription.filter(|row| row.is_charged_again()).map(|row| row.period_end);
    let method = Method::from_number(payment.method);
    write(tx, billing, ("billing.receipt", format!("receipt/{}", payment.id)), order.buyer, |voice| {
        let mut sheet = voice.sheet("billing.letter_receipt_subject", &["billing.letter_receipt"], &[("plan", &line.text)]);
        let what = match line.every() {
            Some(every) if line.is_gift() => format!("{}, {}", line.text, voice.t(gift_word(every), &[])),
            _ if line.is_change() => format!("{}, {}", line.text, voice.t("billing.change_rest", &[])),
            _ => line.text.clone(),
        };
        sheet.facts = vec![
            voice.fact("billing.plan", what),
            voice.fact("billing.amount", money.text(voice.language)),
            voice.fact("billing.method", voice.t(method_word(method), &[])),
            voice.fact("billing.receipt_received", voice.day(payment.received_at)),
        ];
        sheet.facts.extend(number.as_ref().map(|number| voice.fact("billing.receipt_label", number.clone())));
        sheet.facts.extend(next.map(|at| voice.fact("billing.letter_next", voice.day(at))));
        sheet.act = match number {
            Some(_) => Some((voice.t("billing.letter_receipt_act", &[]), format!("{}/receipts/{}", voice.address, payment.id))),
            None => voice.my_memberships(),
        };
        sheet
    })
}

/// A payment is owed: said when it begins, at half of the days of grace, and a day before the end. Again it says nothing. By hand it is as
/// much as the order says that waits for it.
pub(super) fn dun(tx: &mut Tx<'_>, billing: &Billing, row: &SubscriptionRow) -> Result<()> {
    let (Some(since), SubscriptionStatus::PastDue) = (row.past_due_since, row.status()) else { return Ok(()) };
    let (now, grace) = (tx.now(), grace_days(tx)?);
    let Some(stage) = dunning(since, grace, now) else { return Ok(()) };
    let ((plan, money), ends_at) = (owed(tx, row)?, add_days(since, grace));
    let (reference, words) = match row.provider() {
        ProviderKind::Manual => (super::offering::reference_of(tx, row.member)?, Settings::load(tx)?.payment_words),
        ProviderKind::Test | ProviderKind::Stripe => (None, String::new()),
    };
    let cause = ("billing.failed", format!("owed/{}/{since}/{}", row.id, stage.name()));
    write(tx, billing, cause, row.member, |voice| {
        let values = [("plan", plan.as_str()), ("since", &voice.day(since)), ("until", &voice.day(ends_at))];
        let (subject, says) = match stage {
            Dun::Begun => ("billing.letter_failed_subject", "billing.letter_failed"),
            Dun::Half => ("billing.letter_failed_subject", "billing.letter_failed_still"),
            Dun::Last => ("billing.letter_failed_last_subject", "billing.letter_failed_last"),
        };
        let mut sheet = voice.sheet(subject, &[says, "billing.letter_failed_mend"], &values);
        sheet.says.extend(Some(words).filter(|words| !words.is_empty()));
        sheet.facts = vec![voice.fact("billing.plan", plan.clone()), voice.fact("billing.amount", money.text(voice.language))];
        sheet.facts.push(voice.fact("billing.letter_until", voice.day(ends_at)));
        sheet.facts.extend(reference.map(|reference| voice.fact("billing.your_reference", reference)));
        let label = voice.t("billing.pay_now", &[]);
        sheet.act = voice.my_memberships().map(|(_, url)| (label, url));
        sheet
    })
}

/// What is owed for a subscription, and for which plan.
fn owed(tx: &mut Tx<'_>, row: &SubscriptionRow) -> Result<(String, Money)> {
    match store::orders::renewal(tx, row.id)? {
        Some(order) => Ok((store::orders::line(tx, order.id)?.text, order.total()?)),
        None => Ok((store::plans::by_id(tx, row.plan)?.found()?.name, row.money()?)),
    }
}

/// The next payment by hand is asked for, before the end of what is paid; once for each sum.
pub(super) fn due(tx: &mut Tx<'_>, billing: &Billing, row: &SubscriptionRow, order: &OrderRow) -> Result<()> {
    let (plan, money, at) = (store::orders::line(tx, order.id)?.text, order.total()?, row.period_end);
    let (reference, words) = (super::offering::reference_of(tx, row.member)?, Settings::load(tx)?.payment_words);
    write(tx, billing, ("billing.due", format!("due/{}/{at}/{plan}/{}", row.id, money.amount)), row.member, |voice| {
        let values = [("plan", plan.as_str()), ("sum", &money.text(voice.language)), ("until", &voice.day(at))];
        let mut sheet = voice.sheet("billing.letter_due_subject", &["billing.letter_due"], &values);
        sheet.says.extend(Some(words).filter(|words| !words.is_empty()));
        sheet.facts = vec![voice.fact("billing.amount", money.text(voice.language))];
        sheet.facts.extend(reference.map(|reference| voice.fact("billing.your_reference", reference)));
        sheet.act = voice.my_memberships();
        sheet
    })
}

/// Something ends soon: a membership that was cancelled, a gift, a trial (after which `then` is charged).
pub(super) fn ending(tx: &mut Tx<'_>, billing: &Billing, grant: &GrantRow, ends_at: Millis, then: Option<(Money, Every)>) -> Result<()> {
    let plan = store::plans::by_id(tx, grant.plan)?.found()?.name;
    let is_trial = then.is_some() || grant.source() == GrantSource::Trial;
    write(tx, billing, ("billing.ending", format!("ending/{}/{ends_at}", grant.id)), grant.member, |voice| {
        let price = then.map_or_else(String::new, |(money, every)| voice.price(money, every));
        let values = [("plan", plan.as_str()), ("until", &voice.day(ends_at)), ("price", &price)];
        let (subject, says) = match (is_trial, then) {
            (true, Some(_)) => ("billing.letter_trial_subject", "billing.letter_trial_then"),
            (true, None) => ("billing.letter_trial_subject", "billing.letter_ending"),
            _ => ("billing.letter_ending_subject", "billing.letter_ending"),
        };
        Sheet { act: voice.my_memberships(), ..voice.sheet(subject, &[says], &values) }
    })
}

/// Something is over, and nothing of the same plan goes on or waits.
pub(super) fn ended(tx: &mut Tx<'_>, billing: &Billing, grant: &GrantRow) -> Result<()> {
    let now = tx.now();
    if store::grants::open(tx, grant.member, now)?.iter().any(|other| other.plan == grant.plan && other.id != grant.id) {
        return Ok(());
    }
    let (plan, at) = (store::plans::by_id(tx, grant.plan)?.found()?.name, grant.ends_at.unwrap_or(now));
    write(tx, billing, ("billing.ended", format!("ended/{}/{at}", grant.id)), grant.member, |voice| {
        let values = [("plan", plan.as_str()), ("at", &voice.day(at)), ("community", voice.community)];
        Sheet { act: voice.my_memberships(), ..voice.sheet("billing.letter_ended_subject", &["billing.letter_ended"], &values) }
    })
}

/// An administrator gave something.
pub(super) fn given(tx: &mut Tx<'_>, billing: &Billing, grant: &GrantRow, plan: &str) -> Result<()> {
    let now = tx.now();
    write(tx, billing, ("billing.given", format!("given/{}", grant.id)), grant.member, |voice| {
        let values = [("plan", plan), ("community", voice.community)];
        let says = if grant.starts_at <= now { "billing.letter_given" } else { "billing.letter_given_later" };
        let mut sheet = voice.sheet("billing.letter_given_subject", &[says], &values);
        sheet.says.extend(Some(grant.note.clone()).filter(|note| !note.is_empty()));
        sheet.facts = vec![voice.fact("billing.plan", plan)];
        sheet.facts.extend((grant.starts_at > now).then(|| voice.fact("billing.field_starts_at", voice.day(grant.starts_at))));
        sheet.facts.push(match grant.ends_at {
            Some(at) => voice.fact("billing.letter_until", voice.day(at)),
            None => voice.fact("billing.for_how_long", voice.t("billing.without_end", &[])),
        });
        sheet.act = voice.my_memberships();
        sheet
    })
}

/// A gift was bought: its code, to be passed on.
pub(super) fn gift_bought(tx: &mut Tx<'_>, billing: &Billing, row: &GiftRow, plan: &str) -> Result<()> {
    let code = billing.gift_code(row.id)?;
    write(tx, billing, ("billing.gift", format!("gift/{}", row.id)), row.made_by, |voice| {
        gift_sheet(voice, row, (plan, &code), ("billing.letter_gift_bought_subject", "billing.letter_gift_bought"))
    })
}

/// A gift for somebody with this address.
pub(super) fn gift_to(tx: &mut Tx<'_>, billing: &Billing, row: &GiftRow, plan: &str, email: &str) -> Result<()> {
    let code = billing.gift_code(row.id)?;
    let to = Addressee { member: None, email: email.to_owned(), name: String::new(), language: String::new(), time_zone: String::new() };
    write_to(tx, billing, ("billing.gift", format!("gift/{}", row.id)), &to, |voice| {
        gift_sheet(voice, row, (plan, &code), ("billing.letter_gift_subject", "billing.letter_gift"))
    })
}

fn gift_sheet(voice: &Voice<'_>, row: &GiftRow, (plan, code): (&str, &str), (subject, says): (&str, &str)) -> Sheet {
    let mut sheet = voice.sheet(subject, &[says], &[("plan", plan), ("community", voice.community)]);
    sheet.says.extend(Some(row.note.clone()).filter(|note| !note.is_empty()));
    let long = row
        .months
        .map_or_else(|| voice.t("billing.without_end", &[]), |n| voice.t("billing.gift_months_for", &[("count", &n.to_string())]));
    sheet.facts =
        vec![voice.fact("billing.plan", plan), voice.fact("billing.for_how_long", long), voice.fact("billing.gift_code_label", code)];
    sheet.facts.extend(row.expires_at.map(|at| voice.fact("billing.gift_redeem_until", voice.day(at))));
    sheet.act = Some((voice.t("billing.redeem", &[]), format!("{}/redeem/{code}", voice.address)));
    sheet
}

/// An order was turned down, with the word of whoever did it.
pub(super) fn declined(tx: &mut Tx<'_>, billing: &Billing, order: &OrderRow, plan: &str) -> Result<()> {
    write(tx, billing, ("billing.declined", format!("declined/{}", order.id)), order.buyer, |voice| {
        let mut sheet =
            voice.sheet("billing.letter_declined_subject", &["billing.letter_declined"], &[("plan", plan), ("community", voice.community)]);
        sheet.says.extend(Some(order.answer.clone()).filter(|answer| !answer.is_empty()));
        sheet.act = voice.my_memberships();
        sheet
    })
}
