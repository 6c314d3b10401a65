//! `export` and `import`: the configuration of a tenant, from a mock or for it. Knows no member of a configuration.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::{Map, Value};

use super::{RunningMock, text};
use crate::program::visible::{visible, visible_document, visible_json};
use crate::runtime::seed::{Seed, export, management};
use crate::runtime::{parse, read_file};

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
    let mut out = std::io::stdout().lock();
    match form {
        Form::Seed => writeln!(out, "{}", visible_document(&exported["seed"])),
        Form::Calls => writeln!(out, "{}", visible_document(&exported["calls"])),
        Form::Script => write!(out, "{}", script(&exported)),
    }
    .context("stdout")?;
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
    let (seed, unknown) = seed(&answers)
        .map_err(anyhow::Error::msg)
        .context(name.to_string())?;
    Seed::from_value(seed.clone())
        .and_then(Seed::completed)
        .context(name.to_string())?;
    for place in unknown {
        let note = format!("the mock does not know {place}, and leaves it out");
        notes(&Value::Array(vec![note.into()]));
    }
    writeln!(std::io::stdout(), "{}", visible_document(&seed)).context("stdout")
}

/// The seed that answers make, and the places of members that the mock does not know.
fn seed(answers: &Map<String, Value>) -> Result<(Value, Vec<String>), String> {
    let (document, unknown) = management::read(answers)?;
    let id = answers
        .iter()
        .find(|(path, _)| path.trim_matches('/').ends_with("tenant"))
        .and_then(|(_, tenant)| tenant.get("tenantId")?.as_str());
    Ok((export::imported(id, &document), unknown))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{quoted, script, seed};

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

    #[test]
    fn answers_of_a_tenant_make_a_seed_with_its_id() {
        let answers = json!({"tenant": {"tenantId": "t-1", "name": "Shop"}, "theme": {"glow": 1}});
        let (seed, unknown) = seed(answers.as_object().unwrap()).unwrap();
        let tenant = &seed["tenants"][0]["authsignal"];
        assert_eq!(tenant["id"], "t-1");
        assert_eq!(tenant["management"]["tenant"], json!({"name": "Shop"}));
        assert_eq!(unknown, ["theme/glow"]);
    }
}
