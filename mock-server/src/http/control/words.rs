//! Converts between enums of the wire and the domain. Decides nothing.

use crate::bounds::Unit;
use crate::domain::authsignal::action::{Decider, Decision};
use crate::domain::authsignal::passkey_settings::PasskeySettings;
use crate::domain::authsignal::vocabulary::{ChallengeMode, Outcome};
use crate::domain::scenario::{Scenario, Scenarios};
use crate::generated::mock_control::types as wire;

/// Converts a number of things to the wire.
pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The number of a request that somebody gives.
pub(super) fn number(given: Option<i64>) -> Option<u64> {
    given.and_then(|given| u64::try_from(given).ok())
}

/// Converts a domain enum value to the wire.
pub(super) fn outcome(outcome: Outcome) -> wire::Outcome {
    match outcome {
        Outcome::Allow => wire::Outcome::Allow,
        Outcome::Block => wire::Outcome::Block,
        Outcome::Challenge => wire::Outcome::Challenge,
        Outcome::Review => wire::Outcome::Review,
    }
}

pub(super) fn decided(outcome: wire::Outcome) -> Outcome {
    match outcome {
        wire::Outcome::Allow => Outcome::Allow,
        wire::Outcome::Block => Outcome::Block,
        wire::Outcome::Challenge => Outcome::Challenge,
        wire::Outcome::Review => Outcome::Review,
    }
}

/// Converts the unit of a bound to the wire.
pub(super) fn unit(unit: Unit) -> wire::LimitUnit {
    match unit {
        Unit::Bytes => wire::LimitUnit::Bytes,
        Unit::Milliseconds => wire::LimitUnit::Milliseconds,
        Unit::Count => wire::LimitUnit::Count,
    }
}

/// Converts a domain enum value to the wire.
pub(super) fn challenge_mode(mode: ChallengeMode) -> wire::ChallengeMode {
    match mode {
        ChallengeMode::Interactive => wire::ChallengeMode::Interactive,
        ChallengeMode::AutoSucceed => wire::ChallengeMode::AutoSucceed,
        ChallengeMode::AutoFail => wire::ChallengeMode::AutoFail,
        ChallengeMode::Abandon => wire::ChallengeMode::Abandon,
    }
}

/// Converts an enum value of the wire to the domain.
pub(super) fn chosen_mode(mode: wire::ChallengeMode) -> ChallengeMode {
    match mode {
        wire::ChallengeMode::Interactive => ChallengeMode::Interactive,
        wire::ChallengeMode::AutoSucceed => ChallengeMode::AutoSucceed,
        wire::ChallengeMode::AutoFail => ChallengeMode::AutoFail,
        wire::ChallengeMode::Abandon => ChallengeMode::Abandon,
    }
}

/// A list that is not empty.
fn some<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

/// What is set for passkeys, on the wire.
pub(super) fn passkeys(settings: &PasskeySettings) -> wire::PasskeySettings {
    wire::PasskeySettings {
        relying_party: settings.relying_party.clone(),
        expected_origins: some(&settings.expected_origins).map(<[_]>::to_vec),
        user_verification_requirement: settings.user_verification_requirement.map(Into::into),
        authenticator_attachment: settings.authenticator_attachment.map(Into::into),
        passkey_registration_hints: some(&settings.passkey_registration_hints)
            .map(|hints| hints.iter().map(|hint| (*hint).into()).collect()),
        prevent_removing_last_passkey: settings.prevent_removing_last_passkey,
    }
}

/// What a request sets for passkeys.
///
/// # Errors
/// It cannot be.
pub(super) fn set_passkeys(wanted: wire::PasskeySettings) -> Result<PasskeySettings, String> {
    let settings = PasskeySettings {
        relying_party: wanted.relying_party,
        expected_origins: wanted.expected_origins.unwrap_or_default(),
        user_verification_requirement: wanted.user_verification_requirement.map(Into::into),
        authenticator_attachment: wanted.authenticator_attachment.map(Into::into),
        passkey_registration_hints: wanted
            .passkey_registration_hints
            .into_iter()
            .flatten()
            .map(Into::into)
            .collect(),
        prevent_removing_last_passkey: wanted.prevent_removing_last_passkey,
    };
    settings.check()?;
    Ok(settings)
}

/// What decided about an action, on the wire.
pub(super) fn decided_by(decision: Option<Decision>) -> wire::DecidedBy {
    match decision.map(|decision| decision.by) {
        Some(Decider::Rule) => wire::DecidedBy::Rule,
        Some(Decider::NextOutcome) => wire::DecidedBy::NextOutcome,
        Some(Decider::ActionOutcome) => wire::DecidedBy::ActionOutcome,
        Some(Decider::Flow) => wire::DecidedBy::Flow,
        Some(Decider::DefaultOutcome) => wire::DecidedBy::DefaultOutcome,
        None => wire::DecidedBy::UpdateAction,
    }
}

/// Outcomes of next actions, on the wire.
pub(super) fn next_outcomes(scenarios: &Scenarios) -> Vec<wire::NextOutcome> {
    scenarios.all().iter().filter_map(next_outcome).collect()
}

/// The same, of those that a user's action can take.
pub(super) fn next_outcomes_of(scenarios: &Scenarios, user_id: &str) -> Vec<wire::NextOutcome> {
    let all = scenarios.all().iter();
    let of_user = all.filter(|one| one.about.has_user(user_id));
    of_user.filter_map(next_outcome).collect()
}

pub(super) fn next_outcome(scenario: &Scenario) -> Option<wire::NextOutcome> {
    Some(wire::NextOutcome {
        user_id: scenario.about.user_id.clone(),
        action: scenario.about.action.clone(),
        outcome: outcome(scenario.next_outcome()?),
    })
}

/// Default number of entries in a listing.
const DEFAULT_LIMIT: usize = 100;

pub(super) fn limit(limit: Option<i32>) -> usize {
    limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(DEFAULT_LIMIT)
}
