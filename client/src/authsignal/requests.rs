//! What the operations take. Must not know how it is sent.

use std::fmt;
use std::num::NonZeroU32;
use std::time::SystemTime;

use serde_json::Value;

use super::ids::{ActionCode, IdempotencyKey, UserId};
use super::raw::types;
use super::raw::vocabulary::{
    EnrollableMethod, OtpMethod, PasskeyMethod, SmsChannel, UserActionState, VerificationMethod,
};
use crate::error::{Error, Kind, Result};
use crate::secret::Secret;
use crate::segment::PathSegment;
use crate::vendor_time::VendorTime;

/// Setters of texts in the body.
macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident)+) => {$(
        $(#[doc = $doc])+
        pub fn $name(mut self, $name: impl Into<String>) -> Self {
            self.body.$name = Some($name.into());
            self
        }
    )+};
}

/// The method that sets the user's address.
macro_rules! ip_address {
    () => {
        /// IP address of the user: a text, or an `IpAddr`.
        pub fn ip_address(mut self, ip_address: impl ToString) -> Self {
            self.body.ip_address = Some(ip_address.to_string());
            self
        }
    };
}

/// The setter of the application's own data in the body.
macro_rules! custom {
    () => {
        /// Data of the application, by the name that it has in the vendor's portal: a text, a
        /// number, a boolean, or a list of texts.
        pub fn custom(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
            let custom = self
                .body
                .custom
                .get_or_insert_with(|| types::Custom::from(serde_json::Map::new()));
            custom.0.insert(name.into(), value.into());
            self
        }
    };
}

/// Hides everything about a person, and every credential.
macro_rules! hidden {
    ($($name:ident)+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

hidden! {
    TrackAttributes UserAttributes UserQuery ActionAttributes TokenToValidate VerifiedAuthenticator
    Passkey ChallengeToStart ChallengeToClaim SessionToCreate SessionToValidate FlowToStart
    UserOfFlow
}

fn invalid(detail: &'static str) -> Error {
    Error::new(Kind::InvalidInput).with_detail(detail)
}

/// A text that the API's description does not allow to be empty.
pub(super) fn filled<T: TryFrom<String>>(text: String, empty: &'static str) -> Result<T> {
    T::try_from(text).map_err(|_| invalid(empty))
}

/// A time as the vendor writes times: in whole milliseconds.
fn timestamp(time: SystemTime) -> Result<VendorTime> {
    VendorTime::from_system_time(time)
        .ok_or_else(|| invalid("the time is before 1970 or after 9999"))
}

/// Attributes of an action; the tenant's rules see all of them. Nothing is required.
///
/// ```
/// use stepup_client::authsignal::TrackAttributes;
///
/// let attributes = TrackAttributes::new()
///     .redirect_url("https://shop.example/back")
///     .ip_address(std::net::Ipv4Addr::new(203, 0, 113, 7))
///     .user_agent("Mozilla/5.0")
///     .device_id("the `__as_aid` cookie")
///     .custom("cartTotal", 99.5)
///     .custom("items", vec!["book", "pen"]);
/// ```
#[derive(Clone, Default, PartialEq)]
#[must_use]
pub struct TrackAttributes {
    body: types::TrackAttributes,
    idempotency_key: Option<String>,
}

impl TrackAttributes {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the action, together with user and action code: for example an order number. Without
    /// one, the client sends a random UUID; the answer contains it.
    pub fn idempotency_key(mut self, key: impl Into<IdempotencyKey>) -> Self {
        self.idempotency_key = Some(key.into().0);
        self
    }

    ip_address!();

    texts! {
        /// URL to which the hosted page returns after the challenge.
        redirect_url
        /// Email address of the user.
        email
        /// Phone number of the user, with country code: `+1...`.
        phone_number
        /// User name.
        username
        /// User agent of the user's browser.
        user_agent
        /// Device of the user: the cookie `__as_aid` of the vendor's browser SDK.
        device_id
        /// Scopes of the token, separated by spaces; the default is `read:authenticators`.
        scope
        /// A challenge, started by [`challenge`](super::Authsignal::challenge) or in the browser,
        /// that belongs to the action.
        challenge_id
        /// Language of the hosted page, such as `en`.
        locale
        /// Domain of the hosted page.
        custom_domain
    }

    /// Whether the hosted page opens the settings instead of a challenge.
    pub fn redirect_to_settings(mut self, redirect: bool) -> Self {
        self.body.redirect_to_settings = Some(redirect);
        self
    }

    custom!();

    /// The body, with `key` if the attributes have none, or else a random one.
    pub(super) fn into_body(self, key: Option<&str>) -> Result<types::TrackAttributes> {
        let key = match (self.idempotency_key, key) {
            (Some(key), _) => key,
            (None, Some(key)) => key.to_owned(),
            (None, None) => random_key()?,
        };
        Ok(types::TrackAttributes {
            idempotency_key: Some(filled(key, "the idempotency key is empty")?),
            ..self.body
        })
    }
}

/// A UUID of version 4, like those that the service makes.
pub(crate) fn random_key() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(Kind::Signing)
            .with_detail("no randomness for the idempotency key")
            .with_source(error)
    })?;
    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
    Ok(uuid.to_string())
}

/// Attributes of a user. Attributes that you do not set stay unchanged.
///
/// ```
/// use stepup_client::authsignal::UserAttributes;
///
/// let attributes = UserAttributes::new().email("new@example.com").email_verified(true);
/// ```
#[derive(Clone, Default, PartialEq)]
#[must_use]
pub struct UserAttributes {
    pub(super) body: types::UserAttributes,
}

impl UserAttributes {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    texts! {
        /// Email address.
        email
        /// Phone number, with country code: `+1...`.
        phone_number
        /// User name.
        username
        /// Readable name.
        display_name
        /// Language, such as `en`.
        locale
    }

    /// Whether the application has verified the address. True also verifies the user's email
    /// authenticators.
    pub fn email_verified(mut self, verified: bool) -> Self {
        self.body.email_verified = Some(verified);
        self
    }

    /// Whether the application has verified the number. True also verifies the user's text message
    /// authenticators.
    pub fn phone_number_verified(mut self, verified: bool) -> Self {
        self.body.phone_number_verified = Some(verified);
        self
    }

    /// The method that the hosted page asks for first.
    pub fn default_verification_method(mut self, method: VerificationMethod) -> Self {
        self.body.default_verification_method = Some(method);
        self
    }

    custom!();
}

/// Which users to find: those that match every set filter exactly. The vendor asks for at least one
/// of user name, email address, phone number and token.
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct UserQuery {
    pub(super) username: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone_number: Option<String>,
    pub(super) token: Option<Secret>,
    pub(super) last_evaluated_user_id: Option<String>,
    limit: Option<u32>,
}

impl UserQuery {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Users of this name.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Users of this email address.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Users of this phone number.
    pub fn phone_number(mut self, phone_number: impl Into<String>) -> Self {
        self.phone_number = Some(phone_number.into());
        self
    }

    /// The user with the email address that this ID token of Apple or Google claims.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The largest number of users on a page.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Users after this one: the last user of the previous page.
    pub fn last_evaluated_user_id(mut self, user_id: impl Into<UserId>) -> Self {
        self.last_evaluated_user_id = Some(user_id.into().0);
        self
    }

    pub(super) fn checked_limit(&self) -> Result<Option<NonZeroU32>> {
        let zero = || invalid("the limit is zero");
        self.limit
            .map(|limit| NonZeroU32::new(limit).ok_or_else(zero))
            .transpose()
    }
}

/// The new state of an action.
///
/// ```
/// use stepup_client::authsignal::{ActionAttributes, UserActionState};
///
/// let reviewed = ActionAttributes::new(UserActionState::ReviewSucceeded).custom("reviewer", "ann");
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct ActionAttributes {
    pub(super) body: types::ActionAttributes,
}

impl ActionAttributes {
    /// This state.
    pub fn new(state: UserActionState) -> Self {
        Self {
            body: types::ActionAttributes {
                state,
                custom: None,
            },
        }
    }

    custom!();
}

impl From<UserActionState> for ActionAttributes {
    fn from(state: UserActionState) -> Self {
        Self::new(state)
    }
}

/// Which actions of a user to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ActionQuery {
    codes: Vec<String>,
    from_date: Option<SystemTime>,
    pub(super) state: Option<UserActionState>,
}

impl ActionQuery {
    /// All of the last 30 days.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an action code.
    pub fn code(mut self, code: impl Into<ActionCode>) -> Self {
        self.codes.push(code.into().0);
        self
    }

    /// Actions tracked from this time on. The vendor returns at most the last 30 days.
    pub fn from_date(mut self, time: SystemTime) -> Self {
        self.from_date = Some(time);
        self
    }

    /// Actions in this state.
    pub fn state(mut self, state: UserActionState) -> Self {
        self.state = Some(state);
        self
    }

    pub(super) fn joined_codes(&self) -> Result<Option<String>> {
        if self.codes.iter().any(|code| code.contains(',')) {
            return Err(invalid(
                "an action code holds a comma, which separates codes",
            ));
        }
        Ok((!self.codes.is_empty()).then(|| self.codes.join(",")))
    }

    pub(super) fn earliest(&self) -> Result<Option<VendorTime>> {
        self.from_date.map(timestamp).transpose()
    }
}

/// A token to validate, and the user and action that it must belong to.
///
/// Set both if you know them: a token of another user, or of a less important action, is also
/// valid.
///
/// ```
/// use stepup_client::authsignal::TokenToValidate;
///
/// # let token = "of the redirect's query";
/// let token = TokenToValidate::new(token).user_id("user-1").action("withdraw");
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct TokenToValidate {
    pub(super) body: types::TokenToValidate,
}

impl TokenToValidate {
    /// This token, of any user and action.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self {
            body: types::TokenToValidate {
                token: token.into(),
                user_id: None,
                action: None,
                action_code: None,
            },
        }
    }

    /// The token must belong to this user.
    pub fn user_id(mut self, user_id: impl Into<UserId>) -> Self {
        self.body.user_id = Some(user_id.into().0);
        self
    }

    /// The token must belong to this action.
    pub fn action(mut self, action: impl Into<ActionCode>) -> Self {
        self.body.action = Some(action.into().0);
        self
    }
}

/// An authenticator that the application has verified itself.
///
/// ```
/// use stepup_client::authsignal::VerifiedAuthenticator;
///
/// let phone = VerifiedAuthenticator::sms("+15550100");
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct VerifiedAuthenticator {
    pub(super) body: types::EnrollVerifiedAuthenticator,
}

impl VerifiedAuthenticator {
    /// An authenticator of this method, without data. For methods that have no constructor here.
    pub fn new(method: EnrollableMethod) -> Self {
        Self {
            body: types::EnrollVerifiedAuthenticator {
                verification_method: Some(method),
                ..Default::default()
            },
        }
    }

    /// Codes by text message to this number, with country code: `+1...`.
    pub fn sms(phone_number: impl Into<String>) -> Self {
        Self::new(EnrollableMethod::Sms).phone_number(phone_number)
    }

    /// Codes by WhatsApp to this number, with country code: `+1...`.
    pub fn whatsapp(phone_number: impl Into<String>) -> Self {
        Self::new(EnrollableMethod::Whatsapp).phone_number(phone_number)
    }

    /// Codes by email to this address.
    pub fn email_otp(email: impl Into<String>) -> Self {
        Self::new(EnrollableMethod::EmailOtp).email(email)
    }

    /// Links by email to this address.
    pub fn email_magic_link(email: impl Into<String>) -> Self {
        Self::new(EnrollableMethod::EmailMagicLink).email(email)
    }

    /// An authenticator app with this `otpauth://` URI, which contains its secret.
    pub fn authenticator_app(otp_uri: impl Into<Secret>) -> Self {
        Self::new(EnrollableMethod::AuthenticatorApp).otp_uri(otp_uri)
    }

    /// A passkey: id and public key of its credential, in base64url.
    pub fn passkey(
        credential_id: impl Into<String>,
        credential_public_key: impl Into<String>,
    ) -> Self {
        let mut passkey = Self::new(EnrollableMethod::Passkey);
        passkey.body.credential_id = Some(credential_id.into());
        passkey.body.credential_public_key = Some(credential_public_key.into());
        passkey
    }

    texts! {
        /// Email address.
        email
        /// Phone number.
        phone_number
        /// Name of a passkey.
        name
    }

    /// `otpauth://` URI of an authenticator app.
    pub fn otp_uri(mut self, otp_uri: impl Into<Secret>) -> Self {
        self.body.otp_uri = Some(otp_uri.into());
        self
    }

    /// Whether the hosted page asks for it first.
    pub fn is_default(mut self, default: bool) -> Self {
        self.body.is_default = Some(default);
        self
    }
}

/// A passkey of a user, for a batch.
#[derive(Clone, PartialEq)]
#[must_use]
pub struct Passkey {
    user_id: String,
    credential_id: String,
    credential_public_key: String,
    name: Option<String>,
    transports: Vec<String>,
    aaguid: Option<String>,
}

impl Passkey {
    /// The user's passkey: id and public key of its credential, in base64url.
    pub fn new(
        user_id: impl Into<UserId>,
        credential_id: impl Into<String>,
        credential_public_key: impl Into<String>,
    ) -> Self {
        Self {
            user_id: user_id.into().0,
            credential_id: credential_id.into(),
            credential_public_key: credential_public_key.into(),
            name: None,
            transports: Vec::new(),
            aaguid: None,
        }
    }

    /// Its name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a transport, such as `internal` or `usb`.
    pub fn transport(mut self, transport: impl Into<String>) -> Self {
        self.transports.push(transport.into());
        self
    }

    /// Model of the authenticator, a UUID.
    pub fn aaguid(mut self, aaguid: impl Into<String>) -> Self {
        self.aaguid = Some(aaguid.into());
        self
    }

    pub(super) fn into_body(self) -> Result<types::BatchPasskey> {
        Ok(types::BatchPasskey {
            user_id: filled(self.user_id, "a user id is empty")?,
            verification_method: PasskeyMethod::Passkey,
            credential_id: self.credential_id,
            credential_public_key: self.credential_public_key,
            name: self.name,
            transports: (!self.transports.is_empty()).then_some(self.transports),
            aaguid: self.aaguid,
        })
    }
}

/// A one-time code to send.
///
/// ```
/// use stepup_client::authsignal::ChallengeToStart;
///
/// let code = ChallengeToStart::sms("signIn", "+15550100").user_id("user-1");
/// # let challenge_id = "1";
/// let same_code_again = ChallengeToStart::again(challenge_id);
/// ```
#[derive(Clone, Default, PartialEq)]
#[must_use]
pub struct ChallengeToStart {
    body: types::ChallengeToStart,
    action: Option<String>,
    idempotency_key: Option<String>,
}

impl ChallengeToStart {
    fn new(method: OtpMethod, action: String) -> Self {
        Self {
            body: types::ChallengeToStart {
                verification_method: Some(method),
                ..Default::default()
            },
            action: Some(action),
            idempotency_key: None,
        }
    }

    fn to_phone(method: OtpMethod, action: String, phone_number: String) -> Self {
        let mut challenge = Self::new(method, action);
        challenge.body.phone_number = Some(phone_number);
        challenge
    }

    /// A code for an action, by text message to this number, with country code: `+1...`.
    pub fn sms(action: impl Into<ActionCode>, phone_number: impl Into<String>) -> Self {
        Self::to_phone(OtpMethod::Sms, action.into().0, phone_number.into())
    }

    /// A code for an action, by WhatsApp to this number, with country code: `+1...`.
    pub fn whatsapp(action: impl Into<ActionCode>, phone_number: impl Into<String>) -> Self {
        Self::to_phone(OtpMethod::Whatsapp, action.into().0, phone_number.into())
    }

    /// A code for an action, by email to this address.
    pub fn email_otp(action: impl Into<ActionCode>, email: impl Into<String>) -> Self {
        let mut challenge = Self::new(OtpMethod::EmailOtp, action.into().0);
        challenge.body.email = Some(email.into());
        challenge
    }

    /// The code of a started challenge, again.
    pub fn again(challenge_id: impl Into<String>) -> Self {
        Self {
            body: types::ChallengeToStart {
                challenge_id: Some(challenge_id.into()),
                ..Default::default()
            },
            ..Default::default()
        }
    }

    /// The key of the action. Several challenges may share one.
    pub fn idempotency_key(mut self, key: impl Into<IdempotencyKey>) -> Self {
        self.idempotency_key = Some(key.into().0);
        self
    }

    /// The channel for a text message.
    pub fn sms_channel(mut self, channel: SmsChannel) -> Self {
        self.body.sms_channel = Some(channel);
        self
    }

    /// The user.
    pub fn user_id(mut self, user_id: impl Into<UserId>) -> Self {
        self.body.user_id = Some(user_id.into().0);
        self
    }

    ip_address!();

    texts! {
        /// Language of the message, such as `en`.
        locale
        /// Device of the user.
        device_id
        /// User agent of the user's browser.
        user_agent
        /// Scopes of the token of the claimed challenge.
        scope
    }

    custom!();

    pub(super) fn into_body(self) -> Result<types::ChallengeToStart> {
        let action = self.action.map(PathSegment::try_from).transpose();
        let key = self
            .idempotency_key
            .map(|key| filled(key, "the idempotency key is empty"));
        Ok(types::ChallengeToStart {
            action: action.map_err(|error| error.of(Kind::InvalidInput, "the action code"))?,
            idempotency_key: key.transpose()?,
            ..self.body
        })
    }
}

/// A challenge, and the user to assign it to.
#[derive(Clone, PartialEq)]
#[must_use]
pub struct ChallengeToClaim {
    challenge_id: String,
    user_id: String,
    skip_verification_check: bool,
}

impl ChallengeToClaim {
    /// Assigns this challenge to this user.
    pub fn new(challenge_id: impl Into<String>, user_id: impl Into<UserId>) -> Self {
        Self {
            challenge_id: challenge_id.into(),
            user_id: user_id.into().0,
            skip_verification_check: false,
        }
    }

    /// Accepts the challenge even if its code was not verified.
    pub fn skip_verification_check(mut self) -> Self {
        self.skip_verification_check = true;
        self
    }

    pub(super) fn into_body(self) -> Result<types::ChallengeToClaim> {
        Ok(types::ChallengeToClaim {
            challenge_id: self.challenge_id,
            user_id: filled(self.user_id, "the user id is empty")?,
            skip_verification_check: self.skip_verification_check.then_some(true),
        })
    }
}

/// Which challenge to find: the newest that matches everything that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ChallengeQuery {
    pub(super) challenge_id: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) action: Option<String>,
    pub(super) verification_method: Option<VerificationMethod>,
}

impl ChallengeQuery {
    /// Any.
    pub fn new() -> Self {
        Self::default()
    }

    /// The challenge of this id.
    pub fn challenge_id(mut self, challenge_id: impl Into<String>) -> Self {
        self.challenge_id = Some(challenge_id.into());
        self
    }

    /// A challenge of this user.
    pub fn user_id(mut self, user_id: impl Into<UserId>) -> Self {
        self.user_id = Some(user_id.into().0);
        self
    }

    /// A challenge of this action.
    pub fn action(mut self, action: impl Into<ActionCode>) -> Self {
        self.action = Some(action.into().0);
        self
    }

    /// A challenge of this method.
    pub fn verification_method(mut self, method: VerificationMethod) -> Self {
        self.verification_method = Some(method);
        self
    }
}

/// The user of a flow, named by one thing.
#[derive(Clone, PartialEq)]
#[must_use]
pub struct UserOfFlow(Named);

#[derive(Clone, PartialEq)]
enum Named {
    UserId(String),
    Email(String),
    PhoneNumber(String),
    Username(String),
}

impl UserOfFlow {
    /// The user of this id.
    pub fn user_id(user_id: impl Into<UserId>) -> Self {
        Self(Named::UserId(user_id.into().0))
    }

    /// The user of this email address.
    pub fn email(email: impl Into<String>) -> Self {
        Self(Named::Email(email.into()))
    }

    /// The user of this phone number, with country code: `+1...`.
    pub fn phone_number(phone_number: impl Into<String>) -> Self {
        Self(Named::PhoneNumber(phone_number.into()))
    }

    /// The user of this name.
    pub fn username(username: impl Into<String>) -> Self {
        Self(Named::Username(username.into()))
    }

    fn into_body(self) -> Result<types::UserOfFlow> {
        let mut body = types::UserOfFlow::default();
        match self.0 {
            Named::UserId(id) => body.user_id = Some(filled(id, "the user id is empty")?),
            Named::Email(email) => body.email = Some(filled(email, "the email address is empty")?),
            Named::PhoneNumber(number) => {
                body.phone_number = Some(filled(number, "the phone number is empty")?);
            }
            Named::Username(name) => body.username = Some(filled(name, "the user name is empty")?),
        }
        Ok(body)
    }
}

/// A flow to start. Only the action is required; the flow's rules see the rest.
///
/// ```
/// use stepup_client::authsignal::{FlowToStart, UserOfFlow};
///
/// let flow = FlowToStart::new("sign-in")
///     .user(UserOfFlow::email("ada@example.com"))
///     .ip_address("203.0.113.7")
///     .custom("tier", "gold")
///     .client_id("web");
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct FlowToStart {
    action: String,
    user: Option<UserOfFlow>,
    redirect_url: Option<String>,
    client_id: Option<String>,
    body: types::FlowAttributes,
}

impl FlowToStart {
    /// The flow of this action.
    pub fn new(action: impl Into<ActionCode>) -> Self {
        Self {
            action: action.into().0,
            user: None,
            redirect_url: None,
            client_id: None,
            body: types::FlowAttributes::default(),
        }
    }

    /// For this user.
    pub fn user(mut self, user: UserOfFlow) -> Self {
        self.user = Some(user);
        self
    }

    /// URL to which the hosted page returns.
    pub fn redirect_url(mut self, url: impl Into<String>) -> Self {
        self.redirect_url = Some(url.into());
        self
    }

    /// The app client that the session is for.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    ip_address!();

    texts! {
        /// User agent of the user's browser.
        user_agent
        /// Device of the user: the cookie `__as_aid` of the vendor's browser SDK.
        device_id
        /// Language of the user, such as `en`.
        locale
    }

    custom!();

    pub(super) fn into_body(self) -> Result<types::FlowToStart> {
        let action = PathSegment::try_from(self.action);
        let client_id = self
            .client_id
            .map(|id| filled(id, "the client id is empty"));
        let is_bare = self.body == types::FlowAttributes::default();
        Ok(types::FlowToStart {
            action_code: action.map_err(|error| error.of(Kind::InvalidInput, "the action code"))?,
            user: self.user.map(UserOfFlow::into_body).transpose()?,
            attributes: (!is_bare).then_some(self.body),
            redirect_url: self.redirect_url,
            client_id: client_id.transpose()?,
        })
    }
}

/// The token to exchange for a session.
#[derive(Clone, PartialEq)]
#[must_use]
pub struct SessionToCreate {
    client_id: String,
    token: Secret,
    action: Option<String>,
}

impl SessionToCreate {
    /// A session for the token's user. The client id becomes the audience of the access token. The
    /// token's action must be `CHALLENGE_SUCCEEDED`.
    pub fn new(client_id: impl Into<String>, token: impl Into<Secret>) -> Self {
        Self {
            client_id: client_id.into(),
            token: token.into(),
            action: None,
        }
    }

    /// The token must belong to this action.
    pub fn action(mut self, action: impl Into<ActionCode>) -> Self {
        self.action = Some(action.into().0);
        self
    }

    pub(super) fn into_body(self) -> Result<types::SessionToCreate> {
        Ok(types::SessionToCreate {
            client_id: filled(self.client_id, "the client id is empty")?,
            token: self.token,
            action: self.action,
        })
    }
}

/// An access token to validate, and the clients that it may belong to.
#[derive(Clone, PartialEq)]
#[must_use]
pub struct SessionToValidate {
    pub(super) body: types::SessionToValidate,
}

impl SessionToValidate {
    /// This access token, of any client.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self {
            body: types::SessionToValidate {
                access_token: access_token.into(),
                client_ids: None,
            },
        }
    }

    /// Adds a client that the token may belong to.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        let clients = self.body.client_ids.get_or_insert_default();
        clients.push(client_id.into());
        self
    }
}

/// A token converts into a request with only the token.
macro_rules! of_token {
    ($name:ident) => {
        impl<T: Into<Secret>> From<T> for $name {
            fn from(token: T) -> Self {
                Self::new(token)
            }
        }
    };
}

of_token!(TokenToValidate);
of_token!(SessionToValidate);

/// Whether a device is remembered. A tenant's rules can check this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceMemory {
    /// It is remembered until this time, which must be in the future.
    RememberedUntil(SystemTime),
    /// It is forgotten.
    Forgotten,
}

impl DeviceMemory {
    pub(super) fn body(self) -> Result<types::DeviceAttributes> {
        let until = match self {
            Self::RememberedUntil(time) => Some(timestamp(time)?),
            Self::Forgotten => None,
        };
        Ok(types::DeviceAttributes {
            remembered_until: until,
        })
    }
}
