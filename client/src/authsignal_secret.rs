//! The secret of a tenant, which a server shows to Authsignal as Basic credentials. Must not know which API takes it, nor
//! its operations.

use std::ffi::OsStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderValue, InvalidHeaderValue};

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::transport::settings;

/// Refuses what Basic credentials cannot carry as a user name, and what a secret that was read from
/// a file brings along. `what` names the secret.
pub(crate) fn check(what: &'static str, secret: &Secret) -> Result<()> {
    let secret = secret.expose();
    if secret.is_empty() {
        return Err(Error::config(format!("{what} is empty")));
    }
    let foreign = |c: char| c == ':' || c.is_whitespace() || c.is_control();
    if secret.contains(foreign) {
        let why = format!("{what} holds a colon, white space or a control character");
        return Err(Error::config(why));
    }
    Ok(())
}

/// The secret in an environment variable of this name and value.
pub(crate) fn secret_of_environment(
    variable: &'static str,
    value: Option<&OsStr>,
) -> Result<Secret> {
    match settings::variable(variable, value)? {
        None => Err(Error::config(format!("{variable} is not set"))),
        Some(secret) => Ok(Secret::from(secret)),
    }
}

/// The value of the header `Authorization`, marked as sensitive: the secret as the user name, and no password.
pub(crate) fn basic(secret: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    let user = Secret::from(format!("{}:", secret.expose()));
    sensitive(&Secret::from(format!(
        "Basic {}",
        STANDARD.encode(user.expose())
    )))
}

/// The same for a secret that is a bearer token.
#[cfg(feature = "authsignal")]
pub(crate) fn bearer(secret: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    sensitive(&Secret::from(format!("Bearer {}", secret.expose())))
}

fn sensitive(value: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut authorization = HeaderValue::from_str(value.expose())?;
    authorization.set_sensitive(true);
    Ok(authorization)
}
