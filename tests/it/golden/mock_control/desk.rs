//! The golden exchanges of what the desk shows: worlds, journal, and what rings.

use super::{ALICE, Body, Exchange, Stage, control, vendor};

pub(super) fn exchanges() -> Vec<Exchange> {
    [
        journal(),
        world(),
        phone(),
        next_outcome(),
        failures(),
        facts(),
    ]
    .concat()
}

/// A user with an authenticator, two actions that are challenged, and a rule that decided about one.
fn busy(exchange: Exchange) -> Exchange {
    let rule = control(
        "configure_authsignal",
        Stage::Start,
        Body::Json(
            r#"{"rules":[{"ruleId":"large","name":"Large payment","priority":1,"action":"pay","outcome":"CHALLENGE","conditions":{">":[{"var":"custom.amount"},1000]}}]}"#,
        ),
    );
    let enrolled = vendor(
        "enroll_verified_authenticator",
        r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000"}"#,
    );
    let sign_in = vendor(
        "track",
        r#"{"idempotencyKey":"key-1","deviceId":"device-1"}"#,
    );
    let pay = vendor(
        "track",
        r#"{"idempotencyKey":"key-2","custom":{"amount":5000}}"#,
    );
    exchange
        .after(&rule.answers(200))
        .after(&enrolled)
        .after(&sign_in)
        .after(&pay.path("action", "pay"))
        // Known by an action, and by nothing else.
        .after(&vendor("track", r#"{"idempotencyKey":"key-3"}"#).path("userId", "bob"))
}

fn journal() -> Vec<Exchange> {
    let journal = control("list_journal", Stage::Pending, Body::None);
    let entry =
        |number| control("get_journal_entry", Stage::Start, Body::None).path("number", number);
    let verified = vendor(
        "verify",
        r#"{"challengeId":"no-such-challenge","verificationCode":"123456"}"#,
    );
    let cut_off = vendor("verify", r#"{"challengeId":"c","verificationCode":"1234"#);
    vec![
        journal.answers(200).case("after").query("after=2"),
        journal
            .answers(200)
            .case("before")
            .query("before=3&limit=1"),
        journal
            .answers(200)
            .case("search")
            .query("search=POST%20authenticate_USER&api=activeconnect&tenant=mock-app"),
        journal
            .answers(200)
            .case("other_api")
            .query("api=authsignal"),
        journal
            .answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
        busy(entry("3")).answers(200),
        entry("1")
            .after(&verified.answers(404))
            .answers(200)
            .case("code"),
        entry("1")
            .after(&cut_off.answers(400))
            .answers(200)
            .case("no_json"),
        entry("one").answers(400),
        entry("7").answers(404),
        control("list_messages", Stage::Start, Body::None)
            .answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
    ]
}

fn world() -> Vec<Exchange> {
    let tenants = control("list_tenants", Stage::Start, Body::None);
    let users = control("list_users", Stage::Start, Body::None);
    let user = control("show_user", Stage::Start, Body::None);
    let actions = control("list_actions", Stage::Start, Body::None);
    let activeconnect = control("list_activeconnect_users", Stage::Active, Body::None);
    vec![
        busy(tenants.clone()).answers(200),
        busy(tenants)
            .answers(200)
            .case("brief")
            .query("brief=true&search=MOCK&limit=1"),
        users.answers(200).case("none"),
        busy(users.clone()).answers(200),
        busy(users.clone())
            .answers(200)
            .case("page")
            .query("after=alice&limit=1&tenant=mock-app"),
        busy(users.clone())
            .answers(200)
            .case("search")
            .query("search=6427"),
        users
            .answers(400)
            .query("limit=0")
            .shared("a limit outside its range"),
        users
            .answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
        busy(user.clone()).answers(200).query("userId=alice"),
        busy(user.clone())
            .answers(200)
            .case("only_actions")
            .query("userId=bob&limit=1"),
        user.answers(400),
        user.answers(404).query("userId=nobody"),
        busy(actions.clone()).answers(200),
        actions
            .answers(400)
            .query("limit=10001")
            .shared("a limit outside its range"),
        actions
            .answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
        activeconnect.answers(200),
        activeconnect
            .answers(200)
            .case("no_phone")
            .stage(Stage::User),
        activeconnect
            .answers(400)
            .query("limit=-1")
            .shared("a limit outside its range"),
        activeconnect
            .answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
    ]
}

fn phone() -> Vec<Exchange> {
    let requests = control("list_phone_requests", Stage::Pending, Body::None);
    vec![
        requests.answers(200),
        requests.answers(200).case("none").stage(Stage::Active),
        requests.answers(200).case("too_late").later(60),
        requests.answers(400).query("tenant=a&tenant=b"),
        requests
            .answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
    ]
}

fn failures() -> Vec<Exchange> {
    let set = control(
        "configure_failures",
        Stage::Start,
        Body::Json(
            r#"{"failures":[{"operation":"track","times":2,"status":429,"headers":{"Retry-After":"0"}},{"status":503}]}"#,
        ),
    );
    let list = control("list_failures", Stage::Start, Body::None);
    let track = vendor("track", r#"{"idempotencyKey":"key-1"}"#);
    vec![
        set.answers(200),
        set.malformed(),
        set.answers(400).case("operation").body(Body::Json(
            r#"{"failures":[{"operation":"trak","status":429}]}"#,
        )),
        set.answers(404)
            .body(Body::Json(r#"{"tenant":"no-such-tenant","failures":[]}"#))
            .shared("a tenant that does not exist"),
        set.too_large(),
        list.answers(200).after(&set.answers(200)),
        list.answers(200).case("none"),
        list.answers(400).query("tenant=a&tenant=b"),
        list.answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
        control("get_journal_entry", Stage::Start, Body::None)
            .path("number", "1")
            .after(&set.answers(200))
            .after(&track.answers(429))
            .answers(200)
            .case("failure"),
    ]
}

fn next_outcome() -> Vec<Exchange> {
    let any = control(
        "set_next_outcome",
        Stage::Start,
        Body::Json(r#"{"outcome":"BLOCK"}"#),
    );
    let of_alice = any.clone().body(Body::Json(
        r#"{"userId":"alice","action":"signIn","outcome":"REVIEW"}"#,
    ));
    let back = any.clone().body(ALICE);
    let track = vendor("track", r#"{"idempotencyKey":"key-1"}"#);
    vec![
        any.answers(200),
        any.answers(200).case("two").after(&of_alice.answers(200)),
        any.answers(200).case("replaced").after(
            &any.clone().body(Body::Json(r#"{"outcome":"ALLOW"}"#)).answers(200),
        ),
        any.answers(200).case("used").after(&any.answers(200)).after(&track),
        back.answers(200)
            .case("taken_back")
            .after(&any.clone().body(Body::Json(r#"{"userId":"alice","outcome":"ALLOW"}"#)).answers(200)),
        any.malformed(),
        any.answers(400)
            .case("outcome")
            .body(Body::Json(r#"{"outcome":"PERHAPS"}"#)),
        any.answers(404)
            .body(Body::Json(r#"{"tenantId":"no-such-tenant"}"#)).shared("a tenant that does not exist"),
        any.too_large(),
        // The next action gets it, and the one after does not.
        track_after(&any, "planned", &[]),
        track_after(&any, "planned_once", &[&track]),
        control(
            "configure_authsignal",
            Stage::Start,
            Body::Json(
                r#"{"challengeMode":"auto-fail","challengeModes":[{"action":"pay","challengeMode":"auto-succeed"}]}"#,
            ),
        )
        .answers(200)
        .case("challenge_mode"),
        control(
            "configure_authsignal",
            Stage::Start,
            Body::Json(r#"{"challengeMode":"sometimes"}"#),
        )
        .answers(400)
        .case("challenge_mode"),
    ]
}

fn facts() -> Vec<Exchange> {
    let set = control(
        "configure_facts",
        Stage::Start,
        Body::Json(
            r#"{"ip":[{"cidr":"203.0.113.7/24","countryCode":"nz","isAnonymous":false,"atypicalTravel":true}],"device":[{"deviceId":"device-1","isNew":false}],"user":[{"userId":"alice","hasPreviouslyVerified":true}],"lists":[{"alias":"blocked-countries","items":["KP","XA"]},{"alias":"amounts","name":"Odd amounts","numbers":[7,13.5]}],"dataPoints":[{"name":"amount","description":"What the user pays","dataType":"number","isPublic":true}]}"#,
        ),
    );
    let wrong = |case: &'static str, body: &'static str| {
        set.clone().body(Body::Json(body)).answers(400).case(case)
    };
    let next = control(
        "set_next_facts",
        Stage::Start,
        Body::Json(
            r#"{"userId":"alice","action":"pay","ip":{"impossibleTravel":true},"custom":{"amount":5}}"#,
        ),
    );
    let any = next
        .clone()
        .body(Body::Json(r#"{"device":{"isBot":true}}"#));
    let rules = control(
        "configure_authsignal",
        Stage::Start,
        Body::Json(
            r#"{"rules":[{"ruleId":"hidden","name":"Hidden","priority":1,"outcome":"BLOCK","conditions":{"and":[{"var":"ip.isAnonymus"},{"in":[{"var":"custom.amount"},{"var":"lists.amounts"}]}]}}]}"#,
        ),
    );
    let seen = vendor(
        "track",
        r#"{"idempotencyKey":"key-1","ipAddress":"203.0.113.9","custom":{"amount":7}}"#,
    );
    vec![
        set.answers(200),
        set.answers(200).case("warnings").after(&rules.answers(200)),
        set.malformed(),
        wrong("cidr", r#"{"ip":[{"cidr":"203.0.113"}]}"#),
        wrong(
            "twice",
            r#"{"ip":[{"cidr":"203.0.113.0/24"},{"cidr":"203.0.113.1/24"}]}"#,
        ),
        wrong(
            "member",
            r#"{"ip":[{"cidr":"203.0.113.0/24","isAnonymus":true}]}"#,
        ),
        wrong(
            "country",
            r#"{"ip":[{"cidr":"203.0.113.0/24","countryCode":"NZL"}]}"#,
        ),
        wrong(
            "list",
            r#"{"lists":[{"alias":"a","items":["1"],"numbers":[1]}]}"#,
        ),
        set.answers(404)
            .body(Body::Json(r#"{"tenantId":"no-such-tenant"}"#))
            .shared("a tenant that does not exist"),
        set.too_large(),
        next.answers(200),
        next.answers(200).case("two").after(&any.answers(200)),
        next.clone()
            .body(Body::Json(r#"{"userId":"alice","action":"pay"}"#))
            .answers(200)
            .case("taken_back")
            .after(&next.answers(200)),
        next.malformed(),
        next.clone()
            .body(Body::Json(r#"{"device":{"isnew":true}}"#))
            .answers(400)
            .case("member"),
        next.answers(404)
            .body(Body::Json(r#"{"tenantId":"no-such-tenant"}"#))
            .shared("a tenant that does not exist"),
        next.too_large(),
        rules.answers(200).case("warnings"),
        busy(control("show_user", Stage::Start, Body::None).query("userId=alice"))
            .after(&next.answers(200))
            .answers(200)
            .case("next_facts"),
        control("get_journal_entry", Stage::Start, Body::None)
            .path("number", "1")
            .after(&set.answers(200))
            .after(&rules.answers(200))
            .after(&seen)
            .answers(200)
            .case("variables"),
    ]
}

fn track_after(planned: &Exchange, case: &'static str, between: &[&Exchange]) -> Exchange {
    let second = vendor("track", r#"{"idempotencyKey":"key-2"}"#).case(case);
    let planned = second.after(&planned.answers(200));
    between.iter().fold(planned, |all, other| all.after(other))
}
