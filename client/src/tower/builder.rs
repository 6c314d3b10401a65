//! [`StepUpLayerBuilder`]: settings of the layer and their validation. Must not send anything.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::USER_AGENT;
use http::request::Parts;
use url::Url;

use super::layer::{Settings, StepUpLayer, StepUpUser};
use super::memory::{Memories, Sealed};
use super::target::Base;
use crate::authsignal::{ActionCode, Authsignal, TrackAttributes};
#[cfg(doc)]
use crate::error::Kind;
use crate::error::{Error, Result};
use crate::transport::{proxy, settings};

/// The longest code of an action, as the vendor documents it.
const LONGEST_ACTION: usize = 64;

/// Configures a [`StepUpLayer`].
///
/// | setting | set with | default |
/// | --- | --- | --- |
/// | base URL | [`base_url`](Self::base_url) | none: name it |
/// | user | [`user`](Self::user) | none: name it |
/// | requests that need a step-up | [`only_if`](Self::only_if) | all |
/// | attributes of the action | [`attributes`](Self::attributes) | the browser's user agent |
/// | how long a passed step-up is remembered | [`remember_for`](Self::remember_for) | 10 minutes |
/// | how long a challenge may take | [`challenge_within`](Self::challenge_within) | 15 minutes |
/// | page after a form | [`page_after_form`](Self::page_after_form) | the form's own path |
/// | users without an authenticator | [`enrol_new_users`](Self::enrol_new_users) | refused |
/// | older keys | [`accepting`](Self::accepting) | none |
/// | clock | [`clock`](Self::clock) | this machine's |
#[must_use = "a builder does nothing until `build` is called"]
pub struct StepUpLayerBuilder {
    authsignal: Authsignal,
    action: ActionCode,
    keys: Vec<Sealed>,
    base_url: Option<String>,
    user: Option<User>,
    only_if: Condition,
    attributes: Attributes,
    remember_for: Duration,
    challenge_within: Duration,
    page_after_form: Option<String>,
    enrol: bool,
    clock: Clock,
}

pub(super) type User = Arc<dyn Fn(&Parts) -> Option<StepUpUser> + Send + Sync>;
pub(super) type Condition = Arc<dyn Fn(&Parts) -> bool + Send + Sync>;
pub(super) type Attributes = Arc<dyn Fn(&Parts) -> TrackAttributes + Send + Sync>;
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Shows no key.
impl fmt::Debug for StepUpLayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepUpLayerBuilder")
            .field("remember_for", &self.remember_for)
            .field("challenge_within", &self.challenge_within)
            .finish_non_exhaustive()
    }
}

impl StepUpLayerBuilder {
    pub(super) fn new(authsignal: Authsignal, action: ActionCode, key: [u8; 32]) -> Self {
        Self {
            authsignal,
            action,
            keys: vec![Sealed::by(&key)],
            base_url: None,
            user: None,
            only_if: Arc::new(|_| true),
            attributes: Arc::new(user_agent),
            remember_for: Duration::from_secs(10 * 60),
            challenge_within: Duration::from_secs(15 * 60),
            page_after_form: None,
            enrol: false,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Where browsers reach the application, such as `https://shop.example`; with a path if a proxy in front takes one away.
    /// It must be what the browser shows: behind `http://localhost:3000`, a cookie of `http://127.0.0.1:3000` does not come
    /// back.
    /// Plain http works only for this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Who sends a request, by what the application's own sign-in has put into its extensions. None is refused. The id must
    /// come from a session that the application has verified, never from the request itself.
    pub fn user(
        mut self,
        user: impl Fn(&Parts) -> Option<StepUpUser> + Send + Sync + 'static,
    ) -> Self {
        self.user = Some(Arc::new(user));
        self
    }

    /// Which requests need a step-up: for example those of a cart over a limit. The others pass without one, also without a
    /// user.
    pub fn only_if(mut self, needed: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.only_if = Arc::new(needed);
        self
    }

    /// What the vendor's rules see of the action. The layer sets idempotency key and redirect URL itself.
    pub fn attributes(
        mut self,
        attributes: impl Fn(&Parts) -> TrackAttributes + Send + Sync + 'static,
    ) -> Self {
        self.attributes = Arc::new(attributes);
        self
    }

    /// How long a passed step-up counts, in whole seconds.
    pub fn remember_for(mut self, time: Duration) -> Self {
        self.remember_for = time;
        self
    }

    /// How long a user may take for the challenge, in whole seconds. A user who comes back later is challenged again.
    pub fn challenge_within(mut self, time: Duration) -> Self {
        self.challenge_within = time;
        self
    }

    /// The path of the page to which a user comes back whose form was redirected: any method but `GET` and `HEAD`. It must be
    /// below the layer, too. It can have a query.
    pub fn page_after_form(mut self, path: impl Into<String>) -> Self {
        self.page_after_form = Some(path.into());
        self
    }

    /// Sends users without an authenticator to the vendor's page, to enrol one; that counts as a step-up. Without this, the
    /// layer refuses them: otherwise, a thief of a session could enrol a device of their own.
    pub fn enrol_new_users(mut self) -> Self {
        self.enrol = true;
        self
    }

    /// Also opens cookies of this older key. The layer seals with the newest one.
    pub fn accepting(mut self, older_key: [u8; 32]) -> Self {
        self.keys.push(Sealed::by(&older_key));
        self
    }

    /// Another clock than this machine's, for tests.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the layer.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] without a base URL or a user; for a base URL that is not usable, such as one of plain http on another
    /// machine; for an action code that is empty, is longer than 64 or has other characters than letters, digits, `_` and
    /// `-`; for a page that is not a path; and for a time under a second.
    pub fn build(self) -> Result<StepUpLayer> {
        let base = base(self.base_url.as_deref())?;
        let Some(user) = self.user else {
            return Err(Error::config("no user is named; call user on the builder"));
        };
        let action = self.action.as_str();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if action.is_empty() || action.len() > LONGEST_ACTION || !action.bytes().all(fits) {
            let why = "the action code needs 1 to 64 letters, digits, `_` and `-`";
            return Err(Error::config(why));
        }
        for (time, why) in [
            (self.remember_for, "remember_for is under a second"),
            (self.challenge_within, "challenge_within is under a second"),
        ] {
            if time < Duration::from_secs(1) {
                return Err(Error::config(why));
            }
        }
        let page = self.page_after_form;
        let page = page.map(|path| {
            let page = path.starts_with('/').then(|| base.url(&path)).flatten();
            page.ok_or_else(|| Error::config("page_after_form is no path; begin it with `/`"))
        });
        let memories = Memories::new(action, base.is_secure(), self.keys);
        Ok(StepUpLayer::new(Settings {
            authsignal: self.authsignal,
            action: self.action,
            memories,
            page_after_form: page.transpose()?,
            base,
            user,
            only_if: self.only_if,
            attributes: self.attributes,
            remember_for: self.remember_for,
            challenge_within: self.challenge_within,
            enrol: self.enrol,
            clock: self.clock,
        }))
    }
}

fn base(url: Option<&str>) -> Result<Base> {
    let Some(url) = url else {
        return Err(Error::config(
            "no base URL is named; call base_url on the builder",
        ));
    };
    let url: Url = settings::server("the base URL of the application", url)?;
    if url.scheme() == "http" && !proxy::is_loopback(&url) {
        return Err(Error::config(
            "the base URL of the application must be https; plain http works only for this machine",
        ));
    }
    Ok(Base::new(&url))
}

/// The user agent of the browser, which the vendor's rules and pages use.
fn user_agent(parts: &Parts) -> TrackAttributes {
    let agent = parts.headers.get(USER_AGENT);
    match agent.and_then(|agent| agent.to_str().ok()) {
        Some(agent) => TrackAttributes::new().user_agent(agent),
        None => TrackAttributes::new(),
    }
}
