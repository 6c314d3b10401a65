//! The shelf, the cart, and the payment, which needs a step-up over a limit. Must not know how users sign in.

use std::time::Duration;

use axum::Extension;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use stepup_client::authsignal::TrackAttributes;
use stepup_client::tower::{StepUp, StepUpLayer, StepUpUser};

use crate::store::{SHELF, Visitor};
use crate::{Settings, Shop, pages};

/// A cart that costs more than this many dollars needs a step-up.
pub const STEP_UP_OVER: u32 = 100;

/// The layer before the checkout.
pub(crate) fn step_up(settings: &Settings) -> stepup_client::Result<StepUpLayer> {
    StepUpLayer::builder(settings.authsignal.clone(), "checkout", settings.key)
        .base_url(&settings.base_url)
        .user(|request| {
            let visitor = request.extensions.get::<Visitor>()?;
            let user = visitor.user.as_deref()?;
            Some(StepUpUser::new(user).bound_to(&visitor.session))
        })
        .only_if(|request| {
            // Without a visitor the layer decides, and refuses.
            let visitor = request.extensions.get::<Visitor>();
            visitor.is_none_or(|visitor| visitor.total() > STEP_UP_OVER)
        })
        .attributes(|request| {
            let total = request.extensions.get().map_or(0, Visitor::total);
            // For rules of the tenant.
            TrackAttributes::new().custom("total", total)
        })
        .remember_for(Duration::from_secs(300))
        .build()
}

pub(crate) async fn shelf(Extension(visitor): Extension<Visitor>) -> Response {
    pages::shelf(&visitor).into_response()
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    product: String,
}

pub(crate) async fn add(
    State(shop): State<Shop>,
    Extension(visitor): Extension<Visitor>,
    Form(Choice { product }): Form<Choice>,
) -> Response {
    let Some(product) = SHELF.iter().find(|one| one.id == product) else {
        let page = pages::message("No such product", "We do not have that.");
        return (StatusCode::NOT_FOUND, page).into_response();
    };
    shop.store
        .change(&visitor.session, |visitor| visitor.cart.push(product));
    Redirect::to("/").into_response()
}

pub(crate) async fn page(
    Extension(visitor): Extension<Visitor>,
    step_up: Option<Extension<StepUp>>,
) -> Response {
    if visitor.user.is_none() {
        return Redirect::to("/sign-in").into_response();
    }
    pages::checkout(&visitor, step_up.is_some()).into_response()
}

pub(crate) async fn pay(
    State(shop): State<Shop>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    if visitor.user.is_none() {
        return Redirect::to("/sign-in").into_response();
    }
    let total = visitor.total();
    if total == 0 {
        return Redirect::to("/").into_response();
    }
    // What was paid for is what the step-up was decided for, whatever another window adds meanwhile.
    let paid = visitor.cart.len();
    shop.store.change(&visitor.session, |visitor| {
        drop(visitor.cart.drain(..paid.min(visitor.cart.len())))
    });
    // One step-up is for one payment.
    let forget = [(SET_COOKIE, shop.step_up.forget())];
    (forget, pages::paid(total)).into_response()
}
