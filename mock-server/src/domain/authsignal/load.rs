//! A load by one caller, and what it leaves of what others have started.

use super::challenge::Told;
use super::factor::fixture::{BASE, Fixture, at};
use super::factor::{Bearer, Verdict};
use super::passkey_settings::AskingPage;
use super::vocabulary::Method;
use super::{ChallengeRequest, Enrollment};

/// More than a tenant keeps of anything that is started here.
const LOAD: usize = 12_000;

/// What was started before the load.
struct Pending {
    fixture: Fixture,
    bearer: Bearer,
    /// The code of ada's challenge, and the code of one that the application has started for nobody yet, with its id.
    codes: (String, String, String),
    /// The challenge of ada's passkey.
    ceremony: String,
}

/// A page that asks for passkeys.
const PAGE: AskingPage<'static> = AskingPage::of("http://localhost");

fn code(fixture: &Fixture) -> String {
    let message = fixture.supplies.outbox.newest_first().next();
    message.and_then(|message| message.code.clone()).unwrap()
}

fn pending() -> Pending {
    let mut fixture = Fixture::new();
    fixture.enroll_sms("ada");
    let passkey = Enrollment {
        credential_id: Some("credential".into()),
        credential_public_key: Some("key".into()),
        ..Enrollment::new(Method::Passkey)
    };
    let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
    let enrolled = authsignal.enroll(&mut supplies.turn(at(0)), "ada", passkey);
    enrolled.unwrap();
    let bearer = fixture.track("ada");
    let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
    let turn = &mut supplies.turn(at(0));
    let options =
        authsignal.authentication_options(turn, Some(&bearer), Method::Passkey, None, PAGE);
    let ceremony = options.unwrap().options.challenge;
    authsignal
        .challenge_message(turn, &bearer, Method::Sms, None, BASE)
        .unwrap();
    let own = code(&fixture);
    let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
    let request = ChallengeRequest {
        method: Some(Method::Sms),
        action: Some("signIn".into()),
        phone_number: Some("+15550199".into()),
        ..ChallengeRequest::default()
    };
    let sent = authsignal.challenge(&mut supplies.turn(at(0)), request);
    let id = sent.unwrap().id;
    let of_nobody = code(&fixture);
    Pending {
        fixture,
        bearer,
        codes: (own, of_nobody, id),
        ceremony,
    }
}

impl Pending {
    /// Everything that was started can still be finished.
    fn check(mut self, load: &str) {
        let (supplies, authsignal) = (&mut self.fixture.supplies, &mut self.fixture.authsignal);
        let turn = &mut supplies.turn(at(1));
        assert!(authsignal.ceremonies.waits(&self.ceremony), "{load}");
        let (own, of_nobody, id) = &self.codes;
        let (_, verified) = authsignal.verify(turn, id, of_nobody).unwrap();
        assert!(verified.verified, "{load}");
        let verdict = authsignal.verify_code(turn, &self.bearer, Method::Sms, own);
        assert!(matches!(verdict, Ok(Verdict::Passed(_))), "{load}");
    }
}

#[test]
fn a_strangers_load_leaves_what_users_and_the_application_have_started() {
    type Start = fn(&mut Fixture);
    let loads: [(&str, Start); 3] = [
        ("QR codes", |fixture| {
            let turn = &mut fixture.supplies.turn(at(0));
            let authsignal = &mut fixture.authsignal;
            let started = authsignal.challenge_qr(turn, None, "signIn", Told::default());
            started.unwrap();
        }),
        ("challenges", |fixture| {
            let turn = &mut fixture.supplies.turn(at(0));
            let authsignal = &mut fixture.authsignal;
            let started = authsignal.start_anonymous(turn, None, None, None);
            started.unwrap();
        }),
        ("passkeys", |fixture| {
            let turn = &mut fixture.supplies.turn(at(0));
            let authsignal = &mut fixture.authsignal;
            let options =
                authsignal.authentication_options(turn, None, Method::Passkey, None, PAGE);
            options.unwrap();
        }),
    ];
    for (load, start) in loads {
        let mut pending = pending();
        for _ in 0..LOAD {
            start(&mut pending.fixture);
        }
        pending.check(load);
    }
}

#[test]
fn a_users_load_leaves_what_other_users_and_the_application_have_started() {
    let mut pending = pending();
    let fixture = &mut pending.fixture;
    fixture.enroll_sms("eve");
    for number in 0..LOAD {
        let mut eve = fixture.track("eve");
        // One action, and one challenge after another.
        eve.key = number.to_string();
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let turn = &mut supplies.turn(at(0));
        authsignal
            .challenge_message(turn, &eve, Method::Sms, None, BASE)
            .unwrap();
        authsignal
            .challenge_qr(turn, Some(&eve), "signIn", Told::default())
            .unwrap();
        authsignal
            .registration_options(
                turn,
                &as_owner(eve),
                Method::Passkey,
                Default::default(),
                PAGE,
            )
            .unwrap();
    }
    pending.check("eve's load");
}

/// The same bearer, who may add authenticators.
fn as_owner(bearer: Bearer) -> Bearer {
    Bearer {
        scope: "add:authenticators".into(),
        ..bearer
    }
}
