//! The pages, as HTML. Must not know where their facts come from.

use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use stepup_client::tower::Refusal;

use crate::Settings;
use crate::checkout::STEP_UP_OVER;
use crate::store::{Account, SHELF, Visitor};

const STYLE: &str = "\
    :root{color-scheme:light dark;--line:light-dark(#d5d9de,#3c434b);--link:light-dark(#1b5e94,#8cc4f5)}\
    body{font:1.05rem/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;\
    background:light-dark(#f6f7f8,#16191c);color:light-dark(#1b1f23,#e6e9ec)}\
    main{background:light-dark(#fff,#1f2429);border:1px solid var(--line);border-radius:.75rem;padding:.5rem 1.5rem 1rem}\
    nav{display:flex;gap:1.25rem;margin:0 .25rem 1rem}a{color:var(--link)}ul{list-style:none;padding:0}\
    li{display:flex;justify-content:space-between;align-items:center;border-bottom:1px solid var(--line);padding:.4rem 0}\
    li form{margin:0}code{overflow-wrap:anywhere}[role=alert]{border-left:.25rem solid #c4452f;padding-left:.75rem}\
    button,input{font:inherit;padding:.45rem .9rem;border:1px solid var(--line);border-radius:.5rem;margin:.2rem 0}\
    button{background:#1b5e94;border-color:#1b5e94;color:#fff;cursor:pointer}";

fn page(title: &str, body: &Markup) -> Html<String> {
    show(title, None, body)
}

fn show(title: &str, again_after: Option<u32>, body: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(seconds) = again_after {
                    meta http-equiv="refresh" content=(seconds);
                }
                title { (title) " – Shop" }
                link rel="icon" href="data:,";
                style { (STYLE) }
                script src="/passkey.js" type="module" {}
            }
            body {
                nav { a href="/" { "Shop" } a href="/checkout" { "Checkout" } a href="/account" { "Account" } }
                main { h1 { (title) } (body) }
            }
        }
    };
    Html(page.into_string())
}

/// The script that creates and uses passkeys.
pub(crate) async fn script() -> Response {
    let kind = [(CONTENT_TYPE, "text/javascript")];
    (kind, include_str!("passkey.js")).into_response()
}

pub(crate) fn message(title: &str, text: &str) -> Html<String> {
    page(title, &html! { p { (text) } })
}

/// Why the checkout needs more than it got.
pub(crate) fn refusal(refusal: Refusal) -> Html<String> {
    let more = match refusal {
        Refusal::NotPassed => html! { a href="/checkout" { "Try again" } },
        Refusal::NotEnrolled => html! { a href="/account" { "Add a passkey" } },
        _ => html! { a href="/" { "Back to the shop" } },
    };
    let text = html! { p role="alert" { (refusal.to_string()) } p { (more) } };
    page("Not confirmed", &text)
}

fn cart(visitor: &Visitor) -> Markup {
    html! {
        ul { @for product in &visitor.cart { li { (product.name) ", $" (product.price) } } }
        p { "Total: $" (visitor.total()) }
    }
}

pub(crate) fn shelf(visitor: &Visitor) -> Html<String> {
    let body = html! {
        ul {
            @for product in &SHELF {
                li {
                    (product.name) ", $" (product.price) " "
                    form method="post" action="/cart" {
                        button name="product" value=(product.id) { "Add " (product.name) }
                    }
                }
            }
        }
        h2 { "Your cart" }
        (cart(visitor))
        @match &visitor.user {
            Some(_) => form method="post" action="/sign-out" { button { "Sign out" } },
            None => p { a href="/sign-in" { "Sign in" } },
        }
    };
    page("Welcome", &body)
}

pub(crate) fn checkout(visitor: &Visitor, confirmed: bool) -> Html<String> {
    let body = html! {
        (cart(visitor))
        @if confirmed { p { "You have confirmed this purchase over $" (STEP_UP_OVER) "." } }
        form method="post" action="/checkout" { button { "Pay $" (visitor.total()) } }
    };
    page("Checkout", &body)
}

pub(crate) fn paid(total: u32) -> Html<String> {
    message("Thank you", &format!("You have paid ${total}."))
}

pub(crate) fn sign_in(settings: &Settings, problem: Option<&str>) -> Html<String> {
    let body = html! {
        @if let Some(problem) = problem { p role="alert" { (problem) } }
        form id="by-passkey" method="post" action="/sign-in/passkey" {
            input type="hidden" name="token";
            button type="button" data-passkey="sign-in" data-api=(settings.authsignal_url)
                data-tenant=(settings.tenant_id) { "Sign in with a passkey" }
            p role="status" {}
        }
        form method="post" action="/sign-in/phone" {
            label { "Email of your account " input type="email" name="email" required; } " "
            button { "Sign in with my phone" }
        }
        h2 { "New here?" }
        form method="post" action="/sign-up" {
            label { "Your email " input type="email" name="email" required; } " "
            button { "Open an account" }
        }
    };
    page("Sign in", &body)
}

pub(crate) fn waiting() -> Html<String> {
    let body = html! { p { "Answer the question on your phone. This page notices it." } };
    show("Look at your phone", Some(1), &body)
}

pub(crate) fn not_by_phone() -> Html<String> {
    let body = html! {
        p role="alert" { "You are not signed in. Perhaps your phone is not registered, or you have said no." }
        p { a href="/sign-in" { "Back" } }
    };
    page("Not signed in", &body)
}

pub(crate) fn account(
    settings: &Settings,
    account: &Account,
    enrolled: bool,
    link: Option<&str>,
) -> Html<String> {
    let body = html! {
        p { "You are " (account.email) "." }
        h2 { "Passkey" }
        @if enrolled { p { "You can confirm purchases." } } @else { p { "You have no passkey yet." } }
        button data-passkey="add" data-api=(settings.authsignal_url) data-tenant=(settings.tenant_id) { "Add a passkey" }
        p role="status" {}
        h2 { "Phone" }
        @match link {
            Some(link) => p { "Open this link on your phone: " code { (link) } },
            None => form method="post" action="/account/phone" { button { "Register my phone" } },
        }
        h2 { "What happened" }
        ul { @for event in &account.events { li { (event) } } }
    };
    page("Your account", &body)
}
