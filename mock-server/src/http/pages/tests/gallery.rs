//! One of each page, and one for each way it can differ: for snapshots, and to look at. Knows no mock.

use crate::domain::authsignal::vocabulary::Method;
use crate::http::pages::exit::{Exit, Returned};
use crate::http::pages::view::{
    Address, App, Approval, Code, Credential, Elsewhere, Ending, Held, MagicLink, Offer, Page,
    Screen, Settings, View,
};
use crate::http::pages::visit::Visit;

const URI: &str = "otpauth://totp/Mock:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Mock&algorithm=SHA1&digits=6&period=30";
const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const CHALLENGE: &str = "7f3c2a10-5d1e-4b0a-9c55-0e8f7c1d2b3a";

pub(super) fn page(view: View) -> Page {
    Page {
        visit: Visit {
            token: "TOKEN".to_owned(),
            ..Visit::default()
        },
        exit: Exit::Redirect("https://app.test/callback?token=TOKEN".to_owned()),
        back: None,
        failed: None,
        leaves: false,
        watch: None,
        because: String::new(),
        message: None,
        view,
    }
}

/// The same page in a popup.
pub(super) fn popup(view: View) -> Page {
    let mut page = page(view);
    page.visit.popup = true;
    page.visit.opener = Some("https://app.test".to_owned());
    let returned = Returned {
        token: "TOKEN",
        state: None,
    };
    page.exit = Exit::new(true, None, None, returned);
    page
}

fn another(view: View) -> Page {
    Page {
        back: Some((
            "/challenge?token=TOKEN&view=methods".to_owned(),
            "Use another method",
        )),
        ..page(view)
    }
}

fn offers(methods: &[Method]) -> Vec<Offer> {
    let label = |method| match method {
        Method::Sms | Method::Whatsapp => Some("+64 ••• ••• 000".to_owned()),
        Method::EmailOtp | Method::EmailMagicLink => Some("a••@example.com".to_owned()),
        Method::Push => Some("Pixel 9".to_owned()),
        _ => None,
    };
    methods
        .iter()
        .map(|method| Offer {
            method: *method,
            label: label(*method),
            href: format!("/challenge?token=TOKEN&method={}", method.word()),
        })
        .collect()
}

fn code(method: Method) -> Code {
    Code {
        method: Some(method),
        sent_to: match method {
            Method::EmailOtp => Some("a••@example.com".to_owned()),
            Method::Sms | Method::Whatsapp => Some("+64 ••• ••• 000".to_owned()),
            _ => None,
        },
        digits: 6,
        ..Code::default()
    }
}

fn credential(method: Method, enrolls: bool) -> Credential {
    Credential {
        method,
        enrolls,
        elsewhere: None,
        problem: None,
    }
}

fn held(method: Method, label: Option<&str>, is_default: bool) -> Held {
    Held {
        id: format!("id-of-{}", method.word()),
        method,
        label: label.map(str::to_owned),
        since: "1 January 2026".to_owned(),
        is_default,
        may_be_default: !is_default,
        may_be_removed: true,
    }
}

fn approval(method: Method) -> Approval {
    Approval {
        method,
        challenge_id: CHALLENGE.to_owned(),
        device: (method == Method::Push).then(|| "Pixel 9".to_owned()),
        wait: "/challenge/wait?token=TOKEN".to_owned(),
        claimed: false,
        problem: None,
    }
}

/// Every page, by name.
pub(super) fn pages() -> Vec<(String, Page)> {
    let wrong = "The code is wrong or has expired. Try again.".to_owned();
    let mut pages = vec![
        (
            "methods",
            page(View::Methods(offers(&[
                Method::Passkey,
                Method::Push,
                Method::Sms,
                Method::EmailOtp,
                Method::AuthenticatorApp,
                Method::RecoveryCode,
            ]))),
        ),
        ("code-email", another(View::Code(code(Method::EmailOtp)))),
        ("code-sms", another(View::Code(code(Method::Sms)))),
        (
            "code-sms-wrong",
            another(View::Code(Code {
                problem: Some(wrong.clone()),
                ..code(Method::Sms)
            })),
        ),
        (
            "code-sms-again",
            another(View::Code(Code {
                notice: Some("We sent a new code.".to_owned()),
                ..code(Method::Sms)
            })),
        ),
        ("code-whatsapp", page(View::Code(code(Method::Whatsapp)))),
        (
            "code-app",
            another(View::Code(code(Method::AuthenticatorApp))),
        ),
        (
            "code-recovery",
            another(View::Code(code(Method::RecoveryCode))),
        ),
        (
            "magic-link",
            another(View::MagicLink(MagicLink {
                sent_to: "a••@example.com".to_owned(),
                wait: Some("/challenge/wait?token=TOKEN".to_owned()),
                ..MagicLink::default()
            })),
        ),
        (
            "magic-link-not-sent",
            another(View::MagicLink(MagicLink {
                sent_to: "a••@example.com".to_owned(),
                problem: Some("12 links were sent within 10 minutes; wait.".to_owned()),
                ..MagicLink::default()
            })),
        ),
        (
            "passkey",
            another(View::Credential(credential(Method::Passkey, false))),
        ),
        (
            "passkey-new",
            page(View::Credential(credential(Method::Passkey, true))),
        ),
        (
            "passkey-elsewhere",
            another(View::Credential(Credential {
                elsewhere: Some(Elsewhere {
                    host: "127.0.0.1:4750".to_owned(),
                    href: Some(
                        "http://localhost:4750/challenge?token=TOKEN&method=PASSKEY".to_owned(),
                    ),
                }),
                ..credential(Method::Passkey, false)
            })),
        ),
        (
            "security-key",
            another(View::Credential(credential(Method::SecurityKey, false))),
        ),
        (
            "security-key-new",
            another(View::Credential(credential(Method::SecurityKey, true))),
        ),
        ("push", another(View::Approval(approval(Method::Push)))),
        ("qr-code", another(View::Approval(approval(Method::QrCode)))),
        (
            "enroll",
            page(View::Enrollable {
                offered: {
                    let mut offered = offers(&[
                        Method::Passkey,
                        Method::AuthenticatorApp,
                        Method::EmailOtp,
                        Method::EmailMagicLink,
                        Method::Sms,
                        Method::SecurityKey,
                    ]);
                    for offer in &mut offered {
                        offer.label = None;
                    }
                    offered
                },
                first: true,
                declines: None,
            }),
        ),
        (
            "enroll-optional",
            page(View::Enrollable {
                offered: {
                    let mut offered = offers(&[Method::Passkey]);
                    offered[0].label = None;
                    offered
                },
                first: false,
                declines: Some(true),
            }),
        ),
        (
            "screen",
            page(View::Screen(Screen {
                title: "Terms of <the> flow".to_owned(),
                texts: vec!["Read & go on.".to_owned(), "Or do not.".to_owned()],
                buttons: vec![
                    ("yes".to_owned(), "I agree".to_owned()),
                    ("no".to_owned(), "I do not".to_owned()),
                ],
            })),
        ),
        (
            "enroll-email",
            another(View::Address(Address {
                method: Method::EmailOtp,
                value: "ada@example.com".to_owned(),
                calling_code: None,
                problem: None,
            })),
        ),
        (
            "enroll-sms",
            another(View::Address(Address {
                method: Method::Sms,
                value: "12".to_owned(),
                calling_code: None,
                problem: Some("Enter a phone number with its country code.".to_owned()),
            })),
        ),
        (
            "enroll-app",
            another(View::App(App {
                uri: URI.to_owned(),
                secret: SECRET.to_owned(),
                clock: None,
                problem: None,
            })),
        ),
        (
            "enroll-app-wrong",
            another(View::App(App {
                uri: URI.to_owned(),
                secret: SECRET.to_owned(),
                clock: Some("2026-01-01T00:00:00.000Z".to_owned()),
                problem: Some(wrong),
            })),
        ),
        (
            "recovery-codes",
            page(View::RecoveryCodes(
                (1..=8)
                    .map(|at| format!("k7d2m-9xq4{at}"))
                    .collect::<Vec<_>>(),
            )),
        ),
        (
            "settings",
            page(View::Settings(Settings {
                held: vec![
                    held(Method::Passkey, Some("Chrome on Linux"), true),
                    held(Method::Sms, Some("+64 ••• ••• 000"), false),
                    held(Method::AuthenticatorApp, None, false),
                ],
                add: Some("/challenge?token=TOKEN&view=enroll".to_owned()),
                recovery_codes: 7,
                notice: Some("Method added.".to_owned()),
                problem: None,
            })),
        ),
        (
            "settings-none",
            page(View::Settings(Settings {
                held: Vec::new(),
                add: Some("/challenge?token=TOKEN&view=enroll".to_owned()),
                recovery_codes: 0,
                notice: None,
                problem: None,
            })),
        ),
        (
            "popup-methods",
            popup(View::Methods(offers(&[
                Method::Passkey,
                Method::Sms,
                Method::EmailOtp,
            ]))),
        ),
        ("popup-code", popup(View::Code(code(Method::EmailOtp)))),
        (
            "popup-passed",
            Page {
                leaves: true,
                ..popup(View::Ending(Ending::Passed))
            },
        ),
        (
            "popup-expired",
            Page {
                failed: Some(("expired_token", 401)),
                ..popup(View::Ending(Ending::Expired))
            },
        ),
        (
            "nowhere",
            Page {
                exit: Exit::Nowhere,
                ..page(View::Ending(Ending::Passed))
            },
        ),
    ]
    .into_iter()
    .map(|(name, page)| (name.to_owned(), page))
    .collect::<Vec<_>>();
    let blocked = Page {
        because: "The rule “Large payment” decided this.".to_owned(),
        ..page(View::Ending(Ending::Blocked))
    };
    pages.push(("blocked-by-rule".to_owned(), blocked));
    let watching = Page {
        watch: Some("/challenge/wait?token=TOKEN".to_owned()),
        ..page(View::Code(code(Method::EmailOtp)))
    };
    pages.push(("code-watching".to_owned(), watching));
    for ending in Ending::ALL {
        pages.push((
            format!("ending-{ending:?}").to_lowercase(),
            page(View::Ending(ending)),
        ));
    }
    pages
}
