//! Authsignal's Management API: action configurations, rules, value lists, custom data points, the tenant, its theme, and
//! its authenticators. Must not know other vendors.
//!
//! A change is a value with the members to set, or [`Changes`], which can also take members away:
//!
//! ```no_run
//! # async fn example() -> stepup_client::Result<()> {
//! use stepup_client::authsignal_management::{
//!     ActionOutcome, AuthsignalManagement, Changes, CreateActionConfiguration, Region, UpdateTenant,
//! };
//!
//! let management = AuthsignalManagement::new("MY MANAGEMENT SECRET", Region::Us)?;
//! let withdraw = CreateActionConfiguration {
//!     default_user_action_result: Some(ActionOutcome::Challenge),
//!     ..CreateActionConfiguration::new("withdraw")
//! };
//! management.create_action_configuration(withdraw).await?;
//! management.update_tenant(UpdateTenant { name: Some("Demo".to_owned()), ..UpdateTenant::default() }).await?;
//! management.update_tenant(Changes::new().remove("logEventsWebhookConfig")).await?;
//! # Ok(())
//! # }
//! ```

mod builder;
mod client;
mod credentials;
mod requests;

pub use crate::authsignal_host::Region;
pub use crate::changes::Changes;
pub use crate::generated::authsignal_management as raw;
pub use builder::AuthsignalManagementBuilder;
pub use client::AuthsignalManagement;
pub(crate) use credentials::Inner;
pub use raw::types::{
    ActionConfiguration, ActionNode, ApnsCredentials, AuthenticatorEventsWebhookConfig,
    BirdEmailCredentials, BirdSmsCredentials, BlockSize, Conditions, CreateActionConfiguration,
    CreateAuthenticatorConfiguration, CreateCustomDataPoint, CreateRule, CreateValueList,
    CustomDataPoint, DarkContainer, DarkMode, FcmCredentials, FlowRule, FontFace, FontWeight,
    GivenActionType, ListItem, LogEventsWebhookConfig, MailgunEmailCredentials,
    MailjetEmailCredentials, ManagedAuthenticatorConfiguration, MandrillEmailCredentials,
    MessageCatalog, MessageMediaCredentials, MessageOverrides, MessagePoint, MessageScreen,
    MessagingTemplates, Minutes, ModicaGroupCredentials, PrefixRateLimit, PublishFlow, RateLimit,
    Rule, SendgridEmailCredentials, SmtpEmailCredentials, Tenant, Texts, Theme, ThemeBackground,
    ThemeBorders, ThemeColors, ThemeContainer, ThemeFont, ThemeLinks, ThemeShadows,
    ThemeTypography, TnzCredentials, TwilioCredentials, UpdateActionConfiguration,
    UpdateAuthenticatorConfiguration, UpdateCustomDataPoint, UpdateDarkContainer, UpdateDarkMode,
    UpdateMessageOverrides, UpdateRule, UpdateTenant, UpdateTheme, UpdateValueList, ValueList,
};
pub use raw::vocabulary::{
    ActionOutcome, ActionType, Attachment, AttestationFailureMode, AuthenticatorType,
    ContentAlignment, DataType, EmailProvider, ExitPosition, ItemType, LogoPosition, MagicLinkMode,
    ModelType, PromptMethod, PushProvider, RegistrationHint, SmsProvider, UserVerification,
    VerificationMethod, WhatsAppProvider,
};

/// The environment variable for another base URL than the region's, such as a mock's. The vendor's SDKs for PHP and some
/// others read it, too.
pub const URL_VARIABLE: &str = crate::authsignal_host::URL_VARIABLE;

/// The environment variable for the region, where the code names none: a text that [`Region`] reads. It is this client's own.
pub const REGION_VARIABLE: &str = crate::authsignal_host::REGION_VARIABLE;

/// The environment variable that holds the management secret, for [`AuthsignalManagement::from_env`].
pub const SECRET_VARIABLE: &str = "AUTHSIGNAL_MANAGEMENT_SECRET";
