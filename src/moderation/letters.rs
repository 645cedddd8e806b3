//! Letters of those who keep the peace: what was done, what became of an appeal, that a report was looked at. Only where letters are sent.

use crate::billing::Pen;
use crate::clock::Millis;
use crate::error::{Error, Result};
use crate::ids::MemberId;
use crate::mail::{Letter, Sheet};
use crate::members::{self, Addressee, SanctionRow};
use crate::money::{clock_in, date_in};
use crate::settings::Settings;
use crate::storage::Tx;
use crate::text::Words;

/// For what codes of appeals are made, with the master key.
pub(super) const APPEAL: &str = "appeal";

/// The reader's language, and the time where they are.
struct Voice<'a> {
    words: &'a Words,
    language: &'a str,
    zone: &'a str,
    community: &'a str,
    address: &'a str,
}

impl Voice<'_> {
    fn t(&self, key: &str) -> String {
        self.words.t(self.language, key, &[("community", self.community)])
    }

    fn moment(&self, at: Millis) -> String {
        let (day, month, year) = date_in(at, self.zone);
        let day = if day == 1 { self.t("mail.day_first") } else { day.to_string() };
        let month = self.t(&format!("mail.month_{month}"));
        let date = self.words.t(self.language, "mail.date", &[("day", &day), ("month", &month), ("year", &year.to_string())]);
        format!("{date}, {}", clock_in(at, self.zone))
    }

    fn sheet(&self, subject: &str, says: Vec<String>) -> Sheet {
        Sheet {
            language: self.language.to_owned(),
            from: self.community.to_owned(),
            title: self.t(subject),
            says: says.into_iter().filter(|text| !text.is_empty()).collect(),
            foot: self.t("moderation.letter_foot"),
            ..Sheet::default()
        }
    }

    fn fact(&self, key: &str, value: impl Into<String>) -> (String, String) {
        (self.t(key), value.into())
    }
}

/// What was done to a member, why, until when, and how to appeal.
pub(super) fn sanctioned(tx: &mut Tx<'_>, pen: Option<&Pen>, row: &SanctionRow, room: Option<&str>) -> Result<()> {
    let (kind, now) = (row.kind().name(), tx.now());
    write(tx, pen, "moderation.sanction", row.member, |voice, pen| {
        let mut sheet = voice.sheet("moderation.letter_subject", vec![voice.t(&format!("moderation.told_{kind}"))]);
        let reason = if row.reason.is_empty() { voice.t("moderation.no_reason") } else { row.reason.clone() };
        sheet.facts.push(voice.fact("moderation.fact_why", reason));
        if let Some(until) = row.until {
            sheet.facts.push(voice.fact("moderation.fact_until", voice.moment(until)));
        }
        if let Some(room) = room {
            sheet.facts.push(voice.fact("moderation.fact_room", room));
        }
        if row.may_be_appealed(now) {
            sheet.says.push(voice.t("moderation.letter_appeal"));
            sheet.act = Some((voice.t("moderation.appeal"), format!("{}/appeal/{}", voice.address, pen.keys.code_for(APPEAL, row.id.0))));
        }
        sheet
    })
}

/// What became of an appeal.
pub(super) fn decided(tx: &mut Tx<'_>, pen: Option<&Pen>, row: &SanctionRow) -> Result<()> {
    let is_lifted = row.upheld == Some(false);
    let is_same_person = row.decided_by.is_some() && row.decided_by == row.made_by;
    write(tx, pen, "moderation.appeal", row.member, |voice, _| {
        let said = if is_lifted { format!("moderation.lifted_{}", row.kind().name()) } else { "moderation.upheld".to_owned() };
        let same = if is_same_person { voice.t("moderation.same_person") } else { String::new() };
        let mut sheet = voice.sheet("moderation.letter_decided_subject", vec![voice.t(&said), same]);
        if !row.answer.is_empty() {
            sheet.facts.push(voice.fact("moderation.fact_answer", row.answer.clone()));
        }
        sheet
    })
}

/// That a report was looked at.
pub(super) fn answered(tx: &mut Tx<'_>, pen: Option<&Pen>, reporter: MemberId) -> Result<()> {
    write(tx, pen, "moderation.report", reporter, |voice, _| {
        voice.sheet("moderation.letter_answered_subject", vec![voice.t("moderation.answered_text")])
    })
}

/// Writes a letter to a member who gave an address.
fn write(
    tx: &mut Tx<'_>,
    pen: Option<&Pen>,
    kind: &'static str,
    member: MemberId,
    make: impl FnOnce(&Voice<'_>, &Pen) -> Sheet,
) -> Result<()> {
    let Some(pen) = pen.filter(|pen| pen.mailer.is_set_up()) else { return Ok(()) };
    let Some(Addressee { email, name, language, time_zone, .. }) = members::addressee(tx, member)? else { return Ok(()) };
    let settings = Settings::load(tx)?;
    let language = if language.is_empty() { settings.default_language.clone() } else { language };
    let voice =
        Voice { words: &pen.words, language: &language, zone: &time_zone, community: &settings.community_name, address: &pen.address };
    let mut sheet = make(&voice, pen);
    sheet.greeting = pen.words.t(&language, "moderation.letter_hello", &[("name", &name)]);
    let (subject, text, html) = (sheet.title.clone(), sheet.text(), sheet.html());
    match pen.mailer.post(tx, &Letter { kind, member: Some(member), to: email, subject, text, html }) {
        // An address that nobody can write to must not undo what the letter would have told.
        Err(Error::Invalid(_)) => {
            tracing::warn!(kind, "a letter could not be addressed");
            Ok(())
        }
        posted => posted.map(|_| ()),
    }
}
