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
set -eu
call() {
    curl --silent --show-error --fail-with-body --user "$AUTHSIGNAL_MANAGEMENT_SECRET:" --request "$1" \
        --header 'Content-Type: application/json' --data-binary @- "$AUTHSIGNAL_MANAGEMENT_URL$2"
    echo
}
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
        let [method, path] = ["method", "path"].map(|name| visible(text(&call[name])));
        // One line of JSON begins with a brace, so it is never the line that ends it.
        let body = visible_json(&call["body"]);
        script.push_str(&format!(
            "call {method} {} <<'JSON'\n{body}\nJSON\n",
            quoted(&path)
        ));
    }
    script
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
            }],
        });
        let script = script(&exported);
        assert!(script.starts_with("#!/bin/sh\n"), "{script}");
        let body = script.split("}\n# Left to do: ").nth(1).unwrap_or(&script);
        assert_eq!(
            body,
            "tenant: only the portal sets customDomain\n\
             \n\
             # Add the secret /twilioCredentials/authToken\n\
             call POST '/authenticator-configurations/sms' <<'JSON'\n\
             {\"smsProvider\":\"TWILIO\",\"twilioCredentials\":{\"accountSid\":\"it's\"}}\n\
             JSON\n"
        );
    }

    #[test]
    fn a_word_stays_one_word_in_a_shell() {
        assert_eq!(quoted("/a'b $c"), r"'/a'\''b $c'");
    }
}
