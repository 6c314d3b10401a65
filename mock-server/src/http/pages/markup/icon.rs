//! The icons of the pages, as inline SVG. Must not know the world.

use maud::{Markup, html};

use crate::domain::authsignal::vocabulary::Method;

/// An icon, by what it shows.
#[derive(Clone, Copy)]
pub(super) enum Icon {
    Lock,
    Mail,
    Message,
    Chat,
    Clock,
    Finger,
    Key,
    Phone,
    Code,
    List,
    Tick,
    Cross,
    Door,
}

impl Icon {
    pub(super) fn of(method: Method) -> Self {
        match method {
            Method::Sms => Self::Message,
            Method::EmailOtp | Method::EmailMagicLink => Self::Mail,
            Method::AuthenticatorApp => Self::Clock,
            Method::Passkey => Self::Finger,
            Method::SecurityKey => Self::Key,
            Method::Push | Method::InApp => Self::Phone,
            Method::QrCode => Self::Code,
            Method::Whatsapp => Self::Chat,
            Method::RecoveryCode => Self::List,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Lock => "M8 11V8a4 4 0 0 1 8 0v3M6.5 11h11v8.5h-11zM12 14.5v1.5",
            Self::Mail => "M3.5 6h17v12h-17zM4 6.5l8 6.5 8-6.5",
            Self::Message => "M4 5h16v11h-9l-4 3.5V16H4zM8 9h8M8 12h5",
            Self::Chat => "M12 4a8 8 0 1 1-3.9 15L4 20l1.1-3.9A8 8 0 0 1 12 4zM9 11h6M9 14h4",
            Self::Clock => "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 7.5V12l3 2",
            Self::Finger => {
                "M6 15.5c.6-1.2.8-2.2.8-3.5a5.2 5.2 0 0 1 10.4 0c0 2 .1 3.4-.4 5.5M12 12c0 3-.6 5.2-1.8 7.5M9.4 12.2c.1 2-.5 4-1.6 6M14.6 12c0 3.2-.3 5.4-1 8M3.9 12.5A8.1 8.1 0 0 1 12 4a8.1 8.1 0 0 1 7.2 4.3"
            }
            Self::Key => "M8 8.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM11.5 12H21v3M17.5 12v2.5",
            Self::Phone => "M7.5 3h9v18h-9zM10.5 18h3M10 9.5l1.5 1.5 3-3",
            Self::Code => {
                "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2"
            }
            Self::List => "M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.01M4.5 12h.01M4.5 17.5h.01",
            Self::Tick => "M5 12.5l4.5 4.5L19 7.5",
            Self::Cross => "M6.5 6.5l11 11M17.5 6.5l-11 11",
            Self::Door => "M10 4.5H5v15h5M14 8l4 4-4 4M18 12H9",
        }
    }
}

pub(super) fn icon(icon: Icon) -> Markup {
    html! {
        svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(icon.path()) {} }
    }
}

pub(super) fn go() -> Markup {
    html! {
        svg class="icon go" viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d="M9 5.5l6.5 6.5L9 18.5" {} }
    }
}
