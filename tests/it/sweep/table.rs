//! What every route answers to every kind of visitor: the declaration that the program is held against.

/// One route: method, path, permit, and the status for each visitor. Routes about a room have two lines: a private room that insider,
/// muted, leader, read_only and ended are in, and a public one; the others have the second line empty.
pub struct Row {
    /// HTTP method.
    pub method: &'static str,
    /// Path with names in braces.
    pub path: &'static str,
    /// Name of the permit.
    pub permit: &'static str,
    /// Statuses; in a private room for routes about one.
    pub statuses: &'static str,
    /// Statuses in a public room.
    pub open: &'static str,
}

const fn row(method: &'static str, path: &'static str, permit: &'static str, statuses: &'static str) -> Row {
    Row { method, path, permit, statuses, open: "" }
}

const fn room(method: &'static str, path: &'static str, permit: &'static str, statuses: &'static str, open: &'static str) -> Row {
    Row { method, path, permit, statuses, open }
}

/// Everyone gets this.
const OPEN: &str = "200 200 200 200 200 200 200 200 200 200 200 200";
/// Whoever is signed in.
const SIGNED_IN: &str = "401 401 401 200 200 200 200 200 200 200 200 401";

/// The table. Columns: stranger, pending, banned, outsider, insider, muted, leader, moderator, administrator, owner, read_only, ended.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    // What everyone may see.
    row("GET", "/", "Public", OPEN),
    row("GET", "/about", "Public", OPEN),
    row("GET", "/parts", "Public", OPEN),
    row("GET", "/parts/errors/{kind}", "Public", "404 404 404 404 404 404 404 404 404 404 404 404"),
    row("GET", "/community.css", "Public", OPEN),
    row("GET", "/favicon.svg", "Public", OPEN),
    row("GET", "/robots.txt", "Public", OPEN),
    row("GET", "/healthz", "Public", OPEN),
    row("GET", "/readyz", "Public", OPEN),
    row("GET", "/static/{version}/{path:.*}", "Public", OPEN),
    row("GET", "/api/openapi.json", "Public", OPEN),
    // There is no local authority here.
    row("GET", "/lan/authority.pem",                      "Public", "404 404 404 404 404 404 404 404 404 404 404 404"),
    // Without a credential, and with a loopback peer and Host, the numbers are for whoever operates the machine.
    row("GET", "/metrics", "ReadMetrics", "200 401 401 403 403 403 403 403 200 200 403 401"),

    // Coming in. The community takes those who have an invite.
    row("GET", "/sign-in",                                "Public", "200 200 200 303 303 303 303 303 303 303 303 200"),
    row("GET", "/join",                                   "Public", "200 200 200 303 303 303 303 303 303 303 303 200"),
    row("GET", "/invite/{code}",                          "Public", "200 200 200 303 303 303 303 303 303 303 303 200"),
    row("GET", "/reset",                                  "Public", OPEN),
    row("GET", "/reset/{code}",                           "Public", "200 200 200 200 200 200 200 200 200 200 200 200"),
    row("GET", "/waiting",                                "Public", "200 200 200 303 303 303 303 303 303 303 303 200"),
    row("POST", "/api/v1/sign-up",                        "Public", "403 403 403 403 403 403 403 403 403 403 403 403"),
    row("POST", "/api/v1/sign-in",                        "Public", "403 403 403 403 403 403 403 403 403 403 403 403"),
    row("POST", "/api/v1/sign-out",                       "Public", "204 204 204 204 204 204 204 204 204 204 204 204"),
    row("POST", "/api/v1/password-resets",                "Public", "202 202 202 202 202 202 202 202 202 202 202 202"),
    row("POST", "/api/v1/password-resets/{code}",         "Public", "410 410 410 410 410 410 410 410 410 410 410 410"),
    // There is no demo here.
    row("GET", "/demo/{code}",                            "Public", "404 404 404 404 404 404 404 404 404 404 404 404"),
    row("POST", "/api/v1/demo/{code}",                    "Public", "404 404 404 404 404 404 404 404 404 404 404 404"),

    // What is mine.
    row("GET", "/welcome", "SeeOwnRooms", SIGNED_IN),
    row("GET", "/settings", "SeeMe", SIGNED_IN),
    row("GET", "/settings/look", "SeeMe", SIGNED_IN),
    row("GET", "/settings/security", "SeeMe", SIGNED_IN),
    row("GET", "/settings/sessions", "SeeMe", SIGNED_IN),
    row("GET", "/settings/tokens", "SeeMe", SIGNED_IN),
    row("GET", "/settings/membership", "SeeMe", SIGNED_IN),
    row("GET", "/api/v1/me/membership", "SeeMe", SIGNED_IN),
    row("GET", "/api/v1/plans", "SeeMe", SIGNED_IN),
    row("GET", "/live",                                   "SeeMe", "422 422 422 422 422 422 422 422 422 422 422 422"),
    row("GET", "/api/v1/me", "SeeMe", SIGNED_IN),
    row("GET", "/api/v1/me/state", "SeeOwnRooms", SIGNED_IN),
    row("GET", "/api/v1/me/events", "SeeMe", SIGNED_IN),
    row("GET", "/api/v1/me/sessions", "SeeMe", SIGNED_IN),
    row("GET", "/api/v1/me/tokens", "SeeMe", SIGNED_IN),
    row("PATCH", "/api/v1/me",                            "ChangeMe", "401 401 401 200 200 200 200 200 200 200 403 401"),
    row("PUT", "/api/v1/me/status",                       "ChangeMe", "401 401 401 200 200 200 200 200 200 200 403 401"),
    row("DELETE", "/api/v1/me/status",                    "ChangeMe", "401 401 401 200 200 200 200 200 200 200 403 401"),
    row("DELETE", "/api/v1/me",                           "ChangeMe", "401 401 401 422 422 422 422 422 422 422 403 401"),
    row("POST", "/api/v1/me/password",                    "ChangeMe", "401 401 401 422 422 422 422 422 422 422 403 401"),
    row("POST", "/api/v1/me/sessions/end-others",         "ChangeMe", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("DELETE", "/api/v1/me/sessions/{session}",        "EndMine",  "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("POST", "/api/v1/me/tokens",                      "ChangeMe", "401 401 401 201 201 201 201 201 201 201 403 401"),
    row("DELETE", "/api/v1/me/tokens/{session}",          "EndMine",  "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("GET", "/api/v1/members", "SeeMembers", SIGNED_IN),
    row("GET", "/api/v1/members/{member}", "SeeMember", SIGNED_IN),

    // People.
    row("GET", "/api/v1/contacts", "SeeMine", SIGNED_IN),
    row("GET", "/api/v1/follows", "SeeMine", SIGNED_IN),
    row("GET", "/api/v1/followers", "SeeMine", SIGNED_IN),
    row("GET", "/api/v1/blocks", "SeeMine", SIGNED_IN),
    row("GET", "/api/v1/mutes", "SeeMine", SIGNED_IN),
    row("GET", "/api/v1/me/always", "SeeMine", SIGNED_IN),
    row("GET", "/api/v1/me/never", "SeeMine", SIGNED_IN),
    row("GET", "/api/v1/people/{member}", "SeePerson", SIGNED_IN),
    row("PUT", "/api/v1/contacts/{member}", "Approach", "401 401 401 200 200 403 200 200 200 200 403 401"),
    row("PUT", "/api/v1/follows/{member}", "Approach", "401 401 401 200 200 403 200 200 200 200 403 401"),
    row("PATCH", "/api/v1/contacts/{member}", "RelateTo", "401 401 401 200 200 200 200 200 200 200 403 401"),
    row("DELETE", "/api/v1/contacts/{member}", "RelateTo", "401 401 401 200 200 200 200 200 200 200 403 401"),
    row("DELETE", "/api/v1/follows/{member}", "RelateTo", "401 401 401 200 200 200 200 200 200 200 403 401"),
    row("DELETE", "/api/v1/followers/{member}", "RelateTo", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("PUT", "/api/v1/blocks/{member}", "RelateTo", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("DELETE", "/api/v1/blocks/{member}", "RelateTo", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("PUT", "/api/v1/mutes/{member}", "RelateTo", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("DELETE", "/api/v1/mutes/{member}", "RelateTo", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("PUT", "/api/v1/me/always/{member}", "RelateTo", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("DELETE", "/api/v1/me/always/{member}", "RelateTo", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("PUT", "/api/v1/me/never/{member}", "RelateTo", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("DELETE", "/api/v1/me/never/{member}", "RelateTo", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("GET", "/api/v1/me/reach", "SeeMine", SIGNED_IN),
    row("POST", "/api/v1/me/reach/sentences", "SeeMine", SIGNED_IN),
    row("PUT", "/api/v1/me/reach", "ChangeReach", "401 401 401 200 200 200 200 200 200 200 403 401"),
    row("GET", "/api/v1/requests", "SeeMine", SIGNED_IN),
    row("POST", "/api/v1/requests/{request}/accept", "AnswerRequest", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("POST", "/api/v1/requests/{request}/ignore", "AnswerRequest", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("POST", "/api/v1/requests/{request}/block", "AnswerRequest", "401 401 401 204 204 204 204 204 204 204 403 401"),
    row("POST", "/api/v1/requests/{request}/report", "AnswerRequest", "401 401 401 201 201 201 201 201 201 201 403 401"),
    row("POST", "/api/v1/reports", "MakeReport", "401 401 401 201 201 201 201 201 201 201 403 401"),
    row("GET", "/calls", "SeeMyCalls", SIGNED_IN),
    row("GET", "/calls/check", "SeeMyCalls", SIGNED_IN),
    row("GET", "/people", "SeeMine", SIGNED_IN),
    row("GET", "/people/requests", "SeeMine", SIGNED_IN),
    row("GET", "/settings/reach", "SeeMine", SIGNED_IN),
    row("GET", "/people/{member}", "SeePerson", SIGNED_IN),

    // Calls.
    row("GET", "/api/v1/calls", "SeeMyCalls", SIGNED_IN),
    row("GET", "/api/v1/calls/live", "SeeMyCalls", SIGNED_IN),
    row("GET", "/api/v1/calls/{call}", "SeeCall", SIGNED_IN),
    row("POST", "/api/v1/calls/echo", "CheckCalls", "401 401 401 422 422 422 422 422 422 422 403 401"),
    row("GET", "/api/v1/calls/echo", "CheckCalls", "401 401 401 404 404 404 404 404 404 404 403 401"),
    row("DELETE", "/api/v1/calls/echo", "CheckCalls", "401 401 401 204 204 204 204 204 204 204 403 401"),
    // Whoever has no ticket from the data folder.
    row("POST", "/api/v1/calls/probe", "Public", "403 403 403 403 403 403 403 403 403 403 403 403"),
    row("POST", "/api/v1/calls/probe/state", "Public", "403 403 403 403 403 403 403 403 403 403 403 403"),
    row("POST", "/api/v1/calls/seen", "MarkMyCalls", "401 401 401 204 204 204 204 204 204 204 403 401"),

    // Rooms.
    row("GET", "/api/v1/rooms", "SeeOwnRooms", SIGNED_IN),
    row("POST", "/api/v1/rooms",                          "MakeRoom", "401 401 401 201 201 403 201 201 201 201 403 401"),
    room("GET", "/r/{room}",                              "ReadRoom", "401 401 401 404 200 200 200 404 404 404 200 401", SIGNED_IN),
    room("GET", "/r/{room}/{seq}",                        "ReadRoom", "401 401 401 404 200 200 200 404 404 404 200 401", SIGNED_IN),
    room("GET", "/api/v1/rooms/{room}",                   "ReadRoom", "401 401 401 404 200 200 200 404 404 404 200 401", SIGNED_IN),
    room("GET", "/api/v1/rooms/{room}/members",           "ReadRoom", "401 401 401 404 200 200 200 404 404 404 200 401", SIGNED_IN),
    room("GET", "/api/v1/rooms/{room}/messages",          "ReadRoom", "401 401 401 404 200 200 200 404 404 404 200 401", SIGNED_IN),
    room("GET", "/api/v1/rooms/{room}/pins",              "ReadRoom", "401 401 401 404 200 200 200 404 404 404 200 401", SIGNED_IN),
    room("GET", "/api/v1/rooms/{room}/events",            "ReadRoom", "401 401 401 404 200 200 200 404 404 404 200 401", SIGNED_IN),
    room("GET", "/api/v1/rooms/{room}/messages/{message}", "ReadMessage", "401 401 401 404 200 200 200 404 404 404 200 401", SIGNED_IN),
    room("PATCH", "/api/v1/rooms/{room}",                 "ChangeRoom", "401 401 401 404 403 403 200 404 200 200 403 401",
                                                                        "401 401 401 403 403 403 200 403 200 200 403 401"),
    room("PUT", "/api/v1/rooms/{room}/members/{member}",  "AddToRoom",  "401 401 401 404 403 403 200 404 404 404 403 401",
                                                                        "401 401 401 403 200 403 200 403 403 403 403 401"),
    room("DELETE", "/api/v1/rooms/{room}/members/{member}", "RemoveFromRoom", "401 401 401 404 403 403 204 404 404 404 403 401",
                                                                              "401 401 401 403 403 403 204 204 204 204 403 401"),
    room("PUT", "/api/v1/rooms/{room}/members/{member}/role", "LeadRoom", "401 401 401 404 403 403 403 404 404 404 403 401",
                                                                          "401 401 401 403 403 403 403 403 204 204 403 401"),
    room("PUT", "/api/v1/rooms/{room}/own",               "BeIn",   "401 401 401 404 204 204 204 404 404 404 403 401",
                                                                    "401 401 401 403 204 204 204 403 403 403 403 401"),
    room("POST", "/api/v1/rooms/{room}/messages",         "SayIn",  "401 401 401 404 201 403 201 404 404 404 403 401",
                                                                    "401 401 401 403 201 403 201 403 403 403 403 401"),
    room("PATCH", "/api/v1/rooms/{room}/messages/{message}", "ChangeMessage", "401 401 401 404 200 403 403 404 404 404 403 401",
                                                                              "401 401 401 403 200 403 403 403 403 403 403 401"),
    room("DELETE", "/api/v1/rooms/{room}/messages/{message}", "RemoveMessage", "401 401 401 404 200 403 200 404 404 404 403 401",
                                                                               "401 401 401 403 200 403 200 200 200 200 403 401"),
    room("PUT", "/api/v1/rooms/{room}/messages/{message}/reactions/{emoji}", "ReactTo", "401 401 401 404 200 403 200 404 404 404 403 401",
                                                                                        "401 401 401 403 200 403 200 403 403 403 403 401"),
    room("DELETE", "/api/v1/rooms/{room}/messages/{message}/reactions/{emoji}", "ReactTo", "401 401 401 404 200 403 200 404 404 404 403 401",
                                                                                           "401 401 401 403 200 403 200 403 403 403 403 401"),
    room("PUT", "/api/v1/rooms/{room}/messages/{message}/pin", "PinMessage", "401 401 401 404 403 403 200 404 404 404 403 401",
                                                                             "401 401 401 403 403 403 200 403 403 403 403 401"),
    room("DELETE", "/api/v1/rooms/{room}/messages/{message}/pin", "PinMessage", "401 401 401 404 403 403 200 404 404 404 403 401",
                                                                                "401 401 401 403 403 403 200 403 403 403 403 401"),
    room("POST", "/api/v1/rooms/{room}/read",             "BeIn",   "401 401 401 404 204 204 204 404 404 404 403 401",
                                                                    "401 401 401 403 204 204 204 403 403 403 403 401"),

    // The dashboard.
    row("GET", "/api/v1/admin/rooms",                     "OverseeRooms", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/api/v1/admin/members",                   "SeeAccounts",  "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("GET", "/api/v1/admin/members/{member}",          "SeeAccount",   "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("DELETE", "/api/v1/admin/members/{member}",       "ManageMember", "401 401 401 403 403 403 403 403 204 204 403 401"),
    row("PUT", "/api/v1/admin/members/{member}/roles",    "GiveRoles",    "401 401 401 403 403 403 403 403 204 204 403 401"),
    row("POST", "/api/v1/admin/members/{member}/ban",     "BanMember",    "401 401 401 403 403 403 403 204 204 204 403 401"),
    row("POST", "/api/v1/admin/members/{member}/unban",   "BanMember",    "401 401 401 403 403 403 403 204 204 204 403 401"),
    row("POST", "/api/v1/admin/members/{member}/mute",    "MuteMember",   "401 401 401 403 403 403 403 204 204 204 403 401"),
    row("POST", "/api/v1/admin/members/{member}/unmute",  "MuteMember",   "401 401 401 403 403 403 403 204 204 204 403 401"),
    row("POST", "/api/v1/admin/members/{member}/sign-out", "ManageMember", "401 401 401 403 403 403 403 403 204 204 403 401"),
    row("POST", "/api/v1/admin/members/{member}/approve", "DecideSignUp", "401 401 401 403 403 403 403 204 204 204 403 401"),
    row("POST", "/api/v1/admin/members/{member}/turn-down", "DecideSignUp", "401 401 401 403 403 403 403 204 204 204 403 401"),
    row("POST", "/api/v1/admin/members/{member}/reset-link", "ManageMember", "401 401 401 403 403 403 403 403 201 201 403 401"),
    row("GET", "/api/v1/admin/invites",                   "MakeInvites",  "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("POST", "/api/v1/admin/invites",                  "MakeInvites",  "401 401 401 403 403 403 403 201 201 201 403 401"),
    row("DELETE", "/api/v1/admin/invites/{invite}",       "EndInvite",    "401 401 401 403 403 403 403 204 204 204 403 401"),
    row("GET", "/api/v1/admin/roles",                     "SeeRoles",     "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("POST", "/api/v1/admin/roles",                    "MakeRoles",    "401 401 401 403 403 403 403 403 201 201 403 401"),
    row("PATCH", "/api/v1/admin/roles/{role}",            "ChangeRole",   "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("DELETE", "/api/v1/admin/roles/{role}",           "ChangeRole",   "401 401 401 403 403 403 403 403 204 204 403 401"),

    row("GET", "/api/v1/admin/plans",                     "SeePlans",     "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("POST", "/api/v1/admin/plans",                    "EditPlans",    "401 401 401 403 403 403 403 403 201 201 403 401"),
    row("PATCH", "/api/v1/admin/plans/{plan}",            "EditPlan",     "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/api/v1/admin/members/{member}/grants",   "SeeGrants",    "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("POST", "/api/v1/admin/members/{member}/grants",  "GiveGrants",   "401 401 401 403 403 403 403 403 201 201 403 401"),
    row("PATCH", "/api/v1/admin/grants/{grant}",          "ChangeGrant",  "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("POST", "/api/v1/admin/grants/{grant}/revoke",    "ChangeGrant",  "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("PUT", "/api/v1/admin/members/{member}/verification", "GiveGrants", "401 401 401 403 403 403 403 403 204 204 403 401"),
    row("DELETE", "/api/v1/admin/members/{member}/verification", "GiveGrants", "401 401 401 403 403 403 403 403 204 204 403 401"),

    row("GET", "/api/v1/admin/summary",                   "OpenDashboard", "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("GET", "/api/v1/admin/settings",                  "ManageSettings", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("PATCH", "/api/v1/admin/settings",                "ManageSettings", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/api/v1/admin/audit",                     "ReadAudit", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/api/v1/admin/mail",                      "ReadMail", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/api/v1/admin/mail/{letter}",             "ReadLetter", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/admin",                                  "OpenDashboard", "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("GET", "/admin/members",                          "SeePeople", "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("GET", "/admin/members/{member}",                 "SeePerson", "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("GET", "/admin/invites",                          "SeeDoor", "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("GET", "/admin/roles",                            "SeeRights", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/admin/plans",                            "SeePlans", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/admin/rooms",                            "SeeRooms", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/admin/mail",                             "ReadMail", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/admin/mail/{letter}",                    "ReadLetter", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/admin/settings",                         "ManageSettings", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/admin/audit",                            "ReadAudit", "401 401 401 403 403 403 403 403 200 200 403 401"),

    row("GET", "/api/v1/admin/reports", "SeeReports", "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("POST", "/api/v1/admin/reports/{report}/close", "CloseReport", "401 401 401 403 403 403 403 204 204 204 403 401"),
    row("GET", "/admin/reports", "SeeReports", "401 401 401 403 403 403 403 200 200 200 403 401"),

    row("GET", "/api/v1/admin/calls", "OverseeCalls", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("POST", "/api/v1/admin/calls/{call}/end", "ModerateAnyCall", "401 401 401 403 403 403 403 403 204 204 403 401"),
    // Nobody is in a call that is rows alone.
    row("POST", "/api/v1/admin/calls/{call}/mute", "ModerateAnyCall", "401 401 401 403 403 403 403 403 404 404 403 401"),
    row("GET", "/api/v1/admin/calls/check", "OverseeCalls", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("POST", "/api/v1/admin/calls/check", "OverseeCalls", "401 401 401 403 403 403 403 403 200 200 403 401"),
    row("GET", "/admin/calls", "OverseeCalls", "401 401 401 403 403 403 403 403 200 200 403 401"),

    // The set-up: its token is used up by the first owner.
    row("GET", "/setup/done",                             "FinishSetUp", "401 401 401 403 403 403 403 200 200 200 403 401"),
    row("GET", "/setup/{code}",                           "Public", "410 410 410 410 410 410 410 410 410 410 410 410"),
    row("POST", "/api/v1/setup/check",                    "Public", "410 410 410 410 410 410 410 410 410 410 410 410"),
    row("POST", "/api/v1/setup",                          "Public", "410 410 410 410 410 410 410 410 410 410 410 410"),
];
