//! Payments that a user confirms by a passkey: Secure Payment Confirmation, as an early branch of the vendor's browser SDK
//! asks for it. Knows no wire format.

use serde_json::Value;

use super::Bearer;
use crate::domain::Turn;
use crate::domain::authsignal::passkey_settings::AskingPage;
use crate::domain::authsignal::user::User;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::webauthn::{RequestOptions, Started};
use crate::domain::authsignal::{Authsignal, Refusal};

/// A passkey that confirms payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Id of the credential.
    pub credential_id: String,
    /// What the browser calls the means of payment.
    pub name: String,
}

/// A payment, as the application has described it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// The amount.
    pub amount: Option<String>,
    /// Its currency.
    pub currency: Option<String>,
    /// Name of who is paid.
    pub payee_name: Option<String>,
    /// Origin of who is paid.
    pub payee_origin: Option<String>,
}

/// What a browser needs to have a payment confirmed.
#[derive(Clone, Debug)]
pub struct PaymentOptions {
    /// The options of the ceremony.
    pub started: Started<RequestOptions>,
    /// The user's passkeys that confirm payments.
    pub instruments: Vec<Instrument>,
    /// The payment, if the application has described one.
    pub payment: Option<Payment>,
}

impl Authsignal {
    /// As [`authentication_options`](Self::authentication_options), for a payment.
    ///
    /// # Errors
    /// As those, and nobody has a token, or the user has no passkey that confirms payments.
    pub fn payment_options(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: Option<&Bearer>,
        challenge_id: Option<&str>,
        page: AskingPage<'_>,
    ) -> Result<PaymentOptions, Refusal> {
        let bearer = bearer.ok_or_else(|| {
            Refusal::Invalid(
                "body /securePaymentConfirmation: a payment needs the token of a user".to_owned(),
            )
        })?;
        let own = self.user(&bearer.user_id).map(instruments);
        let own = own.filter(|own| !own.is_empty()).ok_or_else(|| {
            Refusal::UnknownCredential(format!(
                "user {} has no passkey that confirms payments; register one with securePaymentConfirmation",
                bearer.user_id
            ))
        })?;
        let method = Method::Passkey;
        let started = self.options_by(turn, Some(bearer), method, challenge_id, page, |own| {
            own.record.payment.is_some()
        })?;
        Ok(PaymentOptions {
            started,
            instruments: own,
            payment: self.payment(bearer),
        })
    }

    /// What the data of the bearer's action says of a payment.
    fn payment(&self, bearer: &Bearer) -> Option<Payment> {
        let action = self.action(&bearer.user_id, &bearer.action, &bearer.key);
        let data = action.ok()?.custom.as_ref()?.read();
        let text = |name: &str| match data.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let payment = Payment {
            amount: text("amount"),
            currency: text("currency"),
            payee_name: text("payeeName"),
            payee_origin: text("payeeOrigin"),
        };
        (payment != Payment::default()).then_some(payment)
    }
}

fn instruments(user: &User) -> Vec<Instrument> {
    let credentials = user.authenticators.iter();
    let credentials = credentials.filter_map(|own| own.credential.as_ref());
    let known = credentials.filter_map(|own| {
        Some(Instrument {
            credential_id: own.id.clone(),
            name: own.record.payment.as_deref()?.to_owned(),
        })
    });
    known.collect()
}
