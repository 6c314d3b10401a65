//! `export` and `import`: the configuration of a tenant, from a mock or for it. Knows no member of a configuration.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::{Map, Value};

use super::{RunningMock, text};
use crate::bounds::FILE;
use crate::program::visible::{visible, visible_document, visible_json};
use crate::runtime::seed::{Seed, export, management};
use crate::runtime::{App, Behaviour, parse, read_file};

/// What `export` prints.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Form {
    /// A seed
    #[default]
    Seed,
    /// Calls of the Management API, as JSON
    Calls,
    /// Calls of the Management API, as a shell script that uses curl
    Script,
}

pub(super) fn export(mock: &RunningMock, tenant: Option<&str>, form: Form) -> anyhow::Result<()> {
    let exported = mock.call(|http, url| {
        let tenant = tenant.map(|id| ("tenant", id));
        http.get(format!("{url}/_mock/authsignal/export"))
            .query(tenant.as_slice())
    })?;
    let text = match form {
        Form::Seed => document(&exported["seed"])?,
        Form::Calls => visible_document(&exported["calls"]),
        Form::Script => script(&exported),
    };
    let end = if text.ends_with('\n') { "" } else { "\n" };
    write!(std::io::stdout(), "{text}{end}").context("stdout")?;
    if !matches!(form, Form::Script) {
        notes(&exported["notes"]);
    }
    Ok(())
}

/// Says on stderr what stdout has no place for.
fn notes(notes: &Value) {
    for note in notes.as_array().into_iter().flatten() {
        // Nothing is left to report a failure of stderr to.
        let _ = writeln!(std::io::stderr(), "stepup-mock: {}", visible(text(note)));
    }
}

/// The beginning of a script. The body of a call comes from stdin, so no argument is too long.
const HEAD: &str = r#"#!/bin/sh
# Configures an Authsignal tenant by its Management API. Read the script before you run it, with
#   AUTHSIGNAL_MANAGEMENT_URL     the URL of your region with /v1/management at its end
#   AUTHSIGNAL_MANAGEMENT_SECRET  the Management API secret of the tenant
# It may run again: it changes what is there already, and names what it cannot change. It ends at the first call that fails.
set -eu
# Prints the answer to a body from stdin, and in a line of its own the status.
request() {
    curl --silent --show-error --user "$AUTHSIGNAL_MANAGEMENT_SECRET:" --request "$1" \
        --header 'Content-Type: application/json' --data-binary @- --write-out '\n%{http_code}\n' "$AUTHSIGNAL_MANAGEMENT_URL$2"
}
failed() {
    printf '%s\n' "$1 $2 failed with status $status: $said" >&2
    exit 22
}
# Fails if the resource is there already.
attempt() {
    answer=$(request "$1" "$2") || exit
    status=$(printf '%s\n' "$answer" | tail -n 1)
    said=$(printf '%s\n' "$answer" | sed '$d')
    case $status in
    2??) printf '%s\n' "$said" ;;
    409) return 1 ;;
    *)
        case $said in
        *'There is already another rule with priority'*) return 1 ;;
        *) failed "$1" "$2" ;;
        esac
        ;;
    esac
}
call() { attempt "$1" "$2" || failed "$1" "$2"; }
create() { attempt POST "$1"; }
change() {
    printf '%s\n' "changes what is there already: $1" >&2
    call PATCH "$1"
}
stays() { printf '%s\n' "leaves as it is what is there already: $1" >&2; }
"#;

fn script(exported: &Value) -> String {
    let mut script = HEAD.to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for note in list(&exported["notes"]) {
        script.push_str(&format!("# Left to do: {}\n", visible(text(&note))));
    }
    for call in list(&exported["calls"]) {
        script.push('\n');
        for secret in list(&call["lacks"]) {
            script.push_str(&format!("# Add the secret {}\n", visible(text(&secret))));
        }
        script.push_str(&command(&call));
    }
    script
}

/// The lines of a script that make a call.
fn command(call: &Value) -> String {
    let path = |call: &Value| quoted(&visible(text(&call["path"])));
    // One line of JSON begins with a brace, so it is never the line that ends it.
    let body = |call: &Value| format!("{}\nJSON\n", visible_json(&call["body"]));
    let (own, change) = (path(call), &call["ifExists"]);
    match text(&call["method"]) {
        "POST" if change.is_object() => format!(
            "create {own} <<'JSON' || change {} <<'JSON'\n{}{}",
            path(change),
            body(call),
            body(change)
        ),
        "POST" => {
            let name = text(&call["body"]["name"]);
            let what = quoted(&visible(&format!("{} {name}", text(&call["path"]))));
            format!("create {own} <<'JSON' || stays {what}\n{}", body(call))
        }
        method => format!("call {} {own} <<'JSON'\n{}", visible(method), body(call)),
    }
}

/// A word that a shell reads as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

pub(super) fn import(file: &Path) -> anyhow::Result<()> {
    let name = file.display();
    let bytes = read_file(file).with_context(|| format!("cannot read {name}"))?;
    let answers = parse(&bytes)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("{name} is not JSON"))?;
    let Value::Object(answers) = answers else {
        anyhow::bail!(
            "{name} must hold an object with each answer under its path, such as {{\"tenant\": {{...}}}}"
        );
    };
    let (seed, left_out) = seed(answers).context(name.to_string())?;
    let printed = document(&seed).context(name.to_string())?;
    notes(&left_out.into());
    writeln!(std::io::stdout(), "{printed}").context("stdout")
}

/// A seed as a file that the mock reads.
fn document(seed: &Value) -> anyhow::Result<String> {
    let indented = visible_document(seed);
    if indented.len() < FILE {
        return Ok(indented);
    }
    let printed = visible_json(seed);
    anyhow::ensure!(
        printed.len() < FILE,
        "the seed would have {} bytes; the mock reads at most {FILE} of a file",
        printed.len()
    );
    Ok(printed)
}

/// The seed that answers make, and what it leaves out. A mock can start with it: one has.
fn seed(answers: Map<String, Value>) -> anyhow::Result<(Value, Vec<String>)> {
    let id = answers
        .iter()
        .find(|(path, _)| path.trim_matches('/').ends_with("tenant"))
        .and_then(|(_, tenant)| tenant.get("tenantId")?.as_str());
    let (document, unknown) = management::read(&answers).map_err(anyhow::Error::msg)?;
    let unknown = unknown.into_iter();
    let mut left_out: Vec<_> = unknown
        .map(|place| format!("the mock does not know {place}, and leaves it out"))
        .collect();
    let scratch = App::new(Behaviour::default(), Seed::default())?;
    let tenant = scratch
        .authsignals()
        .into_iter()
        .next()
        .context("no tenant")?;
    let (document, notes) = tenant.transact(|authsignal, turn| {
        authsignal.put_fitting(turn, document, |url| scratch.courier.check(url))
    });
    left_out.extend(notes);
    let seed = export::imported(id, &document);
    App::new(Behaviour::default(), Seed::from_value(seed.clone())?)?;
    Ok((seed, left_out))
}

#[cfg(test)]
mod imported;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{quoted, script};

    #[test]
    fn a_script_makes_every_call_and_names_what_it_lacks() {
        let exported = json!({
            "notes": ["tenant: only the portal sets customDomain"],
            "calls": [{
                "method": "POST",
                "path": "/authenticator-configurations/sms",
                "body": {"smsProvider": "TWILIO", "twilioCredentials": {"accountSid": "it's"}},
                "lacks": ["/twilioCredentials/authToken"],
                "ifExists": {"path": "/authenticator-configurations/sms", "body": {"smsProvider": "TWILIO"}},
            }, {
                "method": "POST",
                "path": "/action-configurations/pay/rules",
                "body": {"name": "it's large"},
                "lacks": [],
            }, {
                "method": "PATCH",
                "path": "/tenant",
                "body": {"name": "Shop"},
                "lacks": [],
            }],
        });
        let script = script(&exported);
        assert!(script.starts_with("#!/bin/sh\n"), "{script}");
        let body = script.split("# Left to do: ").nth(1).unwrap_or(&script);
        assert_eq!(
            body,
            "tenant: only the portal sets customDomain\n\
             \n\
             # Add the secret /twilioCredentials/authToken\n\
             create '/authenticator-configurations/sms' <<'JSON' || change '/authenticator-configurations/sms' <<'JSON'\n\
             {\"smsProvider\":\"TWILIO\",\"twilioCredentials\":{\"accountSid\":\"it's\"}}\n\
             JSON\n\
             {\"smsProvider\":\"TWILIO\"}\n\
             JSON\n\
             \n\
             create '/action-configurations/pay/rules' <<'JSON' || stays '/action-configurations/pay/rules it'\\''s large'\n\
             {\"name\":\"it's large\"}\n\
             JSON\n\
             \n\
             call PATCH '/tenant' <<'JSON'\n\
             {\"name\":\"Shop\"}\n\
             JSON\n"
        );
    }

    #[test]
    fn a_word_stays_one_word_in_a_shell() {
        assert_eq!(quoted("/a'b $c"), r"'/a'\''b $c'");
    }
}
