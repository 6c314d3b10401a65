//! Authenticator configurations: how users can authenticate, and with whose help. Whether a method is active is the
//! tenant's list of methods; everything else is kept here. Knows no user.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Fault;
use super::method_settings::{
    BLOCK, CODE_LENGTH, CODE_LENGTHS, PREFIXES, SENDING, SENDINGS, SUBMISSION,
};
use super::resource::{Resource, object};
use crate::bounds::AUTHENTICATOR_CONFIGURATION;
use crate::domain::authsignal::configuration::credential_life;
use crate::domain::authsignal::passkey_settings::{
    AttachmentSetting, PasskeySettings, RegistrationHint, UserVerification,
};
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::{Authsignal, Configuration};

const ACTIVE: &str = "isActive";
const WEBHOOK: &str = "webhookUrl";
pub(super) const COUNTRIES: &str = "smsCountryCodes";
pub(super) const DEFAULT_COUNTRY: &str = "defaultCountryCode";
const RELYING_PARTY: &str = "relyingParty";
const ORIGINS: &str = "expectedOrigins";
const HINTS: &str = "passkeyRegistrationHints";
const SMS_VARIABLES: &str = "allowedCustomSmsVariables";
const EMAIL_VARIABLES: &str = "allowedCustomEmailVariables";
const LIFE: &str = "credentialLifetimeInMinutes";
const LAST: &str = "preventRemovingLastPasskey";

/// Members of credentials that no answer has.
const SECRETS: [&str; 7] = [
    "authToken",
    "accessKey",
    "apiKey",
    "apiSecret",
    "password",
    "privateKey",
    "serviceAccountKey",
];

/// The methods that have a configuration of their own by the go client, with the members that it must have and with the
/// name in its texts.
pub(super) const CREATABLE: [(Method, &[&str], &str); 4] = [
    (Method::Sms, &["smsProvider"], "SMS OTP"),
    (Method::EmailOtp, &["emailProvider"], "email OTP"),
    (Method::Passkey, &[RELYING_PARTY, ORIGINS], "passkey"),
    (Method::Push, &["pushProvider"], "push"),
];

/// The providers of configurations for which nobody has named one. Every version of the vendor's clients knows these words.
const DEFAULTS: [(Method, &str, &str); 3] = [
    (Method::Sms, "smsProvider", "TWILIO"),
    (Method::EmailOtp, "emailProvider", "SMTP"),
    (Method::Push, "pushProvider", "DEFAULT"),
];

/// The domain of passkeys for which nobody has named one.
const LOCAL: &str = "localhost";

/// The provider of a tenant that sends messages itself.
const OWN: &str = "WEBHOOK";

/// A provider, and the credentials that belong to it.
type Provider = (&'static str, &'static [&'static str]);

/// The credentials that belong to each provider, by the member that names the provider. A provider without any has none.
const CREDENTIALS: [(&str, &[Provider]); 3] = [
    (
        "smsProvider",
        &[
            ("TWILIO", &["twilioCredentials"]),
            ("BIRD", &["birdSmsCredentials"]),
            ("MESSAGE_BIRD", &["birdSmsCredentials"]),
            ("MESSAGE_BIRD_V2", &["birdSmsCredentials"]),
            ("MESSAGE_MEDIA", &["messageMediaCredentials"]),
            ("MODICA_GROUP", &["modicaGroupCredentials"]),
            ("TNZ", &["tnzCredentials"]),
        ],
    ),
    (
        "emailProvider",
        &[
            ("BIRD", &["birdEmailCredentials"]),
            ("MAILJET", &["mailjetEmailCredentials"]),
            ("MAILGUN", &["mailgunEmailCredentials"]),
            ("MANDRILL", &["mandrillEmailCredentials"]),
            ("SENDGRID", &["sendgridEmailCredentials"]),
            ("SMTP", &["smtpEmailCredentials"]),
        ],
    ),
    (
        "pushProvider",
        &[
            ("DEFAULT", &["apnsCredentials", "fcmCredentials"]),
            ("FIREBASE", &["fcmCredentials"]),
        ],
    ),
];

/// The authenticator configurations of a tenant, by the word of their method.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    from = "BTreeMap<Method, Resource>",
    into = "BTreeMap<String, Resource>"
)]
pub struct Authenticators(BTreeMap<&'static str, Resource>);

impl From<BTreeMap<Method, Resource>> for Authenticators {
    fn from(of_methods: BTreeMap<Method, Resource>) -> Self {
        let of_words = of_methods.into_iter();
        Self(of_words.map(|(method, own)| (method.word(), own)).collect())
    }
}

impl From<Authenticators> for BTreeMap<String, Resource> {
    fn from(Authenticators(of_words): Authenticators) -> Self {
        let of_words = of_words.into_iter();
        of_words.map(|(word, own)| (word.to_owned(), own)).collect()
    }
}

impl Authenticators {
    /// What is set for a method.
    pub fn get(&self, method: Method) -> Option<&Resource> {
        self.0.get(method.word())
    }

    /// Where a method's configuration holds secrets, as JSON pointers.
    pub(super) fn secrets(&self, method: Method) -> Vec<String> {
        let members = self.get(method).map(Resource::members);
        let blocks = members.into_iter().flatten();
        let inner = blocks.flat_map(|(block, value)| {
            let names = value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name);
            let secret = names.filter(|name| SECRETS.contains(&name.as_str()));
            secret.map(move |name| format!("/{block}/{name}"))
        });
        inner.collect()
    }
}

/// The name of a method's configuration in a path.
pub(super) fn slug(method: Method) -> String {
    method.word().to_lowercase().replace('_', "-")
}

/// The method that an id or a word in a path names.
fn named(name: &str) -> Result<Method, Fault> {
    let word = name.replace('-', "_").to_uppercase();
    Method::of_word(&word).ok_or(Fault::NoAuthenticator(None))
}

fn is_creatable(method: Method) -> bool {
    CREATABLE.iter().any(|(creatable, ..)| *creatable == method)
}

/// The fault of a method that has no configuration.
fn none_of(method: Method) -> Fault {
    Fault::NoAuthenticator((!is_creatable(method)).then(|| method.word()))
}

impl Authsignal {
    /// The authenticator configurations as answers show them, without secrets.
    pub fn answered_authenticators(&self) -> Vec<Map<String, Value>> {
        let methods = Method::ALL.into_iter();
        let answered = methods.filter_map(|method| answered(&self.configuration, method));
        answered.collect()
    }

    /// What is set of the authenticator configurations, as the vendor names their members, without secrets.
    pub fn authenticators(&self) -> Vec<Map<String, Value>> {
        let methods = Method::ALL.into_iter();
        let shown = methods.filter_map(|method| shown(&self.configuration, method));
        shown.collect()
    }

    /// What is set for methods, by their words, without secrets.
    pub fn dump_authenticators(&self) -> Map<String, Value> {
        let kept = Method::ALL.into_iter().filter(|method| {
            let configured = &self.configuration.authenticators;
            configured.get(*method).is_some()
        });
        let shown = kept.filter_map(|method| {
            let members = shown(&self.configuration, method)?;
            Some((method.word().to_owned(), Value::Object(members)))
        });
        shown.collect()
    }

    /// An authenticator configuration as an answer shows it, without secrets.
    ///
    /// # Errors
    /// There is none.
    pub fn authenticator(&self, name: &str) -> Result<Map<String, Value>, Fault> {
        let method = named(name)?;
        answered(&self.configuration, method).ok_or_else(|| none_of(method))
    }

    /// Creates an authenticator configuration. A method that the tenant offers from the start has none yet.
    ///
    /// # Errors
    /// There is one, or a member is wrong. Nothing changes then.
    pub fn create_authenticator(
        &mut self,
        name: &str,
        given: Map<String, Value>,
    ) -> Result<(), Fault> {
        let method = named(name)?;
        let found = CREATABLE
            .iter()
            .find(|(creatable, ..)| *creatable == method);
        let Some((_, required, label)) = found else {
            let why = format!(
                "a configuration of {} cannot be created, because the tenant has it from the start: PATCH changes it; sms, \
                 email-otp, passkey and push can",
                method.word()
            );
            return Err(Fault::Invalid(why));
        };
        if self.configuration.authenticators.get(method).is_some() {
            let why = format!("A {label} configuration already exists.");
            return Err(Fault::Exists(why));
        }
        let given = Resource::new(given);
        if let Some(missing) = required.iter().find(|name| given.get(name).is_none()) {
            let why = format!("body lacks the required member \"{missing}\"");
            return Err(Fault::Invalid(why));
        }
        let active = given.get(ACTIVE).and_then(Value::as_bool).unwrap_or(true);
        self.put_authenticator(method, given, Some(active))
    }

    /// Changes an authenticator configuration.
    ///
    /// # Errors
    /// There is none, or a member is wrong. Nothing changes then.
    pub fn update_authenticator(
        &mut self,
        name: &str,
        mut changes: Map<String, Value>,
    ) -> Result<(), Fault> {
        let method = named(name)?;
        let known = shown(&self.configuration, method);
        known.ok_or_else(|| none_of(method))?;
        if let Some(word) = changes.remove("verificationMethod")
            && word.as_str().is_some_and(|word| word != method.word())
        {
            let why = "body /verificationMethod: is that of another configuration";
            return Err(Fault::Invalid(why.to_owned()));
        }
        leave_unset(&self.configuration, method, &mut changes);
        let active = changes.get(ACTIVE).and_then(Value::as_bool);
        let mut changed = kept(&self.configuration, method).unwrap_or_default();
        forget_dependents(&mut changed, &changes);
        for (name, value) in changes {
            // Credentials keep the secret that no answer has.
            if name.ends_with("Credentials") {
                changed.change_deeply(Map::from_iter([(name, value)]));
            } else {
                changed.change(Map::from_iter([(name, value)]));
            }
        }
        self.put_authenticator(method, changed, active)
    }

    /// Deletes an authenticator configuration. The tenant no longer offers the method.
    ///
    /// # Errors
    /// There is none, or nothing could create it again.
    pub fn delete_authenticator_configuration(&mut self, name: &str) -> Result<(), Fault> {
        let method = named(name)?;
        let known = shown(&self.configuration, method);
        known.ok_or_else(|| none_of(method))?;
        if !is_creatable(method) {
            let why = format!(
                "a configuration of {} cannot be created again, so it cannot be deleted; PATCH isActive false takes the method from the tenant",
                method.word()
            );
            return Err(Fault::Invalid(why));
        }
        let configuration = &mut self.configuration;
        configuration.authenticators.0.remove(method.word());
        adopt(configuration, method, &Resource::default());
        configuration.methods.retain(|offered| *offered != method);
        self.events.set_provider(method, None);
        Ok(())
    }

    pub(super) fn put_authenticator(
        &mut self,
        method: Method,
        mut members: Resource,
        active: Option<bool>,
    ) -> Result<(), Fault> {
        check(&members).map_err(Fault::Invalid)?;
        if members.bytes() > AUTHENTICATOR_CONFIGURATION {
            let why = format!(
                "the configuration would take more than {AUTHENTICATOR_CONFIGURATION} bytes"
            );
            return Err(Fault::Invalid(why));
        }
        members.take(ACTIVE);
        let configuration = &mut self.configuration;
        if method == Method::Passkey {
            let checked = passkey_settings(&members).check();
            checked.map_err(|why| Fault::Invalid(format!("body /{why}")))?;
        }
        adopt(configuration, method, &members);
        self.events.set_provider(method, provider_url(&members));
        configuration
            .authenticators
            .0
            .insert(method.word(), members);
        let offered = configuration.methods.contains(&method);
        match active {
            Some(true) if !offered => configuration.methods.push(method),
            Some(false) => configuration.methods.retain(|offered| *offered != method),
            _ => {}
        }
        Ok(())
    }
}

/// The URL that a configuration has messages sent to.
pub(super) fn provider_url(members: &Resource) -> Option<&str> {
    let mut providers = CREDENTIALS.iter();
    let is_own = providers.any(|(member, _)| members.text(member) == Some(OWN));
    members.text(WEBHOOK).filter(|_| is_own)
}

/// Takes away what a change leaves without a meaning: the URL of another provider, the default of no countries.
fn forget_dependents(members: &mut Resource, changes: &Map<String, Value>) {
    let names_provider = CREDENTIALS
        .iter()
        .any(|(member, _)| changes.contains_key(*member));
    if names_provider && !changes.contains_key(WEBHOOK) {
        let webhook = |member: &str| changes.get(member).and_then(Value::as_str) == Some(OWN);
        if !CREDENTIALS.iter().any(|(member, _)| webhook(member)) {
            members.take(WEBHOOK);
        }
    }
    // By a comment of the Terraform provider, the vendor discards the default with its country.
    let has = |codes: &Value, code: &str| {
        let codes = codes.as_array().into_iter().flatten();
        codes.filter_map(Value::as_str).any(|one| one == code)
    };
    let default = members.text(DEFAULT_COUNTRY).unwrap_or_default();
    let is_gone = changes
        .get(COUNTRIES)
        .is_some_and(|codes| !has(codes, default));
    if is_gone && !changes.contains_key(DEFAULT_COUNTRY) {
        members.take(DEFAULT_COUNTRY);
    }
    // What another provider was reached with goes with it.
    for (member, providers) in CREDENTIALS {
        let Some(provider) = changes.get(member).and_then(Value::as_str) else {
            continue;
        };
        for (_, blocks) in providers.iter().filter(|(word, _)| *word != provider) {
            let own = |block: &str| {
                let mut of_provider = providers.iter().filter(|(word, _)| *word == provider);
                of_provider.any(|(_, own)| own.contains(&block))
            };
            for block in blocks.iter().filter(|block| !own(block)) {
                members.take(block);
            }
        }
    }
}

/// Checks what the members of a configuration say together.
fn check(members: &Resource) -> Result<(), String> {
    for (member, providers) in CREDENTIALS {
        let Some(provider) = members.text(member) else {
            continue;
        };
        let of = |word: &str| {
            let found = providers.iter().find(|(own, _)| *own == word);
            found.map_or(&[][..], |(_, blocks)| *blocks)
        };
        let blocks = providers.iter().flat_map(|(_, blocks)| *blocks);
        let mut foreign =
            blocks.filter(|block| members.get(block).is_some() && !of(provider).contains(block));
        if let Some(foreign) = foreign.next() {
            return Err(format!(
                "body /{foreign}: belongs to another provider than {provider}; leave it out"
            ));
        }
        if members.get(WEBHOOK).is_some() && provider != OWN {
            return Err(format!(
                "body /{WEBHOOK}: belongs to the provider {OWN}, not to {provider}; leave it out"
            ));
        }
    }
    let length = members.count(CODE_LENGTH);
    if length.is_some_and(|length| !CODE_LENGTHS.contains(&length)) {
        let (least, most) = (CODE_LENGTHS.start(), CODE_LENGTHS.end());
        return Err(format!("body /{CODE_LENGTH}: must be {least} to {most}"));
    }
    countries(members)?;
    limits(members)
}

fn countries(members: &Resource) -> Result<(), String> {
    let codes = members.texts(COUNTRIES).unwrap_or_default();
    let is_code =
        |code: &str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    if let Some(at) = codes.iter().position(|code| !is_code(code)) {
        return Err(format!(
            "body /{COUNTRIES}/{at}: must be two letters, such as NZ"
        ));
    }
    match members.text(DEFAULT_COUNTRY) {
        Some(code) if !codes.contains(&code) => Err(format!(
            "body /{DEFAULT_COUNTRY}: must be one of {COUNTRIES}"
        )),
        _ => Ok(()),
    }
}

/// Checks the windows of all limits, which no schema can.
fn limits(members: &Resource) -> Result<(), String> {
    for name in SUBMISSION.into_iter().chain([SENDING]) {
        let mut limit = members.get(name).into_iter();
        limit
            .try_for_each(|limit| window(limit, 1.0))
            .map_err(|why| format!("body /{name}/{why}"))?;
    }
    for (name, least) in [(SENDINGS, 1.0), (PREFIXES, f64::MIN_POSITIVE)] {
        let limits = members.get(name).and_then(Value::as_array);
        for (at, limit) in limits.into_iter().flatten().enumerate() {
            window(limit, least).map_err(|why| format!("body /{name}/{at}/{why}"))?;
            block_size(limit).map_err(|why| format!("body /{name}/{at}/{why}"))?;
        }
    }
    Ok(())
}

fn window(limit: &Value, least: f64) -> Result<(), String> {
    let minutes = limit.get("windowInMinutes").and_then(Value::as_f64);
    match minutes {
        Some(minutes) if !(least..=1440.0).contains(&minutes) => {
            let from = if least < 1.0 { "above 0" } else { "from 1" };
            Err(format!("windowInMinutes: must be {from} to 1440"))
        }
        _ => Ok(()),
    }
}

fn block_size(limit: &Value) -> Result<(), String> {
    let fits = match limit.get(BLOCK) {
        None => true,
        Some(Value::String(word)) => word == "country",
        Some(digits) => digits.as_i64().is_some_and(|digits| digits > 0),
    };
    let why = || format!("{BLOCK}: must be country, or a number of digits above 0");
    fits.then_some(()).ok_or_else(why)
}

/// What is set for a method. The control API sets some of it, too.
fn kept(configuration: &Configuration, method: Method) -> Option<Resource> {
    let kept = configuration.authenticators.get(method).cloned();
    let mut own = Configuration::default();
    adopt(
        &mut own,
        method,
        kept.as_ref().unwrap_or(&Resource::default()),
    );
    let shared = shared(configuration, method);
    if self::shared(&own, method) == shared {
        return kept;
    }
    let mut members = kept.unwrap_or_default();
    members.change(shared);
    Some(members)
}

/// The members of a method's configuration that the control API sets, too; null for what is not set.
fn shared(configuration: &Configuration, method: Method) -> Map<String, Value> {
    fn names(names: &[String]) -> Option<Vec<&str>> {
        listed(names.iter().map(String::as_str).collect())
    }
    let life = configuration.credential_life.map(|life| life.as_mins());
    match method {
        Method::Passkey => passkey_members(&configuration.passkeys),
        Method::Sms => object(json!({SMS_VARIABLES: names(&configuration.sms_variables)})),
        Method::EmailOtp => object(json!({EMAIL_VARIABLES: names(&configuration.email_variables)})),
        Method::Push => object(json!({LIFE: life})),
        _ => Map::new(),
    }
}

/// Gives effect to the members that the control API sets, too.
fn adopt(configuration: &mut Configuration, method: Method, members: &Resource) {
    let names = |name: &str| {
        let names = members.texts(name).unwrap_or_default();
        names.into_iter().map(str::to_owned).collect()
    };
    match method {
        Method::Passkey => configuration.passkeys = passkey_settings(members),
        Method::Sms => configuration.sms_variables = names(SMS_VARIABLES),
        Method::EmailOtp => configuration.email_variables = names(EMAIL_VARIABLES),
        Method::Push => {
            let minutes = members.count(LIFE).unwrap_or_default();
            configuration.credential_life = credential_life(minutes);
        }
        _ => {}
    }
}

/// What the members of a configuration say of passkeys.
fn passkey_settings(members: &Resource) -> PasskeySettings {
    let texts = |name: &str| members.texts(name).unwrap_or_default();
    let hint = |word: &&str| {
        let mut all = RegistrationHint::ALL.into_iter();
        all.find(|hint| hint.word() == *word)
    };
    let verification = members.text("userVerificationRequirement");
    let mut verifications = UserVerification::ALL.into_iter();
    let attachment = members.text("authenticatorAttachment");
    let mut attachments = AttachmentSetting::ALL.into_iter();
    PasskeySettings {
        relying_party: members.text(RELYING_PARTY).map(str::to_owned),
        expected_origins: texts(ORIGINS).into_iter().map(str::to_owned).collect(),
        user_verification_requirement: verifications.find(|one| Some(one.word()) == verification),
        authenticator_attachment: attachments.find(|one| Some(one.word()) == attachment),
        passkey_registration_hints: texts(HINTS).iter().filter_map(hint).collect(),
        prevent_removing_last_passkey: members.get(LAST).and_then(Value::as_bool),
    }
}

/// A list, unless it is empty.
fn listed(words: Vec<&str>) -> Option<Vec<&str>> {
    (!words.is_empty()).then_some(words)
}

/// The members of what is set for passkeys; null for what is not set.
fn passkey_members(settings: &PasskeySettings) -> Map<String, Value> {
    let hints = settings.passkey_registration_hints.iter();
    let origins = settings.expected_origins.iter();
    let verification = settings.user_verification_requirement;
    let attachment = settings.authenticator_attachment;
    object(json!({
        RELYING_PARTY: settings.relying_party,
        ORIGINS: listed(origins.map(String::as_str).collect()),
        "userVerificationRequirement": verification.map(UserVerification::word),
        "authenticatorAttachment": attachment.map(AttachmentSetting::word),
        HINTS: listed(hints.map(|hint| hint.word()).collect()),
        LAST: settings.prevent_removing_last_passkey,
    }))
}

/// A configuration as an answer shows it: with the members that it must have, as every real one. Those that nobody has set
/// have no effect.
fn answered(configuration: &Configuration, method: Method) -> Option<Map<String, Value>> {
    shown(configuration, method).map(|set| completed(method, set))
}

/// What is set of a configuration, with the members that it must have.
fn completed(method: Method, mut members: Map<String, Value>) -> Map<String, Value> {
    let provider = DEFAULTS.iter().filter(|(of, ..)| *of == method);
    for (_, member, word) in provider {
        members.entry(*member).or_insert_with(|| (*word).into());
    }
    if method == Method::Passkey {
        let domain = members.get(RELYING_PARTY).and_then(Value::as_str);
        let origin = domain.map_or_else(
            || format!("http://{LOCAL}"),
            |domain| format!("https://{domain}"),
        );
        members.entry(ORIGINS).or_insert_with(|| json!([origin]));
        members.entry(RELYING_PARTY).or_insert_with(|| LOCAL.into());
    }
    members
}

/// Takes from a configuration of passkeys what only answers show, if it comes back: it would then exclude pages that it did
/// not exclude before. A client that imports a configuration sends both members.
pub(super) fn leave_unset(
    configuration: &Configuration,
    method: Method,
    wanted: &mut Map<String, Value>,
) {
    const SHOWN: [&str; 2] = [RELYING_PARTY, ORIGINS];
    if method != Method::Passkey {
        return;
    }
    let mut set = Resource::default();
    set.change(passkey_members(&configuration.passkeys));
    let answer = completed(method, set.members().clone());
    let is_back = |name: &&str| wanted.get(*name) == answer.get(*name);
    if SHOWN.iter().all(is_back) {
        wanted.retain(|name, _| !SHOWN.contains(&name.as_str()) || set.get(name).is_some());
    }
}

/// What is set of a configuration, without its secrets. A method that the tenant offers from the start has one with nothing
/// set.
fn shown(configuration: &Configuration, method: Method) -> Option<Map<String, Value>> {
    let offered = configuration.methods.contains(&method);
    let kept = kept(configuration, method);
    if kept.is_none() && !offered {
        return None;
    }
    let mut members = kept.unwrap_or_default().into_members();
    for (name, value) in &mut members {
        if !name.ends_with("Credentials") {
            continue;
        }
        if let Value::Object(block) = value {
            let account = block.get("serviceAccountKey").and_then(Value::as_str);
            let account = account.map(service_account).unwrap_or_default();
            block.extend(account);
            block.retain(|name, _| !SECRETS.contains(&name.as_str()));
        }
    }
    let mut members = Resource::new(members);
    // One configuration for each method, so the method names it.
    members.set("authenticatorId", method.word().to_lowercase());
    members.set("verificationMethod", method.word());
    members.set(ACTIVE, offered);
    Some(members.into_members())
}

/// What an answer shows of the key file of a service account.
fn service_account(key: &str) -> Map<String, Value> {
    let read: Value = serde_json::from_str(key).unwrap_or_default();
    let shown = json!({"projectId": read["project_id"], "clientEmail": read["client_email"]});
    Resource::new(object(shown)).into_members()
}
