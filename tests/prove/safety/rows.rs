//! The rows of the test plan, and the tests that are named for each with the bars of what they count.

/// What must hold of a figure.
pub enum Bar {
    /// At least so many.
    Least(f64),
    /// At most so many, of what.
    Most(f64, &'static str),
}

use Bar::{Least, Most};

/// One test of the whole program.
pub struct Test {
    /// The row that it stands for.
    pub row: &'static str,
    /// Its name, with its modules.
    pub name: &'static str,
    /// What it tells, and the bar of each figure.
    pub bars: &'static [(&'static str, Bar)],
}

const fn test(row: &'static str, name: &'static str, bars: &'static [(&'static str, Bar)]) -> Test {
    Test { row, name, bars }
}

const NONE: Bar = Most(0.0, "");
const ONE: Bar = Most(1.0, "");

/// Every row with what it shows, in the order in which they run.
pub const ROWS: &[(&str, &str)] = &[
    ("S1", "every route, every command and call signalling, for every kind of visitor, answer as declared"),
    ("S1b", "nobody comes across what is not for them, before and after something is taken away"),
    ("S3", "what another site causes is refused, and reading changes nothing"),
    ("S7", "guesses are slowed down, and what works once works once"),
    ("S9", "a session is new at each sign-in, and over when it is over, with its connections"),
    ("S10", "letters and links name the community, however one asks"),
    ("S11", "whether somebody has an account is told by no answer at the door, and by no time"),
    ("S12", "nothing written becomes a header or a recipient; nobody's mailbox is filled"),
    ("S14", "every administrative write leaves a row in the audit log; the gravest ask for the password again"),
    ("S15", "no secret comes into the log, nor is it shown by a type"),
    ("S17", "every answer has its headers; where a request ends is never in doubt"),
    ("S18", "a member takes all that is theirs and nothing else; after they go, nothing of it is left"),
];

const DIFFER: (&str, Bar) = ("rows that differ from the declared ones", NONE);
const TOLD_APART: (&str, Bar) = ("pairs told apart", NONE);
const CELLS: &str = "cells of routes and visitors";
const COMMANDS: &str = "cells of commands and visitors";
const SIGNALLING: &str = "cells of call signalling";
const PAIRS: &str = "pairs of what is not for them and what is not there";

/// Every test, in the order of the rows.
#[rustfmt::skip]
pub const TESTS: &[Test] = &[
    test("S1", "sweep::every_route_has_a_row_and_every_row_a_route", &[("routes", Least(250.0))]),
    test("S1", "sweep::routes_about_a_private_room_answer_as_declared", &[(CELLS, Least(200.0)), DIFFER]),
    test("S1", "sweep::routes_about_a_public_room_answer_as_declared", &[(CELLS, Least(200.0)), DIFFER]),
    test("S1", "sweep::routes_about_no_room_answer_as_declared", &[(CELLS, Least(2_500.0)), DIFFER]),
    test("S1", "sweep::a_private_room_of_others_answers_like_none", &[(PAIRS, Least(200.0)), TOLD_APART]),
    test("S1", "sweep::a_message_of_another_room_answers_like_none", &[(PAIRS, Least(150.0)), TOLD_APART]),
    test("S1", "sweep::whoever_may_not_act_on_a_thing_does_not_learn_whether_it_exists", &[(PAIRS, Least(800.0)), TOLD_APART]),
    test("S1", "sweep::commands::every_command_has_a_row_and_every_row_a_command", &[]),
    test("S1", "sweep::commands::commands_in_a_private_room_are_answered_as_declared", &[(COMMANDS, Least(390.0)), (SIGNALLING, Least(240.0)), DIFFER]),
    test("S1", "sweep::commands::commands_in_a_public_room_are_answered_as_declared", &[(COMMANDS, Least(390.0)), (SIGNALLING, Least(240.0)), DIFFER]),
    test("S1", "sweep::commands::commands_to_a_foreign_room_or_message_are_answered_like_none", &[(PAIRS, Least(100.0))]),

    test("S1b", "sweep::canary::nobody_comes_across_what_is_not_for_them_before_or_after_a_removal", &[
        ("canaries at first", Least(26.0)),
        ("answers read at first", Least(4_500.0)),
        ("canaries out of their place at first", NONE),
        ("answers read afterwards", Least(4_500.0)),
        ("canaries out of their place afterwards", NONE),
    ]),

    test("S3", "sweep::foreign::writes_with_a_cookie_need_their_own_origin", &[
        ("writes that another site caused, refused", Least(1_500.0)),
        ("writes that another site caused, let through", NONE),
    ]),
    test("S3", "sweep::foreign::a_form_of_another_site_signs_nobody_in", &[]),
    test("S3", "sweep::foreign::a_read_that_names_another_method_stays_a_read", &[]),
    test("S3", "sweep::foreign::a_socket_with_a_cookie_is_opened_from_our_own_pages_only", &[]),
    test("S3", "sweep::reading::whoever_only_reads_changes_nothing", &[
        ("requests that only read", Least(1_300.0)),
        ("rows compared", Least(500.0)),
        ("rows changed by reading", NONE),
    ]),

    test("S7", "members::guessing::ten_tries_at_a_password_are_free_and_each_further_one_waits_twice_as_long", &[
        ("tries at a password before one waits", Most(10.0, "")),
    ]),
    test("S7", "members::guessing::the_limit_of_a_name_does_not_show_at_the_mail_address_of_the_same_account", &[
        ("answers at the limit of a name that tell whose address is whose", NONE),
    ]),
    test("S7", "members::guessing::letters_that_are_asked_for_by_one_name_do_not_show_at_the_other", &[]),
    test("S7", "members::guessing::strangers_who_guess_do_not_keep_the_member_from_their_settings_nor_from_a_reset", &[]),
    test("S7", "members::guessing::where_a_request_says_it_comes_from_counts_only_behind_a_trusted_proxy", &[
        ("sign-ups from one address that says it is another each time", Most(10.0, "")),
    ]),
    test("S7", "members::single_use::of_fifty_resets_by_one_link_exactly_one_succeeds", &[("resets by one link, tried fifty times at once", ONE)]),
    test("S7", "members::single_use::of_fifty_sign_ups_by_an_invite_for_one_exactly_one_succeeds", &[
        ("accounts by an invite for one, tried fifty times at once", ONE),
    ]),

    test("S9", "members::sessions::a_planted_cookie_does_not_become_the_session_of_who_signs_in", &[]),
    test("S9", "members::sessions::every_sign_in_makes_another_session_and_ends_the_one_before", &[]),
    test("S9", "members::sessions::a_copied_cookie_is_worth_nothing_after_the_sign_out", &[]),
    test("S9", "members::sessions::signing_out_everywhere_ends_the_others_and_an_administrator_ends_all", &[]),
    test("S9", "members::sessions::a_ban_ends_every_session_for_good", &[]),
    test("S9", "members::sessions::a_session_ends_fourteen_days_after_its_last_use_and_ninety_after_its_beginning", &[]),
    test("S9", "members::sessions::a_silent_connection_ends_with_its_session", &[]),
    test("S9", "members::sessions::a_connection_ends_with_its_session_whichever_way_that_ends", &[
        ("ways in which a session ends", Least(7.0)),
        ("milliseconds until its connection is over, at most", Most(1_000.0, "ms")),
    ]),

    test("S10", "members::poisoning::letters_and_links_name_the_community_however_one_asks", &[
        ("forms that name somebody else, refused", Least(14.0)),
        ("forms that say more than they should", Least(14.0)),
        ("letters that they caused", Least(14.0)),
        ("addresses in letters and answers that are not ours", NONE),
    ]),
    test("S10", "sweep::foreign::a_foreign_host_is_misdirected_on_every_route", &[("requests by a foreign name, misdirected", Least(1_000.0))]),

    test("S11", "members::enumeration::no_answer_at_the_door_tells_whether_somebody_has_an_account", &[
        ("answers at the door compared", Least(19.0)),
        ("answers that tell who has an account", NONE),
    ]),
    test("S11", "members::enumeration::samples_of_one_kind_are_not_told_apart_and_those_of_two_are", &[]),
    test("S11", "members::enumeration::all_at_the_door_are_answered_alike_however_often_they_are_called", &[
        ("samples of each", Least(200.0)),
        ("pairs compared", Least(15.0)),
        ("microseconds between the medians of a pair, at most", Most(5_000.0, "µs")),
        ("pairs told apart by their time", NONE),
    ]),
    test("S11", "social::timing::no_cause_asks_more_of_the_database_than_another", &[]),

    test("S12", "members::letters::nothing_that_anybody_writes_becomes_a_header_or_a_recipient", &[
        ("fields with the end of a line in them", Least(80.0)),
        ("letters that a server took", Least(30.0)),
        ("headers or recipients put in", NONE),
    ]),
    test("S12", "members::letters::strangers_fill_nobodys_mailbox", &[
        ("letters asked for in an hour, by 21 addresses and in seven spellings", Least(21.0)),
        ("letters written to one address in an hour", Most(3.0, "")),
        ("letters asked for by one address in an hour and let through", Most(3.0, "")),
    ]),
    test("S12", "members::letters::an_address_in_capitals_is_the_same_address", &[("accounts of one address in four spellings", ONE)]),

    test("S14", "sweep::audited::every_administrative_write_leaves_a_row_and_a_refused_one_none", &[
        ("administrative writes", Least(53.0)),
        ("administrative writes with a row in the audit log", Least(53.0)),
        ("administrative writes refused, without a row", Least(220.0)),
        ("administrative writes otherwise", NONE),
    ]),
    test("S14", "sweep::audited::what_a_stolen_session_must_not_do_asks_for_the_password_once_more", &[
        ("acts that ask for the password once more", Least(7.0)),
        ("acts done without it", NONE),
    ]),
    test("S14", "stripe::hooks::what_could_not_be_fetched_is_set_aside_and_goes_well_when_it_is_tried_again", &[]),
    test("S14", "members::rights::nobody_makes_a_reset_link_for_somebody_with_more_rights", &[]),
    test("S14", "members::rights::nobody_reads_the_letters_of_somebody_with_more_rights", &[]),

    test("S15", "running::traced::no_secret_comes_into_a_log_that_tells_everything", &[
        ("secrets in a run that logs everything", Least(20.0)),
        ("lines of its log", Least(200.0)),
        ("secrets in the log", NONE),
    ]),
    test("S15", "running::logs::no_token_key_password_address_or_message_comes_into_the_log_or_the_diagnostics", &[]),
    test("S15", "requests::no_type_shows_a_secret_that_it_holds", &[("types that may be shown", Least(300.0)), ("types that show a secret", NONE)]),

    test("S17", "sweep::headers::every_answer_says_what_a_browser_may_do_with_it", &[
        ("answers with their headers", Least(1_000.0)),
        ("pages, each with a nonce of its own", Least(100.0)),
        ("headers missing or wrong", NONE),
    ]),
    test("S17", "sweep::headers::a_name_that_stays_is_pinned_to_https", &[]),
    test("S17", "smuggling::what_can_be_read_in_two_ways_is_refused_and_the_connection_ends", &[
        ("requests that can be read in two ways", Least(36.0)),
        ("of them served", NONE),
        ("hidden requests answered", NONE),
    ]),
    test("S17", "smuggling::a_body_is_no_request", &[("bodies that look like a request", Least(9.0)), ("bodies answered as a request", NONE)]),
    test("S17", "smuggling::what_is_no_request_at_all_is_refused", &[("lines that are no request", Least(12.0)), ("of them served", NONE)]),

    test("S18", "own_data::a_member_takes_everything_of_their_own_and_nothing_of_others", &[
        ("canaries in the document of whose they are", Least(14.0)),
        ("canaries of others in it", NONE),
    ]),
    test("S18", "own_data::after_an_account_is_deleted_nothing_says_whose_it_was", &[("canaries left in rows", NONE)]),
    test("S18", "own_data::after_an_account_is_deleted_its_words_are_in_no_page_of_the_file", &[
        ("canaries looked for in the file", Least(12.0)),
        ("canaries left in the file", NONE),
    ]),
];
