//! What the Management API sets: action configurations with their rules and flows, value lists, custom data points, the
//! theme, the tenant, texts of the hosted pages, authenticator configurations. Knows no request and no answer.
//!
//! A resource is kept as its members came, so that it comes back as it was set. What has an effect is read from there:
//!
//! | file | methods | read by |
//! | --- | --- | --- |
//! | `action_configuration` | [`create_action_configuration`](super::Authsignal::create_action_configuration), … | `tracking`, `factor` |
//! | `rule` | [`create_rule`](super::Authsignal::create_rule), … | `tracking` |
//! | `value_list` | [`create_value_list`](super::Authsignal::create_value_list), … | `tracking` |
//! | `data_point` | [`create_data_point`](super::Authsignal::create_data_point), … | `tracking` |
//! | `tenant` | [`update_tenant`](super::Authsignal::update_tenant) | tokens, recovery codes, webhooks, pages |
//! | `theme`, `message` | [`update_theme`](super::Authsignal::update_theme), [`update_messages`](super::Authsignal::update_messages) | nobody yet |
//! | `authenticator` | [`create_authenticator`](super::Authsignal::create_authenticator), … | methods that users can enrol |
//! | `method_settings` | [`code_length`](authenticator::Authenticators::code_length), … | `one_time`, `sending`, `factor`, `enrollment`, pages |
//! | `document` | [`document`](super::Authsignal::document), [`put_document`](super::Authsignal::put_document), [`calls`](super::Authsignal::calls) | seeds, `stepup-mock export` |
//! | `fitting` | [`put_fitting`](super::Authsignal::put_fitting) | `stepup-mock import` |

pub mod action_configuration;
pub mod authenticator;
mod data_point;
pub mod document;
mod fitting;
pub mod message;
pub mod method_settings;
pub mod methods;
pub mod resource;
mod rule;
pub mod tenant;
pub mod theme;
mod value_list;

use std::fmt;

use self::resource::Resource;

/// Why a step of the Management API is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request cannot be.
    Invalid(String),
    /// There is no such thing.
    NotFound(String),
    /// There is no such authenticator configuration. It holds the method's word if no call of this API can create it.
    NoAuthenticator(Option<&'static str>),
    /// There is one already.
    Exists(String),
    /// It has changed since it was read.
    Changed(String),
}

/// The name that the members of a resource give it.
///
/// # Errors
/// It is empty.
fn name(given: &Resource) -> Result<&str, Fault> {
    let name = given.text("name").unwrap_or_default();
    if name.is_empty() {
        return Err(Fault::Invalid("body /name: must not be empty".to_owned()));
    }
    Ok(name)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why) | Self::NotFound(why) | Self::Exists(why) | Self::Changed(why) => {
                f.write_str(why)
            }
            Self::NoAuthenticator(lost) => {
                f.write_str("The authenticator configuration was not found.")?;
                let back = |word| {
                    write!(
                        f,
                        " The tenant does not offer {word}: `verificationMethods` of POST /_mock/authsignal brings it back."
                    )
                };
                lost.map_or(Ok(()), back)
            }
        }
    }
}
