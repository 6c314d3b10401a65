//! Accounts, and how people sign in: by a passkey at Authsignal, or by a phone at Activeconnect. Must not know carts.

use std::time::Duration;

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stepup_client::Kind;
use stepup_client::activeconnect::sealing::SessionSealer;
use stepup_client::authsignal::{TokenToValidate, TrackAttributes, UserAttributes};

use crate::store::{Account, Visitor};
use crate::{Settings, Shop, pages, unavailable};

/// How long a person may take to answer on the phone.
const PHONE_TIME: Duration = Duration::from_secs(120);

#[derive(Deserialize)]
pub(crate) struct Address {
    email: String,
}

pub(crate) async fn page(State(shop): State<Shop>) -> Response {
    pages::sign_in(&shop.settings, None).into_response()
}

/// Opens an account. A real shop would let the person prove the address first.
pub(crate) async fn sign_up(
    State(shop): State<Shop>,
    Extension(visitor): Extension<Visitor>,
    Form(Address { email }): Form<Address>,
) -> Response {
    let email = email.trim();
    if !email.contains('@') || email.len() > 254 {
        let problem = "Enter an email address such as ada@example.com.";
        return sign_in_again(&shop, problem);
    }
    let account = match shop.store.open(email) {
        Ok(Some(account)) => account,
        Ok(None) => return sign_in_again(&shop, "This address has an account. Sign in instead."),
        Err(error) => return unavailable(&error),
    };
    if let Err(error) = known_to_vendors(&shop, &account).await {
        // The person can try again.
        shop.store.close(&account.id);
        return unavailable(&error);
    }
    shop.sign_in(&visitor, &account.id, "/account")
}

async fn known_to_vendors(shop: &Shop, account: &Account) -> stepup_client::Result<()> {
    let Settings {
        authsignal,
        activeconnect,
        ..
    } = &*shop.settings;
    let attributes = UserAttributes::new().email(&account.email);
    authsignal.update_user(&account.id, attributes).await?;
    activeconnect.add_user(&account.id).await?;
    Ok(())
}

fn sign_in_again(shop: &Shop, problem: &str) -> Response {
    let page = pages::sign_in(&shop.settings, Some(problem));
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

#[derive(Deserialize)]
pub(crate) struct Proof {
    token: String,
}

/// The browser has used a passkey, and brings the token that proves it.
pub(crate) async fn by_passkey(
    State(shop): State<Shop>,
    Extension(visitor): Extension<Visitor>,
    Form(Proof { token }): Form<Proof>,
) -> Response {
    // A token of another action, such as a checkout, does not sign in.
    let token = TokenToValidate::new(token).action("signIn");
    let validated = match shop.settings.authsignal.validate_challenge(token).await {
        Ok(validated) => validated,
        Err(error) if error.is_rejected() => {
            return sign_in_again(&shop, "This did not work. Try again.");
        }
        Err(error) => return unavailable(&error),
    };
    let is_sign_in = validated.is_valid && validated.action() == Some("signIn");
    let (Some(user), Some(key), true) =
        (&validated.user_id, &validated.idempotency_key, is_sign_in)
    else {
        return sign_in_again(&shop, "This did not work. Try again.");
    };
    let known = shop.store.account(|account| account.id == *user);
    // A token signs in once.
    if known.is_none() || !shop.store.is_first(&format!("sign-in {user} {key}")) {
        return sign_in_again(&shop, "This did not work. Try again.");
    }
    shop.sign_in(&visitor, user, "/")
}

/// Asks the person on their phone. For an address without an account, or a person without a phone, the next page says that
/// nobody is signed in.
pub(crate) async fn by_phone(
    State(shop): State<Shop>,
    Extension(visitor): Extension<Visitor>,
    Form(Address { email }): Form<Address>,
) -> Response {
    let account = shop.store.account(|account| account.email == email.trim());
    let mut begun = None;
    if let Some(account) = account {
        match shop
            .settings
            .activeconnect
            .authenticate_user(&account.id, &[])
            .await
        {
            Ok(session) => {
                let sealed = SessionSealer::new(shop.settings.key).seal(&session, PHONE_TIME);
                begun = sealed.ok();
            }
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return unavailable(&error),
        }
    }
    shop.store
        .change(&visitor.session, |visitor| visitor.phone = begun);
    Redirect::to("/sign-in/phone").into_response()
}

/// The page that waits for the phone. It loads itself again until the person has answered.
pub(crate) async fn wait_for_phone(
    State(shop): State<Shop>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let Some(sealed) = &visitor.phone else {
        return pages::not_by_phone().into_response();
    };
    let activeconnect = &shop.settings.activeconnect;
    let Ok(mut session) = SessionSealer::new(shop.settings.key).open(activeconnect, sealed) else {
        return pages::not_by_phone().into_response();
    };
    if let Err(error) = session.status().await {
        return unavailable(&error);
    }
    // The user's id comes out of the seal, so nobody can put another one in its place.
    if let (true, Some(user)) = (session.active(), session.user_id()) {
        return shop.sign_in(&visitor, user, "/");
    }
    if session.in_progress() {
        return pages::waiting().into_response();
    }
    pages::not_by_phone().into_response()
}

pub(crate) async fn sign_out(
    State(shop): State<Shop>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    shop.store.end(&visitor.session);
    let forget = [(SET_COOKIE, shop.step_up.forget())];
    (forget, Redirect::to("/")).into_response()
}

pub(crate) async fn account(
    State(shop): State<Shop>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    show_account(&shop, &visitor, None).await
}

async fn show_account(shop: &Shop, visitor: &Visitor, link: Option<&str>) -> Response {
    let user = visitor.user.as_deref();
    let Some(account) = shop
        .store
        .account(|account| Some(account.id.as_str()) == user)
    else {
        return Redirect::to("/sign-in").into_response();
    };
    match shop.settings.authsignal.get_user(&account.id).await {
        Ok(user) => {
            pages::account(&shop.settings, &account, user.is_enrolled, link).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

/// A token with which the script of the page may add a passkey.
#[derive(Serialize)]
pub(crate) struct PasskeyToken {
    token: String,
    username: String,
}

pub(crate) async fn passkey_token(
    State(shop): State<Shop>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let user = visitor.user.as_deref();
    let Some(account) = shop
        .store
        .account(|account| Some(account.id.as_str()) == user)
    else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let attributes = TrackAttributes::new().scope("add:authenticators");
    match shop
        .settings
        .authsignal
        .track(&account.id, "addPasskey", attributes)
        .await
    {
        Ok(tracked) => Json(PasskeyToken {
            token: tracked.token().expose().to_owned(),
            username: account.email,
        })
        .into_response(),
        Err(error) => unavailable(&error),
    }
}

/// A link that the person opens on their phone, to register it.
pub(crate) async fn register_phone(
    State(shop): State<Shop>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let Some(user) = visitor.user.as_deref() else {
        return Redirect::to("/sign-in").into_response();
    };
    match shop
        .settings
        .activeconnect
        .registration_link(user, Some("Shop"))
        .await
    {
        Ok(link) => show_account(&shop, &visitor, Some(link.expose())).await,
        Err(error) => unavailable(&error),
    }
}
