//! The blocking clients against the mock, in tests without a runtime. Must not know how the clients with async work.

use std::time::{Duration, SystemTime};

use stepup_client::activeconnect::{AddedUser, SessionStatus, WaitOptions};
use stepup_client::authsignal::{
    ChallengeToStart, SessionToCreate, TokenToValidate, TrackAttributes, TrackOutcome,
    UserAttributes, UserQuery, VerificationMethod, VerifiedAuthenticator,
};
use stepup_client::blocking::activeconnect::Activeconnect;
use stepup_client::blocking::activeconnect::sealing::SessionSealer;
use stepup_client::blocking::authsignal::Authsignal;
use stepup_client::blocking::authsignal::session_token::SessionVerifier;
use stepup_client::blocking::authsignal_client::AuthsignalClient;
use stepup_client::blocking::authsignal_management::AuthsignalManagement;
use stepup_client::blocking::mock_control::MockControl;
use stepup_client::mock_control::{AuthsignalConfiguration, Outcome};
use stepup_client::{CallOptions, Kind};
use stepup_mock::MockServer;

use crate::world::{API_SECRET, MANAGEMENT_SECRET, TENANT};

const NUMBER: &str = "+15550100";

/// A mock, and the clients of its tenants.
struct Shop {
    mock: MockServer,
    control: MockControl,
    authsignal: Authsignal,
    activeconnect: Activeconnect,
}

impl Shop {
    fn new() -> Self {
        let mock = MockServer::builder().start_blocking().unwrap();
        let authsignal = Authsignal::builder(API_SECRET).api_url(mock.url());
        let activeconnect = Activeconnect::builder("mock-app", "mock-app-secret-24-bytes");
        Self {
            control: MockControl::new(mock.url()).unwrap(),
            authsignal: authsignal.build().unwrap(),
            activeconnect: activeconnect.server(mock.url()).build().unwrap(),
            mock,
        }
    }

    /// With a user who has a phone for codes, and who is challenged at each action.
    fn with_ada() -> Self {
        let shop = Self::new();
        let challenged = AuthsignalConfiguration::new().default_outcome(Outcome::Challenge);
        shop.control.configure_authsignal(challenged).unwrap();
        let phone = VerifiedAuthenticator::sms(NUMBER);
        let enrolled = shop.authsignal.enroll_verified_authenticator("ada", phone);
        assert!(!enrolled.unwrap().recovery_codes.is_empty());
        shop
    }
}

#[test]
fn a_step_up_is_tracked_passed_and_validated_without_async() {
    let shop = Shop::with_ada();
    let tracked = shop
        .authsignal
        .track("ada", "pay", TrackAttributes::new())
        .unwrap();
    assert!(matches!(
        tracked.outcome(),
        TrackOutcome::ChallengeRequired { .. }
    ));
    let validate = || {
        let token = TokenToValidate::new(tracked.token()).user_id("ada");
        shop.authsignal.validate_challenge(token).unwrap().is_valid
    };
    assert!(!validate());
    shop.control.challenge("ada").succeed().unwrap();
    assert!(validate());
    let key = tracked.idempotency_key();
    let action = shop.authsignal.get_action("ada", "pay", key).unwrap();
    assert!(action.is_challenge_succeeded());
}

#[test]
fn a_code_is_sent_and_checked_and_its_session_verified_without_async() {
    let shop = Shop::with_ada();
    let sms = ChallengeToStart::sms("signIn", NUMBER).user_id("ada");
    let started = shop.authsignal.challenge(sms).unwrap();
    let message = shop.control.messages(Some(NUMBER)).unwrap().remove(0);
    let code = message.code.unwrap();
    let verified = shop
        .authsignal
        .verify(&started.challenge_id, code.expose())
        .unwrap();
    assert!(verified.is_verified);

    let tracked = shop
        .authsignal
        .track("ada", "signIn", TrackAttributes::new())
        .unwrap();
    let user = AuthsignalClient::builder().token(tracked.token());
    let user = user.api_url(shop.mock.url()).build().unwrap();
    user.challenge_sms().unwrap();
    let message = shop.control.messages(Some(NUMBER)).unwrap().remove(0);
    let verified = user.verify_sms(message.code.unwrap()).unwrap();
    let token = verified.access_token.unwrap();
    let again = user.with_token(token.clone()).unwrap();
    assert_eq!(again.get_user_authenticators().unwrap().len(), 1);

    let session = SessionToCreate::new("web", token);
    let session = shop.authsignal.create_session(session).unwrap();
    let verifier = SessionVerifier::builder(TENANT)
        .api_url(shop.mock.url())
        .client_id("web")
        .build()
        .unwrap();
    let access_token = session.access_token.expose();
    assert_eq!(verifier.verify(access_token).unwrap().user_id, "ada");
    let later = SystemTime::now() + Duration::from_secs(365 * 24 * 3600);
    assert!(verifier.verify_at(access_token, later).is_err());
}

#[test]
fn a_phone_signs_its_user_in_without_async() {
    let shop = Shop::new();
    let user = shop.activeconnect.add_user("ada").unwrap();
    assert_eq!(user, AddedUser::Created);
    let link = shop.activeconnect.registration_link("ada", None).unwrap();
    let phone = shop.control.phone("ada");
    phone.register(link.expose()).unwrap();
    assert!(
        shop.activeconnect
            .has_registered_mobile_device("ada")
            .unwrap()
    );

    let mut session = shop.activeconnect.authenticate_user("ada", &[]).unwrap();
    assert_eq!(session.status().unwrap(), &SessionStatus::Pending);
    let short = WaitOptions::default().deadline(Duration::from_millis(1));
    assert_eq!(session.wait(short).unwrap_err().kind(), Kind::WaitTimeout);
    assert_eq!(phone.approve().unwrap().as_str(), "active");
    session.wait(WaitOptions::default()).unwrap();
    assert!(session.active());

    let sealer = SessionSealer::new([7; 32]);
    let sealed = sealer.seal(&session, Duration::from_secs(60)).unwrap();
    let mut opened = sealer.open(&shop.activeconnect, &sealed).unwrap();
    assert_eq!(opened, session);
    assert!(opened.destroy().unwrap());
    assert!(!session.destroy().unwrap());
}

#[test]
fn pages_are_iterators_and_replies_tell_what_http_said() {
    let shop = Shop::new();
    for number in 0..5 {
        let attributes = UserAttributes::new().email("all@example.com");
        let user = format!("user-{number}");
        shop.authsignal.update_user(user, attributes).unwrap();
    }
    let pages = || {
        let query = UserQuery::new().email("all@example.com").limit(2);
        shop.authsignal.user_pages(query)
    };
    let sizes: Vec<usize> = pages().map(|page| page.unwrap().users.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 5, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= 2), "{sizes:?}");
    let mut users: Vec<String> = pages()
        .into_users()
        .map(|user| user.unwrap().user_id)
        .collect();
    users.sort();
    assert_eq!(users, ["user-0", "user-1", "user-2", "user-3", "user-4"]);

    let mut refused = shop.authsignal.user_pages(UserQuery::new());
    assert_eq!(refused.next().unwrap().unwrap_err().kind(), Kind::Rejected);
    let mut refused = refused.into_users();
    assert_eq!(refused.next().unwrap().unwrap_err().kind(), Kind::Rejected);
    assert!(refused.next().is_none());

    let impatient = CallOptions::new().retries(0);
    let reply = shop
        .authsignal
        .with(impatient)
        .reply(|authsignal| authsignal.get_user("user-1"))
        .unwrap();
    assert_eq!((reply.status(), reply.attempts()), (200, 1));
    let nothing = shop.authsignal.reply(|_| Ok(()));
    assert_eq!(nothing.unwrap_err().kind(), Kind::InvalidInput);
    let missing = shop.authsignal.get_action("ada", "pay", "never");
    assert_eq!(missing.unwrap_err().kind(), Kind::NotFound);
}

#[test]
fn the_tenant_is_managed_without_async() {
    let shop = Shop::new();
    let management = AuthsignalManagement::builder(MANAGEMENT_SECRET).api_url(shop.mock.url());
    let management = management.build().unwrap();
    let before = management.list_value_lists().unwrap().len();
    assert!(management.get_tenant().is_ok());
    let missing = management.get_value_list("none");
    assert_eq!(missing.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(management.list_value_lists().unwrap().len(), before);
}

#[test]
fn threads_share_a_client_which_works_in_spawn_blocking_and_may_be_dropped_in_async_code() {
    let shop = Shop::with_ada();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let user = shop.authsignal.get_user("ada").unwrap();
                assert_eq!(
                    user.enrolled_verification_methods(),
                    [VerificationMethod::Sms]
                );
            });
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let authsignal = shop.authsignal.clone();
    runtime.block_on(async move {
        let kept = authsignal.clone();
        let user = tokio::task::spawn_blocking(move || kept.get_user("ada"));
        assert!(user.await.unwrap().unwrap().is_enrolled);
        drop(authsignal);
    });
}

#[tokio::test]
#[should_panic(expected = "Cannot start a runtime from within a runtime")]
async fn a_call_in_async_code_panics_before_it_holds_up_other_tasks() {
    let authsignal = Authsignal::builder(API_SECRET)
        .api_url("http://127.0.0.1:1")
        .build()
        .unwrap();
    let _ = authsignal.get_user("ada");
}
