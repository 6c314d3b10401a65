//! App clients: how long the tokens of their sessions live, and which claims of their own these carry. Knows no session.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::user::Attributes;
use crate::bounds::{APP_CLIENTS, CUSTOM_CLAIMS};

/// Claims of every access token. No custom claim may take their place.
const OWN_CLAIMS: [&str; 10] = [
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "email", "sid", "seq",
];
/// What a custom data point of the user is called, before its name; as in rules.
const CUSTOM: &str = "custom.";

/// How the sessions of one app client are made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppClient {
    /// How long an access token lives.
    pub access_token_life: SignedDuration,
    /// How long a refresh token lives, and with it a session that nobody refreshes.
    pub refresh_token_life: SignedDuration,
    custom_claims: BTreeMap<String, Source>,
}

/// What somebody configures of an app client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppClientText {
    /// Its id.
    pub id: String,
    /// How long an access token lives, in seconds.
    pub access_token_seconds: Option<u32>,
    /// How long a refresh token lives, in seconds.
    pub refresh_token_seconds: Option<u32>,
    /// Custom claims: from the name of the claim to what of the user it shows.
    pub custom_claims: BTreeMap<String, String>,
}

/// What of a user a custom claim shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Source {
    Email,
    EmailVerified,
    PhoneNumber,
    PhoneNumberVerified,
    Username,
    DisplayName,
    Locale,
    /// The custom data point of that name.
    Custom(String),
}

impl Source {
    /// Every attribute, by the vendor's name.
    const ATTRIBUTES: [(&str, Self); 7] = [
        ("email", Self::Email),
        ("emailVerified", Self::EmailVerified),
        ("phoneNumber", Self::PhoneNumber),
        ("phoneNumberVerified", Self::PhoneNumberVerified),
        ("username", Self::Username),
        ("displayName", Self::DisplayName),
        ("locale", Self::Locale),
    ];

    fn of_word(word: &str) -> Option<Self> {
        if let Some(name) = word.strip_prefix(CUSTOM) {
            return (!name.is_empty()).then(|| Self::Custom(name.to_owned()));
        }
        let mut attributes = Self::ATTRIBUTES.into_iter();
        attributes.find_map(|(name, source)| (name == word).then_some(source))
    }

    /// What it is called where it is configured.
    fn word(&self) -> String {
        if let Self::Custom(name) = self {
            return format!("{CUSTOM}{name}");
        }
        let mut attributes = Self::ATTRIBUTES.into_iter();
        let own = attributes.find(|(_, source)| source == self);
        own.map_or_else(String::new, |(word, _)| word.to_owned())
    }

    /// Its value, if the user has one.
    fn of(&self, user: &Attributes, custom: &Map<String, Value>) -> Option<Value> {
        let text = |text: &Option<String>| text.clone().map(Value::String);
        // The API says false, too, of what nobody has verified.
        let flag = |flag: Option<bool>| Some(Value::Bool(flag.unwrap_or(false)));
        match self {
            Self::Email => text(&user.email),
            Self::EmailVerified => flag(user.email_verified),
            Self::PhoneNumber => text(&user.phone_number),
            Self::PhoneNumberVerified => flag(user.phone_number_verified),
            Self::Username => text(&user.username),
            Self::DisplayName => text(&user.display_name),
            Self::Locale => text(&user.locale),
            Self::Custom(name) => custom.get(name).cloned(),
        }
    }
}

impl Default for AppClient {
    fn default() -> Self {
        Self {
            // No source gives the figures.
            access_token_life: SignedDuration::from_mins(15),
            refresh_token_life: SignedDuration::from_hours(30 * 24),
            custom_claims: BTreeMap::new(),
        }
    }
}

impl AppClient {
    /// Custom claims, as they were configured: from the name of the claim to what of the user it shows.
    pub fn custom_claims(&self) -> impl Iterator<Item = (&str, String)> {
        let claims = self.custom_claims.iter();
        claims.map(|(name, source)| (name.as_str(), source.word()))
    }

    /// The claims of its own for a user. A claim whose source the user does not have is left out.
    pub(super) fn claims(&self, user: &Attributes) -> Map<String, Value> {
        if self.custom_claims.is_empty() {
            return Map::new();
        }
        let custom = user.custom.as_ref().map(|custom| custom.read());
        let custom = custom.unwrap_or_default();
        let claims = self.custom_claims.iter();
        claims
            .filter_map(|(name, source)| Some((name.clone(), source.of(user, &custom)?)))
            .collect()
    }
}

impl TryFrom<AppClientText> for AppClient {
    type Error = String;

    fn try_from(text: AppClientText) -> Result<Self, String> {
        let life = |member: &str, seconds: Option<u32>, default| match seconds {
            None => Ok(default),
            Some(0) => Err(format!(
                "{member} is 0; give the token a life of at least a second"
            )),
            Some(seconds) => Ok(SignedDuration::from_secs(seconds.into())),
        };
        let default = Self::default();
        if text.custom_claims.len() > CUSTOM_CLAIMS {
            return Err(format!(
                "customClaims has {} members; an app client has at most {CUSTOM_CLAIMS}",
                text.custom_claims.len()
            ));
        }
        let claims = text.custom_claims.into_iter();
        Ok(Self {
            access_token_life: life(
                "accessTokenSeconds",
                text.access_token_seconds,
                default.access_token_life,
            )?,
            refresh_token_life: life(
                "refreshTokenSeconds",
                text.refresh_token_seconds,
                default.refresh_token_life,
            )?,
            custom_claims: claims.map(claim).collect::<Result<_, _>>()?,
        })
    }
}

/// A custom claim and its source.
fn claim((name, word): (String, String)) -> Result<(String, Source), String> {
    if name.is_empty() || name.contains(char::is_control) {
        return Err(
            "customClaims: the name of a claim is empty or holds a control character".to_owned(),
        );
    }
    if OWN_CLAIMS.contains(&&*name) {
        return Err(format!(
            "customClaims: access tokens have a claim `{name}` already; choose another name"
        ));
    }
    let source = Source::of_word(&word).ok_or_else(|| {
        let names: Vec<_> = Source::ATTRIBUTES.iter().map(|(name, _)| *name).collect();
        format!(
            "customClaims/{name}: `{word}` is nothing of a user; use one of: {}, or `{CUSTOM}NAME` for a custom data point",
            names.join(", ")
        )
    })?;
    Ok((name, source))
}

/// The app clients of a tenant that are configured. Any other id works too, with the defaults.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppClients {
    configured: BTreeMap<String, AppClient>,
    other: AppClient,
}

impl AppClients {
    /// Exactly these.
    ///
    /// # Errors
    /// One of them cannot be, or two have the same id.
    pub fn new(texts: Vec<AppClientText>) -> Result<Self, String> {
        if texts.len() > APP_CLIENTS {
            return Err(format!(
                "there are {} app clients; a tenant has at most {APP_CLIENTS}",
                texts.len()
            ));
        }
        let mut configured = BTreeMap::new();
        for text in texts {
            let id = text.id.clone();
            let client = AppClient::try_from(text).map_err(|why| format!("client {id}: {why}"))?;
            if configured.insert(id.clone(), client).is_some() {
                return Err(format!("client {id} is there twice; name it once"));
            }
        }
        Ok(Self {
            configured,
            other: AppClient::default(),
        })
    }

    /// How the sessions of that client are made.
    pub fn get(&self, id: &str) -> &AppClient {
        self.configured.get(id).unwrap_or(&self.other)
    }

    /// Those that are configured, with their ids.
    pub fn configured(&self) -> impl Iterator<Item = (&str, &AppClient)> {
        let configured = self.configured.iter();
        configured.map(|(id, client)| (id.as_str(), client))
    }

    /// Ids of those that are configured.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.configured.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::custom::Custom;

    fn text(id: &str, claims: &[(&str, &str)]) -> AppClientText {
        let claims = claims.iter();
        AppClientText {
            id: id.to_owned(),
            custom_claims: claims
                .map(|(name, source)| ((*name).to_owned(), (*source).to_owned()))
                .collect(),
            ..AppClientText::default()
        }
    }

    #[test]
    fn a_custom_claim_shows_what_the_user_has_and_nothing_else() {
        let claims = [
            ("phone", "phoneNumber"),
            ("phone_verified", "phoneNumberVerified"),
            ("mail", "email"),
            ("mail_verified", "emailVerified"),
            ("preferred_username", "username"),
            ("name", "displayName"),
            ("locale", "locale"),
            ("plan", "custom.plan"),
            ("absent", "custom.absent"),
        ];
        let clients = AppClients::new(vec![text("web", &claims)]).unwrap();
        let mut custom = Map::new();
        custom.insert("plan".to_owned(), json!({"tier": 2}));
        custom.insert("secret".to_owned(), json!("kept"));
        let user = Attributes {
            email: Some("a@example.com".to_owned()),
            email_verified: Some(true),
            phone_number: Some("+15550100".to_owned()),
            username: Some("ada".to_owned()),
            display_name: Some("Ada".to_owned()),
            custom: Some(Custom::new(&custom)),
            ..Attributes::default()
        };
        assert_eq!(
            Value::Object(clients.get("web").claims(&user)),
            json!({
                "phone": "+15550100", "phone_verified": false, "mail": "a@example.com", "mail_verified": true,
                "preferred_username": "ada", "name": "Ada", "plan": {"tier": 2},
            })
        );
        let configured: Vec<_> = clients.configured().collect();
        assert_eq!((configured.len(), configured[0].0), (1, "web"));
        let told: BTreeMap<_, _> = configured[0].1.custom_claims().collect();
        assert_eq!(
            told,
            claims.map(|(name, word)| (name, word.to_owned())).into()
        );
        assert_eq!(
            Value::Object(clients.get("web").claims(&Attributes::default())),
            json!({"phone_verified": false, "mail_verified": false})
        );
        assert!(clients.get("unknown").claims(&user).is_empty());
    }

    #[test]
    fn lives_are_per_client_with_defaults() {
        let short = AppClientText {
            access_token_seconds: Some(1),
            refresh_token_seconds: Some(u32::MAX),
            ..text("short", &[])
        };
        let clients = AppClients::new(vec![short, text("web", &[])]).unwrap();
        let lives = |id: &str| {
            let client = clients.get(id);
            let (access, refresh) = (client.access_token_life, client.refresh_token_life);
            (access.as_secs(), refresh.as_secs())
        };
        assert_eq!(lives("short"), (1, u32::MAX.into()));
        assert_eq!(lives("web"), (900, 2_592_000));
        assert_eq!(lives("unknown"), (900, 2_592_000));
    }

    #[test]
    fn a_client_that_cannot_be_is_refused_with_the_place() {
        let zero = |access, refresh| AppClientText {
            access_token_seconds: access,
            refresh_token_seconds: refresh,
            ..text("web", &[])
        };
        let many: Vec<_> = (0..=CUSTOM_CLAIMS).map(|at| at.to_string()).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), "email")).collect();
        for (texts, says) in [
            (
                vec![zero(Some(0), None)],
                "client web: accessTokenSeconds is 0",
            ),
            (
                vec![zero(None, Some(0))],
                "client web: refreshTokenSeconds is 0",
            ),
            (
                vec![text("a", &[]), text("a", &[])],
                "client a is there twice",
            ),
            (
                vec![text("a", &[("x", "userId")])],
                "client a: customClaims/x: `userId` is nothing of a user; use one of: email, ",
            ),
            (vec![text("a", &[("x", "custom.")])], "nothing of a user"),
            (vec![text("a", &[("", "email")])], "is empty"),
            (vec![text("a", &many)], "an app client has at most 20"),
            (
                (0..=APP_CLIENTS)
                    .map(|at| text(&at.to_string(), &[]))
                    .collect(),
                "a tenant has at most 100",
            ),
        ] {
            let why = AppClients::new(texts).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
        for own in OWN_CLAIMS {
            let why = AppClients::new(vec![text("a", &[(own, "locale")])]).unwrap_err();
            assert!(why.contains("choose another name"), "{why}");
        }
    }
}
