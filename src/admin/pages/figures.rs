//! Charts: figures of each day, drawn by the server, with their numbers.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{given, show_in_words, tenths_of_mib};
use crate::access::{Allow, Query};
use crate::admin::figures::{self, Chart, ChartName, SPANS, Seen, WIDTH_OF_DAY};
use crate::admin::policy::SeeFigures;
use crate::error::Result;
use crate::http::Site;
use crate::money::{Currency, Money};
use crate::text::{Words, figures as numbers};

#[derive(Deserialize)]
pub struct Over {
    days: Option<String>,
}

/// A chart as it is drawn.
#[derive(Serialize)]
struct Drawn {
    /// Unique on the page.
    id: String,
    name: ChartName,
    currency: Option<Currency>,
    /// Bars or a line.
    kind: &'static str,
    path: String,
    width: i64,
    /// Of all days together, or the newest; none: nothing is known.
    sum: Option<String>,
    adds_up: bool,
    highest: Option<String>,
    first_day: String,
    last_day: String,
    /// The newest first.
    rows: Vec<(String, Option<String>)>,
}

/// What `admin/figures.html` sees.
#[derive(Serialize)]
struct FiguresPage {
    charts: Vec<Drawn>,
    days: i64,
    spans: [i64; SPANS.len()],
}

/// A value of a chart as readers of the language write it.
fn told(words: &Words, language: &str, chart: &Chart, value: i64) -> String {
    match (chart.name, chart.currency) {
        (ChartName::Revenue, Some(currency)) => Money::new(value, currency).text(language),
        (ChartName::Storage, _) => words.t(language, "admin.mib", &[("size", &numbers::tenths(language, tenths_of_mib(value)))]),
        (ChartName::Latency, _) => words.t(language, "figures.ms", &[("ms", &numbers::whole(language, value))]),
        _ => numbers::whole(language, value),
    }
}

fn drawn(words: &Words, language: &str, chart: &Chart) -> Drawn {
    let values: Vec<Option<i64>> = chart.points.iter().map(|point| point.value).collect();
    let tell = |value: i64| told(words, language, chart, value);
    let adds_up = chart.name.adds_up();
    let known = || values.iter().flatten().copied();
    let sum = if adds_up { known().reduce(i64::saturating_add) } else { known().next_back() };
    let (kind, path) = if adds_up { ("bars", figures::bars(&values)) } else { ("line", figures::line(&values)) };
    let name = serde_json::to_value(chart.name).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
    let day = |n: Option<&figures::Point>| n.map(|point| point.day.clone()).unwrap_or_default();
    Drawn {
        id: chart.currency.map_or_else(|| name.clone(), |currency| format!("{name}-{currency}")),
        name: chart.name,
        currency: chart.currency,
        kind,
        path,
        width: i64::try_from(values.len()).unwrap_or(0) * WIDTH_OF_DAY,
        sum: sum.map(tell),
        adds_up,
        highest: known().max().map(tell),
        first_day: day(chart.points.first()),
        last_day: day(chart.points.last()),
        rows: chart.points.iter().rev().map(|point| (point.day.clone(), point.value.map(tell))).collect(),
    }
}

/// `GET /admin/figures`.
pub async fn figures(gate: Allow<SeeFigures>, query: Query<Over>, site: Site) -> Result<HttpResponse> {
    let days = given::<i64>(query.0.days.as_deref()).filter(|days| SPANS.contains(days)).unwrap_or(SPANS[0]);
    let ground = gate.ground().clone();
    show_in_words(gate, site, "admin/figures.html", move |conn, may, actor, language| {
        let seen = Seen { community: may.sees_community(), money: may.sees_money() };
        let charts = figures::charts(conn, seen, days, ground.settings.get().currency, actor.now)?;
        Ok(FiguresPage { charts: charts.iter().map(|chart| drawn(&ground.words, language, chart)).collect(), days, spans: SPANS })
    })
    .await
}
