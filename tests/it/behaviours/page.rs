//! The table as a page for readers, `docs/client/behaviours.md`. Must not know how rows are played.

use std::fmt::Write as _;

use super::table::{Area, ClientType, Row};

const HEAD: &str = "\
# Behaviours

What does the client do when a server fails, a network breaks, or an answer is strange? Each row is a test against the mock with
its faults, for each client that it names. `tests/it/behaviours/table.yaml` has the rows, and a test writes this page from them:
`INSTA_UPDATE=always cargo test -p conformance --test it behaviours`.

In every row, no credential shows in an error, in `Debug`, or in what `on_call` is told.

[client/README.md](../../client/README.md) says how to change limits, retries and the HTTP client.
";

impl Area {
    fn title(self) -> &'static str {
        match self {
            Self::Retry => "Retries",
            Self::Idempotency => "Idempotency",
            Self::TimeOuts => "Time-outs",
            Self::Redirects => "Redirects",
            Self::Redaction => "Redaction",
            Self::Encoding => "Encoding",
            Self::Pagination => "Pagination",
            Self::UnknownWords => "Unknown words",
            Self::PartialBodies => "Partial bodies",
            Self::Proxies => "Proxies",
            Self::Sessions => "Sessions",
        }
    }
}

impl ClientType {
    /// The name of its type.
    fn type_name(self) -> &'static str {
        match self {
            Self::Authsignal => "Authsignal",
            Self::AuthsignalClient => "AuthsignalClient",
            Self::AuthsignalManagement => "AuthsignalManagement",
            Self::Activeconnect => "Activeconnect",
            Self::MockControl => "MockControl",
        }
    }
}

/// The clients of a row. Most rows are about all that call a vendor.
fn listed(clients: &[ClientType]) -> String {
    if clients.len() == 4 && !clients.contains(&ClientType::MockControl) {
        return "all but `MockControl`".to_owned();
    }
    if clients.len() == 5 {
        return "all".to_owned();
    }
    let names = clients
        .iter()
        .map(|client| format!("`{}`", client.type_name()));
    let names: Vec<String> = names.collect();
    names.join(", ")
}

/// The page.
pub(super) fn render(rows: &[Row]) -> String {
    let mut page = HEAD.to_owned();
    for area in Area::ALL {
        let title = area.title();
        let _ = write!(
            page,
            "\n## {title}\n\n| what the client does | which client | why | row |\n| --- | --- | --- | --- |\n"
        );
        for row in rows.iter().filter(|row| row.area == area) {
            let clients = listed(&row.clients);
            // A bar would begin another column, also in code.
            let [does, because] = [&row.does, &row.because].map(|text| text.replace('|', "\\|"));
            let id = &row.id;
            let _ = writeln!(page, "| {does} | {clients} | {because} | `{id}` |");
        }
    }
    page
}
