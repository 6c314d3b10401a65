//! The pages as HTML: what a view says becomes text, never markup. Knows no world.
//!
//! Everything works by links and forms but what no form can do: asking for a passkey, telling things to whoever opened a
//! popup, and moving on when a phone or a link was used.

use maud::{DOCTYPE, Markup, html};

use super::exit::{Exit, ready};
use super::qr;
use super::view::{
    Address, App, Approval, Code, Credential, Ending, Held, MagicLink, Offer, Page, Settings, View,
};
use super::visit::Visit;
use crate::domain::authsignal::vocabulary::Method;

/// The folder of the stylesheet and the script.
pub const ASSETS: &str = "/challenge/assets";
/// The desk's inbox, where the messages are that would have been sent.
const INBOX: &str = "/#inbox";
/// The desk's phone.
const PHONE: &str = "/#phone";

/// The page.
pub fn document(page: &Page) -> Markup {
    let popup = page.visit.popup;
    let failed = page
        .failed
        .filter(|_| popup)
        .map(|(code, status)| super::exit::failed(code, status));
    let close = match (&page.view, &page.exit) {
        (View::Ending(_), Exit::Message(message)) if page.leaves => Some(message),
        _ => None,
    };
    html! {
        (DOCTYPE)
        html lang="en" class=[popup.then_some("popup")] data-mode=[popup.then_some("popup")]
            data-ready=[popup.then(ready)] data-opener=[&page.visit.opener] data-error=[failed] data-close=[close] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title {
                    @if problem(&page.view).is_some() { "Error: " }
                    (title(&page.view)) " · stepup-mock"
                }
                link rel="icon" type="image/svg+xml" href={ (ASSETS) "/icon.svg" };
                link rel="stylesheet" href={ (ASSETS) "/style.css" };
                script src={ (ASSETS) "/script.js" } defer {}
            }
            body {
                div class="sheet" {
                    main {
                        (view(page))
                        (after(page))
                    }
                    footer class="emulation" {
                        "stepup-mock: this is an emulation. "
                        a href="/" target="_blank" rel="noopener" { "Open its desk" }
                    }
                }
            }
        }
    }
}

fn view(page: &Page) -> Markup {
    let visit = &page.visit;
    match &page.view {
        View::Methods(offered) => methods(offered),
        View::Code(entry) => code(visit, entry),
        View::MagicLink(sent) => magic_link(visit, sent),
        View::Credential(asked) => credential(visit, asked),
        View::Approval(asked) => approval(visit, asked),
        View::Enrollable { offered, first } => enrollable(offered, *first),
        View::Address(entry) => address(visit, entry),
        View::App(made) => app(visit, made),
        View::RecoveryCodes(codes) => recovery_codes(codes, &page.exit),
        View::Settings(settings) => self::settings(visit, settings, &page.exit),
        View::Ending(ending) => self::ending(*ending, &page.exit),
    }
}

/// The heading of a view, which is the title of its page, too.
fn title(view: &View) -> &'static str {
    match view {
        View::Methods(_) => "Confirm it’s you",
        View::Code(entry) => match entry.method {
            Some(Method::Sms) => "Check your text messages",
            Some(Method::Whatsapp) => "Check WhatsApp",
            Some(Method::AuthenticatorApp) => "Open your authenticator app",
            Some(Method::RecoveryCode) => "Use a recovery code",
            _ => "Check your e-mail",
        },
        View::MagicLink(_) => "Check your e-mail",
        View::Credential(asked) => match (asked.method, asked.enrolls) {
            (Method::SecurityKey, false) => "Use your security key",
            (Method::SecurityKey, true) => "Add a security key",
            (_, false) => "Use your passkey",
            (_, true) => "Create a passkey",
        },
        View::Approval(asked) if asked.method == Method::Push => "Approve on your phone",
        View::Approval(_) => "Scan with your phone",
        View::Enrollable { first: true, .. } => "Protect your account",
        View::Enrollable { first: false, .. } => "Add a way to sign in",
        View::Address(entry) if entry.method.is_email() => "Add your e-mail address",
        View::Address(_) => "Add your phone number",
        View::App(_) => "Set up an authenticator app",
        View::RecoveryCodes(_) => "Save your recovery codes",
        View::Settings(_) => "Ways to sign in",
        View::Ending(ending) => ending.words().2,
    }
}

/// What a page says, in a sentence for the journal.
pub fn summary(view: &View) -> String {
    match (problem(view), view) {
        (Some(problem), _) => problem.to_owned(),
        (None, View::Ending(ending)) => {
            let (_, _, title, text, developer) = ending.words();
            let why = if developer.is_empty() {
                text
            } else {
                developer
            };
            format!("{title}. {why}")
        }
        (None, view) => title(view).to_owned(),
    }
}

/// What the domain says of a refusal, as a sentence.
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    [first.as_str(), characters.as_str(), end].concat()
}

fn problem(view: &View) -> Option<&str> {
    match view {
        View::Code(Code { problem, .. })
        | View::MagicLink(MagicLink { problem, .. })
        | View::Credential(Credential { problem, .. })
        | View::Approval(Approval { problem, .. })
        | View::Address(Address { problem, .. })
        | View::App(App { problem, .. })
        | View::Settings(Settings { problem, .. }) => problem.as_deref(),
        View::Methods(_) | View::Enrollable { .. } | View::RecoveryCodes(_) | View::Ending(_) => {
            None
        }
    }
}

/// The links below a view: another way, and out.
fn after(page: &Page) -> Markup {
    let out = match (&page.view, &page.exit) {
        // The way out of these is their button.
        (View::Ending(_) | View::RecoveryCodes(_) | View::Settings(_), _) | (_, Exit::Nowhere) => {
            None
        }
        (View::Enrollable { first: true, .. }, exit) if !page.visit.force_enrollment => {
            Some((exit, "Not now"))
        }
        (_, exit) => Some((exit, "Cancel")),
    };
    html! {
        @if page.back.is_some() || out.is_some() {
            div class="after" {
                @if let Some((href, label)) = &page.back { a href=(href) { (label) } }
                @match out {
                    Some((Exit::Redirect(url), label)) => a href=(url) { (label) },
                    Some((Exit::Message(message), label)) => {
                        button class="link" type="button" data-close=(message) hidden { (label) }
                    }
                    _ => {}
                }
            }
        }
    }
}

fn head(icon_name: Icon, tone: &str, title: &str) -> Markup {
    html! {
        div class={ "badge" @if !tone.is_empty() { " " (tone) } } { (icon(icon_name)) }
        h1 { (title) }
    }
}

fn carried(visit: &Visit) -> Markup {
    html! {
        @for (name, value) in visit.fields() { input type="hidden" name=(name) value=(value); }
    }
}

fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

fn said(notice: Option<&String>, problem: Option<&String>) -> Markup {
    html! {
        @if let Some(problem) = problem { p class="said bad" id="problem" role="alert" { (problem) } }
        @else if let Some(notice) = notice { p class="said" role="status" { (notice) } }
    }
}

/// What only the person who develops needs to know.
fn hint(text: &Markup) -> Markup {
    html! { aside class="hint" aria-label="Hint of the emulation" { p { (text) } } }
}

fn inbox(what: &str) -> Markup {
    hint(&html! {
        "No message leaves this machine. The " (what) " is in the "
        a href=(INBOX) target="_blank" rel="noopener" { "mock’s inbox" } "."
    })
}

fn choices(offered: &[Offer]) -> Markup {
    html! {
        ul class="choices" {
            @for offer in offered {
                li {
                    a class="choice" href=(offer.href) {
                        (icon(Icon::of(offer.method)))
                        span {
                            (name(offer.method))
                            small {
                                @if let Some(label) = &offer.label { (label) } @else { (about(offer.method)) }
                            }
                        }
                        (go())
                    }
                }
            }
        }
    }
}

fn methods(offered: &[Offer]) -> Markup {
    html! {
        (head(Icon::Lock, "", "Confirm it’s you"))
        p class="lead" { "Choose how." }
        (choices(offered))
    }
}

fn enrollable(offered: &[Offer], first: bool) -> Markup {
    html! {
        (head(Icon::Lock, "", if first { "Protect your account" } else { "Add a way to sign in" }))
        p class="lead" {
            @if first { "Set up a way to confirm that it’s you." } @else { "Choose what to add." }
        }
        (choices(offered))
    }
}

fn code(visit: &Visit, entry: &Code) -> Markup {
    let method = entry.method.unwrap_or(Method::EmailOtp);
    let recovery = method == Method::RecoveryCode;
    let sends = method.is_phone() || method.is_email();
    let described = entry.problem.as_ref().map(|_| "problem");
    html! {
        (head(Icon::of(method), "", title_of_code(method)))
        p class="lead" {
            @if recovery {
                "Enter one of the codes that you saved when you set up your account. Each works once."
            } @else if sends {
                "Enter the 6-digit code that was sent to "
                strong { (entry.sent_to.as_deref().unwrap_or("you")) } "."
            } @else {
                "Enter the 6-digit code that it shows."
            }
        }
        (said(entry.notice.as_ref(), entry.problem.as_ref()))
        form method="post" action="/challenge/verify" {
            (carried(visit))
            (hidden("method", method.word()))
            @if entry.enrolls { (hidden("enrolls", "true")) }
            label for="code" { @if recovery { "Recovery code" } @else { "Code" } }
            @if recovery {
                input class="word" id="code" name="code" type="text" autocomplete="off" autocapitalize="none"
                    spellcheck="false" required autofocus[!visit.popup] data-focus[visit.popup]
                    aria-describedby=[described] aria-invalid=[described.map(|_| "true")];
            } @else {
                input class="code" id="code" name="code" type="text" inputmode="numeric"
                    autocomplete="one-time-code" pattern="[0-9 ]*" maxlength="12" spellcheck="false" required
                    autofocus[!visit.popup] data-focus[visit.popup] aria-describedby=[described]
                    aria-invalid=[described.map(|_| "true")];
            }
            button type="submit" { "Confirm" }
        }
        @if sends { (resend(visit, method, entry.enrolls, "Send a new code")) }
        @if sends { (inbox("code")) }
        @else if !recovery {
            (hint(&html! { "No app at hand? " code { "stepup-mock totp USER" } " tells the code." }))
        }
    }
}

fn title_of_code(method: Method) -> &'static str {
    title(&View::Code(Code {
        method: Some(method),
        ..Code::default()
    }))
}

fn resend(visit: &Visit, method: Method, enrolls: bool, label: &str) -> Markup {
    html! {
        form class="resend" method="post" action="/challenge/send" {
            (carried(visit))
            (hidden("method", method.word()))
            @if enrolls { (hidden("enrolls", "true")) }
            "Nothing there? " button class="link" type="submit" { (label) }
        }
    }
}

fn magic_link(visit: &Visit, sent: &MagicLink) -> Markup {
    let method = Method::EmailMagicLink;
    html! {
        (head(Icon::Mail, "", "Check your e-mail"))
        p class="lead" {
            "Open the link that was sent to " strong { (sent.sent_to) } ", on this device or another."
        }
        (said(sent.notice.as_ref(), sent.problem.as_ref()))
        @if let Some(wait) = &sent.wait {
            p class="waiting" role="status" { "Waiting for the link to be opened" }
            form method="post" action="/challenge/verify" data-wait=(wait) {
                (carried(visit))
                (hidden("method", method.word()))
                @if sent.enrolls { (hidden("enrolls", "true")) }
                button class="plain" type="submit" { "I have opened it" }
            }
        }
        (resend(visit, method, sent.enrolls, "Send a new link"))
        (inbox("link"))
    }
}

fn credential(visit: &Visit, asked: &Credential) -> Markup {
    let key = asked.method == Method::SecurityKey;
    let (thing, lead) = match (key, asked.enrolls) {
        (true, false) => (
            "security key",
            "Insert your security key, or hold it near, and touch it when it asks.",
        ),
        (true, true) => (
            "security key",
            "Have your security key at hand. It will ask for a touch.",
        ),
        (false, false) => (
            "passkey",
            "Your device will ask for your fingerprint, face or screen lock.",
        ),
        (false, true) => (
            "passkey",
            "Sign in with your fingerprint, face or screen lock instead of a code.",
        ),
    };
    let ceremony = if asked.enrolls { "create" } else { "get" };
    let label = match (key, asked.enrolls) {
        (true, false) => "Use security key",
        (true, true) => "Add security key",
        (false, false) => "Continue with passkey",
        (false, true) => "Create passkey",
    };
    let title = title(&View::Credential(Credential {
        elsewhere: None,
        problem: None,
        ..*asked
    }));
    html! {
        (head(Icon::of(asked.method), "", title))
        p class="lead" { (lead) }
        (said(None, asked.problem.as_ref()))
        @if let Some(elsewhere) = &asked.elsewhere {
            div class="said warn" role="alert" {
                "Browsers offer no " (thing) "s at " code { (elsewhere.host) }
                ": an IP address is no name that one can belong to."
                @if let Some(href) = &elsewhere.href { " " a href=(href) { "Open this page on localhost" } "." }
                @else { " Open the mock by a host name instead." }
            }
        } @else {
            form method="post" action="/challenge/verify" data-ceremony=(ceremony)
                data-options="/challenge/credential" {
                (carried(visit))
                (hidden("method", asked.method.word()))
                @if asked.enrolls { (hidden("enrolls", "true")) }
                (hidden("credential", ""))
                p class="said bad" role="alert" data-problem hidden {}
                button type="submit" hidden { (label) }
            }
            noscript {
                p class="said warn" { "A " (thing) " can only be asked for by a script, and this browser runs none." }
            }
        }
    }
}

fn approval(visit: &Visit, asked: &Approval) -> Markup {
    let push = asked.method == Method::Push;
    html! {
        @if push {
            (head(Icon::Phone, "", "Approve on your phone"))
            p class="lead" {
                "A request was sent to "
                strong { (asked.device.as_deref().unwrap_or("your phone")) }
                ". Approve it there if its challenge begins with these four characters."
            }
            (said(None, asked.problem.as_ref()))
            p class="number" { (number(&asked.challenge_id)) }
        } @else {
            (head(Icon::Code, "", "Scan with your phone"))
            p class="lead" { "Scan this code with the app on your phone, and approve there." }
            (said(None, asked.problem.as_ref()))
            @if let Some(code) = qr::svg(&asked.challenge_id, "QR code of this challenge") { div class="qr" { (code) } }
        }
        p class="about" { "Challenge " code { (asked.challenge_id) } }
        p class="waiting" role="status" {
            @if asked.claimed { "Scanned. Waiting for your answer" } @else { "Waiting for your answer" }
        }
        form method="post" action="/challenge/verify" data-wait=(asked.wait) {
            (carried(visit))
            (hidden("method", asked.method.word()))
            (hidden("challenge", &asked.challenge_id))
            button class="plain" type="submit" { "I have answered" }
        }
        (hint(&html! {
            "No such phone at hand? "
            @if push {
                "Answer on the " a href=(PHONE) target="_blank" rel="noopener" { "mock’s phone" }
                ", or with " code { "stepup-mock push approve USER" } "."
            } @else {
                code { "stepup-mock qr approve " (asked.challenge_id) " --user USER" } " scans it and approves."
            }
        }))
    }
}

/// What of a challenge's id a person compares: its first four digits and letters.
fn number(id: &str) -> String {
    let digits = id.chars().filter(char::is_ascii_alphanumeric).take(4);
    digits.map(|digit| digit.to_ascii_uppercase()).collect()
}

fn address(visit: &Visit, entry: &Address) -> Markup {
    let email = entry.method.is_email();
    let link = entry.method == Method::EmailMagicLink;
    let described = entry.problem.as_ref().map_or("note", |_| "problem note");
    let invalid = entry.problem.as_ref().map(|_| "true");
    html! {
        (head(Icon::of(entry.method), "", if email { "Add your e-mail address" } else { "Add your phone number" }))
        p class="lead" {
            @if link { "A link is sent there, to see that it is yours." }
            @else { "A code is sent there, to see that it is yours." }
        }
        (said(None, entry.problem.as_ref()))
        form method="post" action="/challenge/enroll" {
            (carried(visit))
            (hidden("method", entry.method.word()))
            @if email {
                label for="address" { "E-mail address" }
                input id="address" name="address" type="email" autocomplete="email" inputmode="email"
                    value=(entry.value) required autofocus[!visit.popup] data-focus[visit.popup]
                    aria-invalid=[invalid] aria-describedby=[invalid.map(|_| "problem")];
            } @else {
                label for="address" { "Phone number" }
                input id="address" name="address" type="tel" autocomplete="tel" inputmode="tel"
                    value=(entry.value) required autofocus[!visit.popup] data-focus[visit.popup]
                    aria-invalid=[invalid] aria-describedby=(described);
                p class="note" id="note" { "With the country code, like +64 27 000 0000." }
            }
            button type="submit" { @if link { "Send link" } @else { "Send code" } }
        }
    }
}

fn app(visit: &Visit, made: &App) -> Markup {
    let described = made.problem.as_ref().map(|_| "problem");
    html! {
        (head(Icon::Clock, "", "Set up an authenticator app"))
        p class="lead" { "Scan this code with any authenticator app, then enter the 6-digit code that it shows." }
        (said(None, made.problem.as_ref()))
        @if let Some(code) = qr::svg(&made.uri, "QR code for the authenticator app") { div class="qr" { (code) } }
        p class="label" id="secret" { "Or enter this key in the app" }
        div class="secret" {
            code aria-labelledby="secret" { (spaced(&made.secret)) }
            button class="plain small" type="button" data-copy=(made.secret) hidden { "Copy key" }
            span id="copied" role="status" class="note" {}
        }
        form method="post" action="/challenge/verify" {
            (carried(visit))
            (hidden("method", Method::AuthenticatorApp.word()))
            (hidden("enrolls", "true"))
            label for="code" { "Code" }
            input class="code" id="code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code"
                pattern="[0-9 ]*" maxlength="12" spellcheck="false" required
                autofocus[made.problem.is_some() && !visit.popup] data-focus[made.problem.is_some() && visit.popup]
                aria-describedby=[described] aria-invalid=[described.map(|_| "true")];
            button type="submit" { "Confirm" }
        }
        (hint(&html! { "No app at hand? " code { "stepup-mock totp USER" } " tells the code." }))
    }
}

/// A secret in groups of four, which can be read aloud.
fn spaced(secret: &str) -> String {
    let mut text = String::with_capacity(secret.len() + secret.len() / 4);
    for (at, character) in secret.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push(' ');
        }
        text.push(character);
    }
    text
}

fn recovery_codes(codes: &[String], exit: &Exit) -> Markup {
    html! {
        (head(Icon::List, "", "Save your recovery codes"))
        p class="lead" {
            "Each of these lets you in once when nothing else does. Keep them safe: they are not shown again."
        }
        ul class="codes" { @for code in codes { li { code { (code) } } } }
        div class="secret" {
            button class="plain small" type="button" data-copy=(codes.join("\n")) hidden { "Copy codes" }
            span id="copied" role="status" class="note" {}
        }
        (way_out(exit, "I have saved them", "You can close this page then."))
    }
}

fn settings(visit: &Visit, settings: &Settings, exit: &Exit) -> Markup {
    html! {
        (head(Icon::Lock, "", "Ways to sign in"))
        p class="lead" {
            @if settings.held.is_empty() { "You have set up none." } @else { "These confirm that it’s you." }
        }
        (said(settings.notice.as_ref(), settings.problem.as_ref()))
        @if !settings.held.is_empty() {
            ul class="held" { @for one in &settings.held { (held(visit, one)) } }
        }
        @if let Some(href) = &settings.add { a class="button plain" href=(href) { @if settings.held.is_empty() { "Add one" } @else { "Add another" } } }
        @match settings.recovery_codes {
            0 => {}
            1 => p class="resend" { "1 recovery code is left." },
            left => p class="resend" { (left) " recovery codes are left." },
        }
        (way_out(exit, "Done", ""))
    }
}

fn held(visit: &Visit, one: &Held) -> Markup {
    // Buttons of a list are told apart by what they are about.
    let what = match &one.label {
        Some(label) => format!("{}, {label}", name(one.method)),
        None => name(one.method).to_owned(),
    };
    html! {
        li {
            (icon(Icon::of(one.method)))
            div class="what" {
                (name(one.method))
                @if one.is_default { span class="mark" { "Default" } }
                @if let Some(label) = &one.label { small { (label) } }
                small { "Since " (one.since) }
            }
            @if one.may_be_default || one.may_be_removed {
                div class="acts" {
                    @if one.may_be_default {
                        form method="post" action="/challenge/default" {
                            (carried(visit))
                            (hidden("method", one.method.word()))
                            button class="plain small" type="submit" aria-label={ "Make default: " (what) } {
                                "Make default"
                            }
                        }
                    }
                    @if one.may_be_removed {
                        details {
                            summary aria-label={ "Remove: " (what) } { "Remove" }
                            form method="post" action="/challenge/remove" {
                                (carried(visit))
                                (hidden("authenticator", &one.id))
                                button class="danger small" type="submit" aria-label={ "Yes, remove: " (what) } {
                                    "Yes, remove it"
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The button that leads back to the application.
fn way_out(exit: &Exit, label: &str, otherwise: &str) -> Markup {
    html! {
        @match exit {
            Exit::Redirect(url) => a class="button" href=(url) { (label) },
            Exit::Message(message) => button type="button" data-close=(message) hidden { (label) },
            Exit::Nowhere => { @if !otherwise.is_empty() { p { (otherwise) } } }
        }
    }
}

fn ending(ending: Ending, exit: &Exit) -> Markup {
    let (icon_name, tone, title, text, developer) = ending.words();
    html! {
        (head(icon_name, tone, title))
        p class="lead" role=[ending.is_trouble().then_some("alert")] { (text) }
        @if ending.has_way_out() {
            (way_out(exit, ending.way_out(), "You can close this page."))
        }
        @if !developer.is_empty() { (hint(&html! { (developer) })) }
    }
}

impl Ending {
    /// Whether something went wrong.
    fn is_trouble(self) -> bool {
        matches!(
            self,
            Self::Failed
                | Self::Blocked
                | Self::Refused
                | Self::NoMethods
                | Self::NoToken
                | Self::Tampered
                | Self::Expired
                | Self::Gone
                | Self::LinkUsed
                | Self::LinkExpired
                | Self::LinkUnknown
                | Self::Misdirected
        )
    }

    fn has_way_out(self) -> bool {
        !matches!(
            self,
            Self::LinkOpened | Self::LinkUsed | Self::LinkExpired | Self::LinkUnknown
        )
    }

    fn way_out(self) -> &'static str {
        match self {
            Self::Passed | Self::Enrolled | Self::AlreadyPassed | Self::NothingToDo => "Continue",
            _ => "Go back",
        }
    }

    /// Icon, tone, title, text, and what the person who develops wants to know.
    fn words(self) -> (Icon, &'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Passed => (Icon::Tick, "good", "Confirmed", "Thank you, it’s you.", ""),
            Self::Enrolled => (
                Icon::Tick,
                "good",
                "All set",
                "From now on you can confirm this way that it’s you.",
                "",
            ),
            Self::AlreadyPassed => (
                Icon::Tick,
                "good",
                "Already confirmed",
                "This request was confirmed before. There is nothing more to do.",
                "The token’s action is CHALLENGE_SUCCEEDED. Track an action with another idempotencyKey for a new challenge.",
            ),
            Self::Failed => (
                Icon::Cross,
                "bad",
                "This did not work",
                "We could not confirm that it’s you. Go back and start again.",
                "The token’s action is CHALLENGE_FAILED. Track an action with another idempotencyKey for a new challenge.",
            ),
            Self::Blocked => (
                Icon::Cross,
                "bad",
                "This is not allowed",
                "The request was blocked. Confirming that it’s you would not change that.",
                "The token’s action is BLOCK: a rule, the action’s outcome or the default outcome decided so.",
            ),
            Self::InReview => (
                Icon::Clock,
                "warn",
                "This is being reviewed",
                "Somebody has to look at the request first. You will hear when that is done.",
                "The token’s action is REVIEW_REQUIRED until update_action sets another state.",
            ),
            Self::Refused => (
                Icon::Cross,
                "bad",
                "This was refused",
                "The request was reviewed, and refused.",
                "The token’s action is REVIEW_FAILED.",
            ),
            Self::NothingToDo => (
                Icon::Tick,
                "good",
                "Nothing to do",
                "You need not confirm anything.",
                "",
            ),
            Self::Left => (
                Icon::Door,
                "",
                "You left",
                "Nothing was confirmed, and nothing has changed.",
                "",
            ),
            Self::NoMethods => (
                Icon::Cross,
                "bad",
                "There is no way to confirm",
                "None of your ways to sign in is offered here.",
                "The user has no method that a page can ask for, or the tenant has none that a page can set up.",
            ),
            Self::NoToken => (
                Icon::Cross,
                "bad",
                "This link is not complete",
                "It lacks the part that says who you are. Go back and start again.",
                "The page is opened by the url that track answers: it has the query parameter token.",
            ),
            Self::Tampered => (
                Icon::Cross,
                "bad",
                "This link is not valid",
                "It was changed on the way, or it was made elsewhere. Go back and start again.",
                "The token’s signature does not fit. It was altered, or made by another tenant, another secret or another server.",
            ),
            Self::Expired => (
                Icon::Clock,
                "warn",
                "This link has expired",
                "Too much time has passed since it was made. Go back and start again.",
                "A token lives ten minutes of the mock’s clock. Track again for a new one; the same idempotencyKey gives the same action.",
            ),
            Self::Gone => (
                Icon::Cross,
                "bad",
                "This request is gone",
                "What this link is about is not there any more. Go back and start again.",
                "The token is good, but its action is not in the mock’s world: the mock was reset or started again, or the user was deleted.",
            ),
            Self::LinkOpened => (
                Icon::Tick,
                "good",
                "Link opened",
                "Go back to the page where you signed in. It moves on by itself, and you can close this one.",
                "",
            ),
            Self::LinkUsed => (
                Icon::Tick,
                "warn",
                "This link was used before",
                "A link works once. If the page where you signed in is still waiting, let it send a new one.",
                "",
            ),
            Self::LinkExpired => (
                Icon::Clock,
                "warn",
                "This link has expired",
                "Too much time has passed since it was sent. Let the page where you signed in send a new one.",
                "A link lives ten minutes of the mock’s clock, and until a newer one is sent.",
            ),
            Self::LinkUnknown => (
                Icon::Cross,
                "bad",
                "This link is not valid",
                "It was changed on the way, or it is too old to be remembered. Use the newest.",
                "No challenge has this link: it was altered, the mock was reset or started again, or the user was deleted.",
            ),
            Self::Misdirected => (
                Icon::Cross,
                "bad",
                "That cannot be done here",
                "Go back and start again.",
                "The form names something that is not on offer in the state of the token’s action.",
            ),
        }
    }
}

/// What people call a method.
pub fn name(method: Method) -> &'static str {
    match method {
        Method::Sms => "Text message",
        Method::EmailOtp => "E-mail code",
        Method::EmailMagicLink => "E-mail link",
        Method::AuthenticatorApp => "Authenticator app",
        Method::Passkey => "Passkey",
        Method::SecurityKey => "Security key",
        Method::Push => "Phone approval",
        Method::QrCode => "QR code",
        Method::Whatsapp => "WhatsApp message",
        Method::RecoveryCode => "Recovery code",
        Method::InApp => "App on your phone",
    }
}

fn about(method: Method) -> &'static str {
    match method {
        Method::Sms => "A code by text message",
        Method::EmailOtp => "A code by e-mail",
        Method::EmailMagicLink => "A link by e-mail",
        Method::AuthenticatorApp => "A code of an app on your phone",
        Method::Passkey => "Fingerprint, face or screen lock",
        Method::SecurityKey => "A key to touch",
        Method::Push => "A request in an app on your phone",
        Method::QrCode => "A code to scan with your phone",
        Method::Whatsapp => "A code by WhatsApp",
        Method::RecoveryCode => "One of the codes that you saved",
        Method::InApp => "An app that you have set up",
    }
}

/// What a picture shows.
#[derive(Clone, Copy)]
enum Icon {
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
    fn of(method: Method) -> Self {
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

fn icon(icon: Icon) -> Markup {
    html! {
        svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(icon.path()) {} }
    }
}

fn go() -> Markup {
    html! {
        svg class="icon go" viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d="M9 5.5l6.5 6.5L9 18.5" {} }
    }
}
