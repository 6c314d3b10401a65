//! What a failed test prints: the requests that its tenant or its mock has answered. Knows no socket.

use std::fmt::Write as _;

use crate::http::of_api;
use crate::runtime::journal::{Carried, Entry};
use crate::runtime::{App, Secrets, Tenant};

/// How many requests a report shows.
const REQUESTS: usize = 50;

/// How many characters of a body it shows.
const BODY: usize = 400;

/// Prints a report if the current thread panics. The output of a test has it, because tests capture standard error.
pub(super) fn print_in_panic(report: impl FnOnce() -> String) {
    if std::thread::panicking() {
        #[expect(
            clippy::print_stderr,
            reason = "a test harness shows this beside the panic; a log may have no subscriber"
        )]
        {
            eprint!("{}", report());
        }
    }
}

/// The requests of a tenant, and those that belong to no tenant and came after the request of that number.
pub(super) fn of_tenant(app: &App, tenant: &Tenant, after: u64) -> String {
    let requests = app.journal_of(tenant, REQUESTS);
    let now = tenant.ledger().clock().now();
    let mut text = format!(
        "stepup-mock: tenant {} at {now} has answered {}\n",
        tenant.name(),
        counted(&requests)
    );
    let secrets = [tenant.ledger().secrets()];
    tell(&mut text, &requests, &secrets);
    if requests.is_empty() {
        misled(&mut text, app, after);
    }
    let faults = tenant.ledger().faults();
    for fault in faults.all().filter(|fault| fault.always != Some(true)) {
        let id = fault.id.as_deref().unwrap_or_default();
        let operation = fault.operation.as_deref().unwrap_or("any operation");
        let _ = writeln!(text, "  fault {id} of {operation} is still planned");
    }
    let strays = app.strays_after(after, REQUESTS);
    if !strays.is_empty() {
        let _ = writeln!(
            text,
            "stepup-mock: since the tenant was created, the mock has answered {} that no tenant owns",
            counted(&strays)
        );
        tell(&mut text, &strays, &secrets);
    }
    text
}

/// Tells of requests since that number that came with the documented secrets, which a test's tenant does not have.
fn misled(text: &mut String, app: &App, after: u64) {
    for tenant in app.tenants().iter().filter(|one| one.is_documented()) {
        let requests = app.journal_of(tenant, REQUESTS).into_iter();
        let requests: Vec<_> = requests.filter(|(entry, _)| entry.number > after).collect();
        if !requests.is_empty() {
            let _ = writeln!(
                text,
                "stepup-mock: meanwhile, tenant {} has answered {}. It has the secrets of the documentation: does your code \
                 still have them, too?",
                tenant.name(),
                counted(&requests)
            );
        }
    }
}

/// The requests of a mock.
pub(super) fn of_mock(app: &App) -> String {
    let mut requests = app.strays_after(0, REQUESTS);
    let tenants = app.tenants();
    for tenant in &tenants {
        requests.extend(app.journal_of(tenant, REQUESTS));
    }
    requests.sort_by_key(|(entry, _)| std::cmp::Reverse(entry.number));
    requests.truncate(REQUESTS);
    let now = app.clock.now();
    let mut text = format!(
        "stepup-mock: the mock at {now} has answered {}\n",
        counted(&requests)
    );
    let secrets: Vec<_> = tenants
        .iter()
        .map(|tenant| tenant.ledger().secrets())
        .collect();
    tell(&mut text, &requests, &secrets);
    text
}

fn counted(requests: &[(Entry, Option<Carried>)]) -> String {
    match requests.len() {
        0 => "no request".to_owned(),
        1 => "1 request".to_owned(),
        REQUESTS => format!("at least {REQUESTS} requests; the newest are"),
        count => format!("{count} requests"),
    }
}

/// Writes requests without these secrets, oldest first. They are given newest first.
fn tell(text: &mut String, requests: &[(Entry, Option<Carried>)], secrets: &[&Secrets]) {
    for (entry, carried) in requests.iter().rev() {
        let Entry {
            number,
            at,
            method,
            target,
            status,
            ..
        } = entry;
        let operation = entry.operation.unwrap_or("no operation");
        let _ = writeln!(
            text,
            "  #{number} {at} {method} {target} -> {status} ({operation})"
        );
        for (what, why) in [("refused", &entry.reason), ("warning", &entry.warning)] {
            if let Some(why) = why {
                let _ = writeln!(text, "      {what}: {why}");
            }
        }
        let Some(carried) = carried else { continue };
        for (what, (kept, length)) in [("sent", carried.request()), ("answer", carried.answer())] {
            let shown = of_api(entry.api, kept, length);
            let mut whole = shown.text;
            for secrets in secrets {
                whole = secrets.hidden(&whole, shown.cut.is_some()).into_owned();
            }
            let body: String = whole.chars().take(BODY).collect();
            let cut = if body.len() < whole.len() { " …" } else { "" };
            let note = shown.cut.map(|why| format!(" ({why})")).unwrap_or_default();
            if !body.is_empty() || !note.is_empty() {
                let _ = writeln!(text, "      {what}: {body}{cut}{note}");
            }
        }
    }
}
