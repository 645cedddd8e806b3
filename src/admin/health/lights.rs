//! What the facts mean: a light, a sentence, and what to do. Pure: nothing is looked at here.

use super::model::{
    CallFacts, DatabaseFacts, DiskFacts, Facts, HealthCheck, HealthReport, JobFacts, LETTERS, Light, MailFacts, MemoryFacts, Part,
    WriteFacts,
};
use crate::backups::{self, Standing};
use crate::billing::CardPayments;
use crate::calls::Checked;
use crate::clock::Millis;
use crate::text::{Words, figures};

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const MIB: u64 = 1_048_576;
const GIB: u64 = 1_024 * MIB;

/// With less than this on the disk, writes will soon fail.
const DISK_RED: u64 = 256 * MIB;
/// With less than this it is time to look.
const DISK_AMBER: u64 = GIB;
/// Per cent of the machine's memory below which the system may end the program, and below which it is time to look.
const MEMORY_RED: u64 = 3;
const MEMORY_AMBER: u64 = 10;
/// A database that takes longer for the smallest question, in milliseconds.
const READ_RED: u64 = 1_000;
const READ_AMBER: u64 = 200;
/// Work, and what is to be asked of a payment provider, waits no longer than this while all is well.
const WAITS_AMBER: Millis = 15 * MINUTE;
const WAITS_RED: Millis = HOUR;

/// Puts what was found into words.
#[derive(Clone, Copy, Debug)]
pub struct Teller<'a> {
    /// All words.
    pub words: &'a Words,
    /// In this language.
    pub language: &'a str,
}

/// What was found, before it has words: the key of its sentence, that of what to do, and where.
#[derive(Debug, Default)]
struct Found {
    key: &'static str,
    values: Vec<(&'static str, String)>,
    todo: Option<&'static str>,
    path: Option<&'static str>,
    at: Option<Millis>,
}

impl Found {
    fn new(key: &'static str) -> Self {
        Self { key, ..Self::default() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    fn todo(self, key: &'static str) -> Self {
        Self { todo: Some(key), ..self }
    }

    fn path(self, path: &'static str) -> Self {
        Self { path: Some(path), ..self }
    }

    fn at(self, at: Option<Millis>) -> Self {
        Self { at, ..self }
    }
}

impl Teller<'_> {
    fn check(&self, name: Part, light: Light, found: Found) -> HealthCheck {
        let Found { key, values, todo, path, at } = found;
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let t = |key: &str| self.words.t(self.language, key, &values);
        HealthCheck { name, light, code: key.to_owned(), what: t(key), todo: todo.map(t), path: path.map(str::to_owned), at }
    }

    fn size(&self, bytes: u64) -> String {
        let (key, unit) = if bytes >= GIB { ("health.gb", GIB) } else { ("health.mb", MIB) };
        let tenths = i64::try_from(bytes.saturating_mul(10) / unit).unwrap_or(i64::MAX);
        // Beyond a hundred a tenth is no news.
        let size = if tenths >= 1_000 { figures::whole(self.language, tenths / 10) } else { figures::tenths(self.language, tenths) };
        self.words.t(self.language, key, &[("size", &size)])
    }

    fn whole(&self, number: i64) -> String {
        figures::whole(self.language, number)
    }
}

/// Every light, always in this order.
#[must_use]
pub fn lights(facts: &Facts, now: Millis, tell: &Teller<'_>) -> Vec<HealthCheck> {
    vec![
        database(facts.database, tell),
        disk(facts, tell),
        memory(facts.memory, tell),
        writes(facts.writes, tell),
        calls(facts.calls.as_ref(), tell),
        mail(&facts.mail, tell),
        payments(facts.payments, now, tell),
        saved(&facts.backups, tell),
        jobs(facts.jobs, now, tell),
    ]
}

/// The lights with the worst of them.
#[must_use]
pub fn report(checks: Vec<HealthCheck>, at: Millis) -> HealthReport {
    HealthReport { light: checks.iter().map(|check| check.light).max().unwrap_or(Light::Grey), at, checks }
}

fn database(facts: DatabaseFacts, tell: &Teller<'_>) -> HealthCheck {
    let kind = if facts.is_sqlite { "SQLite" } else { "PostgreSQL" };
    let size = tell.size(u64::try_from(facts.bytes).unwrap_or(0));
    let of = |key| Found::new(key).with("kind", kind).with("size", size.clone()).with("ms", facts.read_ms.to_string());
    let slow = || of("health.database_slow").todo("health.database_slow_do");
    match facts.read_ms {
        ms if ms >= READ_RED => tell.check(Part::Database, Light::Red, slow()),
        ms if ms >= READ_AMBER => tell.check(Part::Database, Light::Amber, slow()),
        _ => tell.check(Part::Database, Light::Green, of("health.database_good")),
    }
}

fn disk(facts: &Facts, tell: &Teller<'_>) -> HealthCheck {
    let Some(DiskFacts { free, total }) = facts.disk else { return tell.check(Part::Disk, Light::Grey, Found::new("health.disk_unknown")) };
    // A backup stands beside the database before it is packed, and both are in the data folder when it is made by itself.
    let backup = if facts.backups.next.is_some() { u64::try_from(facts.database.bytes).unwrap_or(0).saturating_mul(2) } else { 0 };
    let of = |key| Found::new(key).with("free", tell.size(free)).with("total", tell.size(total)).with("needed", tell.size(backup));
    match free {
        free if free < DISK_RED => tell.check(Part::Disk, Light::Red, of("health.disk_full").todo("health.disk_do")),
        free if free < DISK_AMBER => tell.check(Part::Disk, Light::Amber, of("health.disk_low").todo("health.disk_do")),
        free if free < backup => {
            tell.check(Part::Disk, Light::Amber, of("health.disk_no_backup").todo("health.disk_do").path("/admin/backups"))
        }
        _ => tell.check(Part::Disk, Light::Green, of("health.disk_good")),
    }
}

fn memory(facts: Option<MemoryFacts>, tell: &Teller<'_>) -> HealthCheck {
    let Some(MemoryFacts { available, total, own }) = facts.filter(|facts| facts.total > 0) else {
        return tell.check(Part::Memory, Light::Grey, Found::new("health.memory_unknown"));
    };
    let of = |key| Found::new(key).with("available", tell.size(available)).with("total", tell.size(total));
    let low = || of("health.memory_low").todo("health.memory_do");
    match available.saturating_mul(100) / total {
        percent if percent < MEMORY_RED => tell.check(Part::Memory, Light::Red, low()),
        percent if percent < MEMORY_AMBER => tell.check(Part::Memory, Light::Amber, low()),
        _ => {
            let good = match own {
                Some(own) => of("health.memory_good").with("own", tell.size(own)),
                None => of("health.memory_machine"),
            };
            tell.check(Part::Memory, Light::Green, good)
        }
    }
}

fn writes(facts: Option<WriteFacts>, tell: &Teller<'_>) -> HealthCheck {
    let Some(WriteFacts { waiting, most }) = facts else { return tell.check(Part::Writes, Light::Grey, Found::new("health.not_serving")) };
    let count = i64::try_from(waiting).unwrap_or(i64::MAX);
    let of = |key| Found::new(key).with("count", tell.whole(count));
    // From nine tenths on, new requests are refused.
    match waiting.saturating_mul(10) {
        tenths if tenths >= most.saturating_mul(9) => {
            tell.check(Part::Writes, Light::Red, of("health.writes_full").todo("health.writes_do"))
        }
        tenths if tenths >= most => tell.check(Part::Writes, Light::Amber, of("health.writes_many").todo("health.writes_do")),
        _ => tell.check(Part::Writes, Light::Green, of("health.writes_good")),
    }
}

fn calls(facts: Option<&CallFacts>, tell: &Teller<'_>) -> HealthCheck {
    match facts {
        None => tell.check(Part::Calls, Light::Grey, Found::new("health.not_serving")),
        Some(CallFacts::Untried) => tell.check(Part::Calls, Light::Grey, Found::new("calls.probe_never").path("/admin#calls-title")),
        Some(CallFacts::Off(fault)) => {
            let key = if fault.is_taken { "calls.port_taken" } else { "calls.port_unusable" };
            tell.check(Part::Calls, Light::Red, Found::new(key).with("port", fault.port.to_string()).todo("calls.port_do"))
        }
        Some(CallFacts::Looked(Checked { at, report })) => {
            let (what, todo) = report.told(tell.words, tell.language);
            let light = if report.reached { Light::Green } else { Light::Red };
            let code = report.hop.map_or_else(|| "calls.probe_reached".to_owned(), |hop| format!("calls.probe_{}", hop.name()));
            let path = todo.is_some().then(|| "/admin#calls-title".to_owned());
            HealthCheck { name: Part::Calls, light, code, what, todo, path, at: Some(*at) }
        }
    }
}

fn mail(facts: &MailFacts, tell: &Teller<'_>) -> HealthCheck {
    if !facts.is_set_up {
        return tell.check(Part::Mail, Light::Grey, Found::new("health.mail_off").todo("admin.mail_how").path("/admin/mail"));
    }
    let of = |key| Found::new(key).with("count", tell.whole(facts.failing));
    let is_refusing = facts.taken.len() >= LETTERS && facts.taken.iter().all(|taken| !taken);
    match facts.failing {
        _ if is_refusing => tell.check(Part::Mail, Light::Red, of("health.mail_refuses").todo("health.mail_do").path("/admin/mail")),
        0 => tell.check(Part::Mail, Light::Green, of("health.mail_good")),
        _ => tell.check(Part::Mail, Light::Amber, of("health.mail_failing").todo("health.mail_do").path("/admin/mail")),
    }
}

fn payments(facts: Option<CardPayments>, now: Millis, tell: &Teller<'_>) -> HealthCheck {
    let Some(CardPayments { last_webhook_at, waiting_since, lost }) = facts else {
        return tell.check(Part::Payments, Light::Grey, Found::new("health.payments_off").path("/admin/settings"));
    };
    let waits = waiting_since.map_or(0, |since| now - since);
    let slow = || Found::new("health.payments_wait").todo("health.payments_wait_do").path("/admin/stripe").at(waiting_since);
    let of = |key| Found::new(key).with("count", tell.whole(lost)).path("/admin/stripe");
    match lost {
        _ if waits >= WAITS_RED => tell.check(Part::Payments, Light::Red, slow()),
        _ if waits >= WAITS_AMBER => tell.check(Part::Payments, Light::Amber, slow()),
        0 if last_webhook_at.is_none() => tell.check(Part::Payments, Light::Green, Found::new("health.payments_asked")),
        0 => tell.check(Part::Payments, Light::Green, Found::new("health.payments_good").at(last_webhook_at)),
        _ => tell.check(Part::Payments, Light::Amber, of("health.payments_lost").todo("health.payments_lost_do")),
    }
}

fn saved(standing: &Standing, tell: &Teller<'_>) -> HealthCheck {
    let Standing { health, last, trouble, .. } = standing;
    let (light, key) = match health {
        backups::Health::Good => (Light::Green, "admin.backups_good"),
        backups::Health::Early => (Light::Grey, "admin.backups_early"),
        backups::Health::Off => (Light::Grey, "admin.backups_off"),
        backups::Health::Late => (Light::Red, "admin.backups_late"),
        backups::Health::Failed => (Light::Red, "admin.backups_failed"),
    };
    let found = Found::new(key).path("/admin/backups").at(*last);
    let mut check = tell.check(Part::Backups, light, if light == Light::Red { found.todo("health.backups_do") } else { found });
    if let Some(trouble) = trouble {
        check.what = format!("{} {}", check.what, tell.words.t(tell.language, trouble, &[]));
    }
    check
}

fn jobs(facts: JobFacts, now: Millis, tell: &Teller<'_>) -> HealthCheck {
    let waits = facts.due_since.map_or(0, |since| now - since);
    let slow = || Found::new("health.jobs_wait").todo("health.jobs_wait_do").path("/admin/jobs").at(facts.due_since);
    let dead =
        || Found::new("health.jobs_dead").with("count", tell.whole(facts.dead)).todo("health.jobs_dead_do").path("/admin/jobs?show=dead");
    match facts.dead {
        _ if waits >= WAITS_RED => tell.check(Part::Jobs, Light::Red, slow()),
        _ if waits >= WAITS_AMBER => tell.check(Part::Jobs, Light::Amber, slow()),
        0 => tell.check(Part::Jobs, Light::Green, Found::new("health.jobs_good")),
        _ => tell.check(Part::Jobs, Light::Amber, dead()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::backups::Health;
    use crate::calls::MediaFault;
    use crate::calls::probe::{Hop, Report};

    const NOW: Millis = 1_800_000_000_000;

    fn good() -> Facts {
        Facts {
            database: DatabaseFacts { is_sqlite: true, bytes: 5_242_880, read_ms: 1 },
            disk: Some(DiskFacts { free: 40 * GIB, total: 100 * GIB }),
            memory: Some(MemoryFacts { available: GIB, total: 2 * GIB, own: Some(50 * MIB) }),
            writes: Some(WriteFacts { waiting: 0, most: 4_096 }),
            calls: Some(CallFacts::Looked(looked(None))),
            mail: MailFacts { is_set_up: true, taken: vec![true], failing: 0 },
            payments: Some(CardPayments { last_webhook_at: Some(NOW - 5), ..CardPayments::default() }),
            backups: standing(Health::Good),
            jobs: JobFacts::default(),
        }
    }

    fn looked(hop: Option<Hop>) -> Checked {
        let report = Report { reached: hop.is_none(), hop, values: BTreeMap::new(), tcp: None, round_trip_ms: Some(3) };
        Checked { at: NOW - 9, report }
    }

    fn standing(health: Health) -> Standing {
        Standing { health, last: Some(NOW - 7), next: Some(NOW + 7), trouble: None }
    }

    /// What is told in both languages; that every sentence has its words and its values is part of every case.
    fn told(facts: &Facts) -> Vec<HealthCheck> {
        let words = Words::load().expect("words");
        let [english, french] = ["en", "fr"].map(|language| lights(facts, NOW, &Teller { words: &words, language }));
        for (en, fr) in english.iter().zip(&french) {
            for text in [Some(&en.what), Some(&fr.what), en.todo.as_ref(), fr.todo.as_ref()].into_iter().flatten() {
                assert!(!text.contains(['{', '}']) && text.contains(' '), "{} {text}", en.code);
            }
            assert_ne!(en.what, fr.what, "{}", en.code);
            assert_eq!(en.todo.is_some(), fr.todo.is_some());
            assert!(en.light < Light::Amber || en.todo.is_some(), "{}: whoever is warned is told what to do", en.code);
        }
        english
    }

    /// The light and the code of one part.
    fn of(part: Part, change: impl FnOnce(&mut Facts)) -> (Light, String) {
        let mut facts = good();
        change(&mut facts);
        let check = told(&facts).into_iter().find(|check| check.name == part).expect("each part has a light");
        (check.light, check.code)
    }

    fn is(light: Light, code: &str) -> (Light, String) {
        (light, code.to_owned())
    }

    #[test]
    fn all_is_green_where_all_is_well_and_each_part_has_one_light() {
        let checks = told(&good());
        assert!(checks.iter().all(|check| check.light == Light::Green && check.todo.is_none()), "{checks:#?}");
        let names: Vec<Part> = checks.iter().map(|check| check.name).collect();
        use Part::{Backups, Calls, Database, Disk, Jobs, Mail, Memory, Payments, Writes};
        assert_eq!(names, [Database, Disk, Memory, Writes, Calls, Mail, Payments, Backups, Jobs]);
        assert!(names.iter().all(|part| serde_json::to_value(part).expect("json") == part.name()));
        let texts: Vec<&str> = checks.iter().map(|check| check.what.as_str()).collect();
        assert_eq!(texts[1], "40 GB of 100 GB are free.");
        let report = report(checks, NOW);
        assert_eq!((report.light, report.at), (Light::Green, NOW));
    }

    #[test]
    fn what_nobody_has_set_up_or_can_know_is_grey_and_never_red() {
        let facts = Facts {
            disk: None,
            memory: None,
            writes: None,
            calls: None,
            mail: MailFacts::default(),
            payments: None,
            backups: standing(Health::Off),
            ..good()
        };
        let checks = told(&facts);
        let grey = checks.iter().filter(|check| check.light == Light::Grey).count();
        assert_eq!((grey, report(checks, NOW).light), (7, Light::Green));
        assert_eq!(of(Part::Mail, |facts| facts.mail.is_set_up = false), is(Light::Grey, "health.mail_off"));
        assert_eq!(of(Part::Calls, |facts| facts.calls = Some(CallFacts::Untried)), is(Light::Grey, "calls.probe_never"));
    }

    #[test]
    fn a_database_that_takes_its_time_is_told_of() {
        let slow = |read_ms| of(Part::Database, |facts| facts.database.read_ms = read_ms);
        assert_eq!(slow(199), is(Light::Green, "health.database_good"));
        assert_eq!(slow(200), is(Light::Amber, "health.database_slow"));
        assert_eq!(slow(1_000), is(Light::Red, "health.database_slow"));
    }

    #[test]
    fn a_disk_is_full_before_it_is_and_has_to_hold_the_next_backup() {
        let free = |free| of(Part::Disk, |facts| facts.disk = Some(DiskFacts { free, total: 100 * GIB }));
        assert_eq!(free(DISK_RED - 1), is(Light::Red, "health.disk_full"));
        assert_eq!(free(DISK_RED), is(Light::Amber, "health.disk_low"));
        assert_eq!(free(DISK_AMBER), is(Light::Green, "health.disk_good"));
        let large = |facts: &mut Facts| {
            facts.database.bytes = 3 * i64::try_from(GIB).expect("small");
            facts.disk = Some(DiskFacts { free: 5 * GIB, total: 100 * GIB });
        };
        assert_eq!(of(Part::Disk, large), is(Light::Amber, "health.disk_no_backup"));
        let by_hand = |facts: &mut Facts| {
            large(facts);
            facts.backups = Standing { next: None, ..standing(Health::Off) };
        };
        assert_eq!(of(Part::Disk, by_hand), is(Light::Green, "health.disk_good"), "none is made by itself");
    }

    #[test]
    fn memory_and_the_writers_queue_warn_before_they_are_used_up() {
        let left = |available| of(Part::Memory, |facts| facts.memory = Some(MemoryFacts { available, total: 1_000, own: None }));
        assert_eq!(left(29), is(Light::Red, "health.memory_low"));
        assert_eq!(left(30), is(Light::Amber, "health.memory_low"));
        assert_eq!(left(100), is(Light::Green, "health.memory_machine"));
        let waiting = |waiting| of(Part::Writes, |facts| facts.writes = Some(WriteFacts { waiting, most: 1_000 }));
        assert_eq!(waiting(99), is(Light::Green, "health.writes_good"));
        assert_eq!(waiting(100), is(Light::Amber, "health.writes_many"));
        assert_eq!(waiting(900), is(Light::Red, "health.writes_full"));
    }

    #[test]
    fn calls_are_as_the_last_look_from_outside_found_them() {
        for hop in Hop::ALL {
            let found = of(Part::Calls, |facts| facts.calls = Some(CallFacts::Looked(looked(Some(hop)))));
            assert_eq!(found, is(Light::Red, &format!("calls.probe_{}", hop.name())));
        }
        for (is_taken, code) in [(true, "calls.port_taken"), (false, "calls.port_unusable")] {
            let off = CallFacts::Off(MediaFault { port: 7_882, is_taken });
            assert_eq!(of(Part::Calls, |facts| facts.calls = Some(off)), is(Light::Red, code));
        }
    }

    #[test]
    fn one_letter_that_comes_back_is_no_mail_server_that_refuses() {
        let mail =
            |taken: &[bool], failing| of(Part::Mail, |facts| facts.mail = MailFacts { is_set_up: true, taken: taken.to_vec(), failing });
        assert_eq!(mail(&[], 0), is(Light::Green, "health.mail_good"));
        assert_eq!(mail(&[false, true, true], 1), is(Light::Amber, "health.mail_failing"));
        assert_eq!(mail(&[false, false], 2), is(Light::Amber, "health.mail_failing"));
        assert_eq!(mail(&[false, false, false], 3), is(Light::Red, "health.mail_refuses"));
        assert_eq!(mail(&[true, false, false], 2), is(Light::Amber, "health.mail_failing"), "it takes them again");
    }

    #[test]
    fn payments_and_work_wait_a_quarter_of_an_hour_and_no_longer() {
        let asked = |since: Millis| {
            of(Part::Payments, |facts| {
                facts.payments = Some(CardPayments { waiting_since: Some(NOW - since), ..CardPayments::default() });
            })
        };
        assert_eq!(asked(WAITS_AMBER - 1), is(Light::Green, "health.payments_asked"));
        assert_eq!(asked(WAITS_AMBER), is(Light::Amber, "health.payments_wait"));
        assert_eq!(asked(WAITS_RED), is(Light::Red, "health.payments_wait"));
        let lost = CardPayments { lost: 1, ..CardPayments::default() };
        assert_eq!(of(Part::Payments, |facts| facts.payments = Some(lost)), is(Light::Amber, "health.payments_lost"));
        let jobs =
            |dead, since: Option<Millis>| of(Part::Jobs, |facts| facts.jobs = JobFacts { dead, due_since: since.map(|ago| NOW - ago) });
        assert_eq!(jobs(0, Some(1)), is(Light::Green, "health.jobs_good"));
        assert_eq!(jobs(1, None), is(Light::Amber, "health.jobs_dead"));
        assert_eq!(jobs(1, Some(WAITS_AMBER)), is(Light::Amber, "health.jobs_wait"));
        assert_eq!(jobs(0, Some(WAITS_RED)), is(Light::Red, "health.jobs_wait"));
    }

    #[test]
    fn a_backup_that_is_missing_is_red_and_one_that_nobody_wants_is_not() {
        for (health, light, code) in [
            (Health::Good, Light::Green, "admin.backups_good"),
            (Health::Early, Light::Grey, "admin.backups_early"),
            (Health::Off, Light::Grey, "admin.backups_off"),
            (Health::Late, Light::Red, "admin.backups_late"),
            (Health::Failed, Light::Red, "admin.backups_failed"),
        ] {
            assert_eq!(of(Part::Backups, |facts| facts.backups = standing(health)), is(light, code));
        }
        let mut facts = good();
        facts.backups = Standing { trouble: Some("backups.full".to_owned()), ..standing(Health::Failed) };
        let check = told(&facts).into_iter().find(|check| check.name == Part::Backups).expect("a light");
        assert!(check.what.ends_with("There is no room left on the disk."), "{}", check.what);
    }
}
