//! Automod: the rules of the community, and the form of the one that is made or changed.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{given, show};
use crate::access::{Allow, Query};
use crate::automod::{self, ManageRules, Rule};
use crate::error::Result;
use crate::http::Site;
use crate::ids::RuleId;

#[derive(Deserialize)]
pub struct FindRules {
    /// The kind of rule whose empty form stands above the list.
    new: Option<String>,
    /// The rule whose form stands there.
    edit: Option<String>,
}

/// What a form begins with.
#[derive(Serialize)]
struct Form {
    /// The rule that is changed; none: a new one.
    rule: Option<Rule>,
    kind: &'static str,
}

/// What `admin/automod.html` sees.
#[derive(Serialize)]
struct AutomodPage {
    rules: Vec<Rule>,
    form: Option<Form>,
    kinds: [&'static str; 4],
}

/// The kinds of rules, as people see them.
const KINDS: [&str; 4] = ["words", "links", "mentions", "newcomers"];

/// `GET /admin/automod`.
pub async fn rules(gate: Allow<ManageRules>, query: Query<FindRules>, site: Site) -> Result<HttpResponse> {
    show(gate, site, "admin/automod.html", move |conn, may, _| {
        let FindRules { new, edit } = query.0;
        let rules = automod::rules(conn, may)?;
        let edited = given::<RuleId>(edit.as_deref()).and_then(|id| rules.iter().find(|rule| rule.id == id)).cloned();
        let wanted = new.and_then(|new| KINDS.into_iter().find(|kind| *kind == new));
        let form = match (edited, wanted) {
            (Some(rule), _) => Some(Form { kind: rule.rule.looks.kind(), rule: Some(rule) }),
            (None, Some(kind)) => Some(Form { kind, rule: None }),
            (None, None) => None,
        };
        Ok(AutomodPage { rules, form, kinds: KINDS })
    })
    .await
}
