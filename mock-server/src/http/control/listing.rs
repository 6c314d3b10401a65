//! What the control API returns about the tenants, the journal and the phones. These operations only read. A caller
//! that waits for changes calls them, so none of them may count as a change: they look, and do not transact.

use super::admission::ControlApi;
use super::facts::next_facts;
use super::readings::Readings;
use super::words::{
    challenge_mode, count, decided_by, limit, next_outcomes_of, number, outcome, passkeys, unit,
};
use crate::bounds::{JOURNAL_HEADER, SEARCH, SEARCH_WORDS};
use crate::domain::activeconnect::session::Requested;
use crate::domain::authsignal::action::Action;
use crate::domain::authsignal::app_client::AppClient;
use crate::domain::authsignal::evaluation::Evaluated;
use crate::domain::authsignal::flow::Run;
use crate::domain::authsignal::overview::Seen;
use crate::domain::authsignal::rule::Skipped;
use crate::domain::authsignal::user::{Authenticator, Device, User};
use crate::domain::authsignal::vocabulary::{Method, Outcome, State};
use crate::domain::authsignal::{Authsignal, Configuration};
use crate::domain::scenario::{Scenario, Scenarios};
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::http::note::LACKED_AUTHENTICATOR;
use crate::http::note::masking::{Shown, is_secret, of_api, without_secrets};
use crate::runtime::Since;
use crate::runtime::journal::{Carried, Entry};
use crate::runtime::ledger::Ledger;
use crate::sim::phone::Trouble;

fn methods(methods: &[Method]) -> Vec<String> {
    methods
        .iter()
        .map(|method| method.word().to_owned())
        .collect()
}

impl ControlApi {
    pub(super) async fn requests(
        &self,
        request: &api::ListJournalRequest,
    ) -> Result<wire::Journal, Trouble> {
        let words = words(request.search.as_deref())?;
        let limit = limit(request.limit);
        let of = request.tenant.as_deref();
        let mut since = self.app.since(number(request.after));
        let mut waiting =
            self.waiting_for_requests("query parameter wait", request.wait.as_deref(), of)?;
        loop {
            let requests;
            // A wait looks only at what is new.
            (requests, since) = self.find_requests(request, since, &words, limit).await?;
            if !requests.is_empty() || !waiting.changed().await {
                return Ok(wire::Journal {
                    requests,
                    stopped: waiting.stopped(),
                });
            }
        }
    }

    async fn find_requests(
        &self,
        request: &api::ListJournalRequest,
        since: Since,
        words: &[String],
        limit: usize,
    ) -> Result<(Vec<wire::JournalEntry>, Since), Trouble> {
        let before = number(request.before);
        let tenant = request.tenant.as_deref();
        let tenant = tenant.map(|name| self.named(name)).transpose()?;
        let api = request.api.as_ref().map(ToString::to_string);
        let wanted = |entry: &Entry| {
            before.is_none_or(|before| entry.number < before)
                && api.as_ref().is_none_or(|api| api == entry.api)
        };
        let all = if words.is_empty() { limit } else { usize::MAX };
        let read = self.app.read(tenant.as_ref(), since, all, wanted);
        let mut requests = Vec::new();
        for entries in read.entries.chunks(SEARCHED_AT_ONCE) {
            let found = entries.iter().filter(|(_, entry)| has(entry, words));
            let found = found.take(limit - requests.len());
            requests.extend(found.map(|(of, entry)| journal_entry(of.as_deref(), entry)));
            if requests.len() == limit {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok((requests, read.since))
    }

    pub(super) fn request(
        &self,
        request: &api::GetJournalEntryRequest,
    ) -> Result<wire::JournalDetail, Trouble> {
        let number = request.number.as_str();
        let found = number
            .parse()
            .ok()
            .and_then(|number| self.app.entry(number));
        let (tenant, entry, carried) = found.ok_or_else(|| {
            Trouble::Unknown(format!(
                "request {number} is not in the journal: the mock has dropped it, or it never arrived"
            ))
        })?;
        Ok(journal_detail(tenant.as_deref(), &entry, carried.as_ref()))
    }

    pub(super) fn limits(&self) -> wire::Limits {
        let limits = self.app.behaviour.bounds().map(|bound| wire::Limit {
            name: bound.name.to_owned(),
            value: i64::try_from(bound.value).unwrap_or(i64::MAX),
            unit: unit(bound.unit),
            description: bound.description.to_owned(),
        });
        wire::Limits {
            limits: limits.collect(),
        }
    }

    pub(super) async fn users(
        &self,
        request: &api::ListUsersRequest,
    ) -> Result<wire::UserPage, Trouble> {
        let tenant = self.in_authsignal(request.tenant.as_deref())?;
        let search: Vec<String> = Readings::of(searched(request.search.as_deref())?)
            .each()
            .filter(|text| !text.is_empty())
            .map(str::to_lowercase)
            .collect();
        let limit = limit(request.limit);
        let after = request.after.as_deref().map(Readings::of);
        let after = after.as_ref();
        let known = |authsignal: &Authsignal| {
            after.map(|after| after.known(|id| authsignal.seen(id).is_some()))
        };
        if search.is_empty() {
            return Ok(tenant.look(|authsignal, _| {
                let (users, more) = authsignal.seen_users(known(authsignal), limit);
                wire::UserPage {
                    users: users.into_iter().map(user_summary).collect(),
                    more,
                }
            }));
        }
        let mut ids = tenant.look(|authsignal, _| authsignal.ids_after(known(authsignal)));
        ids.sort_unstable();
        let mut users = Vec::new();
        for ids in ids.chunks(SEARCHED_AT_ONCE) {
            tenant.look(|authsignal, _| {
                let seen = ids.iter().filter_map(|id| authsignal.seen(id));
                users.extend(seen.filter(|seen| seen.has(&search)).map(user_summary));
            });
            if users.len() > limit {
                break;
            }
            tokio::task::yield_now().await;
        }
        let more = users.len() > limit;
        users.truncate(limit);
        Ok(wire::UserPage { users, more })
    }

    pub(super) fn user(&self, request: &api::ShowUserRequest) -> Result<wire::UserDetail, Trouble> {
        let tenant = self.in_authsignal(request.tenant.as_deref())?;
        let readings = Readings::of(request.user_id.as_str());
        tenant.look(|authsignal, _| {
            let user_id = readings.known(|id| authsignal.seen(id).is_some());
            let seen = authsignal.seen(user_id).ok_or_else(|| {
                Trouble::Unknown(format!(
                    "user {user_id} not found; GET /_mock/users lists the users"
                ))
            })?;
            let actions = authsignal.actions_of(user_id).take(limit(request.limit));
            let user = seen.user;
            let authenticators = user.into_iter().flat_map(|user| &user.authenticators);
            Ok(wire::UserDetail {
                user: user_summary(seen),
                authenticators: authenticators.map(authenticator).collect(),
                recovery_codes: user.map_or_else(Vec::new, |user| user.recovery_codes.clone()),
                devices: user
                    .into_iter()
                    .flat_map(|user| &user.devices)
                    .map(device)
                    .collect(),
                actions: actions
                    .map(|one| action(authsignal, user_id, one))
                    .collect(),
                next_outcomes: tenant
                    .ledger()
                    .scenarios(|all| next_outcomes_of(all, user_id)),
                next_facts: Some(tenant.ledger().scenarios(|all| waiting_facts(all, user_id)))
                    .filter(|waiting| !waiting.is_empty()),
            })
        })
    }

    pub(super) async fn actions(
        &self,
        request: &api::ListActionsRequest,
    ) -> Result<wire::ActionPage, Trouble> {
        if let Some(state) = request.state.as_deref()
            && State::of_word(state).is_none()
        {
            return Err(Trouble::Malformed(format!(
                "query parameter state must be one of {}",
                State::ALL.map(State::word).join(", ")
            )));
        }
        let mut waiting = self.waiting(request.wait.as_deref(), request.tenant.as_deref())?;
        loop {
            let actions = self.find_actions(request)?;
            if !actions.is_empty() || !waiting.changed().await {
                return Ok(wire::ActionPage {
                    actions,
                    stopped: waiting.stopped(),
                });
            }
        }
    }

    fn find_actions(
        &self,
        request: &api::ListActionsRequest,
    ) -> Result<Vec<wire::ActionSummary>, Trouble> {
        let tenant = self.in_authsignal(request.tenant.as_deref())?;
        let readings = |given: &Option<String>| {
            let given = given.as_deref();
            given.map(|given| {
                Readings::of(given)
                    .each()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
        };
        let [users, codes, keys] =
            [&request.user_id, &request.action, &request.idempotency_key].map(readings);
        let is_one = |given: &Option<Vec<String>>, text: &str| {
            given
                .as_ref()
                .is_none_or(|given| given.iter().any(|one| one == text))
        };
        let wanted = |(user_id, one): &(&str, &Action)| {
            let state = request.state.as_deref();
            is_one(&users, user_id)
                && is_one(&codes, &one.code)
                && is_one(&keys, &one.key)
                && state.is_none_or(|state| state == one.state.word())
        };
        Ok(tenant.look(|authsignal, _| {
            let all = authsignal.newest_actions().filter(wanted);
            let newest = all.take(limit(request.limit));
            let summaries = newest.map(|(user_id, one)| action(authsignal, user_id, one));
            summaries.collect()
        }))
    }

    pub(super) fn activeconnect_users(
        &self,
        request: &api::ListActiveconnectUsersRequest,
    ) -> Result<wire::ActiveconnectUsers, Trouble> {
        let tenant = self.in_activeconnect(request.tenant.as_deref())?;
        tenant.look(|activeconnect, now| {
            let seen = activeconnect.seen_users(limit(request.limit), now);
            let users = seen.into_iter().map(|seen| wire::ActiveconnectUser {
                user_id: seen.id.to_owned(),
                device: seen.device.map(|(id, name)| wire::ActiveconnectDevice {
                    device_id: id.to_owned(),
                    name: name.map(str::to_owned),
                }),
                sessions: seen
                    .sessions
                    .into_iter()
                    .map(|(token, status, started)| wire::ActiveconnectSession {
                        session_id: token.to_owned(),
                        status: status.into(),
                        started_at: started,
                    })
                    .collect(),
            });
            Ok(wire::ActiveconnectUsers {
                users: users.collect(),
            })
        })
    }

    pub(super) fn state(&self, request: &api::GetStateRequest) -> Result<wire::State, Trouble> {
        let (after, limit) = (request.after.as_deref(), limit(request.limit));
        let tenants = self.of_tenant(request.tenant.as_deref())?;
        let after = after.map(Readings::of);
        let after = after
            .as_ref()
            .map(|after| after.known(|id| tenants.iter().any(|tenant| tenant.has_user(id))));
        let states = tenants
            .into_iter()
            .map(|tenant| (tenant.name().to_owned(), tenant.dump(after, limit)));
        Ok(wire::State(states.collect()))
    }

    pub(super) async fn phone_requests(
        &self,
        request: &api::ListPhoneRequestsRequest,
    ) -> Result<wire::PhoneRequests, Trouble> {
        let mut waiting = self.waiting(request.wait.as_deref(), request.tenant.as_deref())?;
        loop {
            let requests = self.find_phone_requests(request)?;
            if !requests.is_empty() || !waiting.changed().await {
                return Ok(wire::PhoneRequests {
                    requests,
                    stopped: waiting.stopped(),
                });
            }
        }
    }

    fn find_phone_requests(
        &self,
        request: &api::ListPhoneRequestsRequest,
    ) -> Result<Vec<wire::PhoneRequest>, Trouble> {
        let mut requests = Vec::new();
        for tenant in self.of_tenant(request.tenant.as_deref())? {
            if let Some(part) = tenant.activeconnect() {
                part.look(|activeconnect, now| {
                    let waiting = activeconnect.waiting(now).into_iter();
                    requests.extend(waiting.map(|waiting| wire::PhoneRequest {
                        id: waiting.request_id.to_owned(),
                        kind: wire::PhoneRequestKind::Activeconnect,
                        tenant: tenant.name().to_owned(),
                        user_id: waiting.user_id.to_owned(),
                        action: None,
                        asks: asked(waiting.requested),
                        created_at: Some(waiting.started),
                        expires_at: waiting.deadline,
                    }));
                });
            }
            if let Some(part) = tenant.authsignal() {
                part.look(|authsignal, now| {
                    let pushes = authsignal.pushes_waiting(now);
                    requests.extend(pushes.map(|push| wire::PhoneRequest {
                        id: push.id.clone(),
                        kind: wire::PhoneRequestKind::Push,
                        tenant: tenant.name().to_owned(),
                        user_id: push.user_id.clone().unwrap_or_default(),
                        action: Some(push.action.clone()).filter(|action| !action.is_empty()),
                        asks: vec!["approval".to_owned()],
                        created_at: None,
                        expires_at: push.expires,
                    }));
                });
            }
        }
        if let Some(user_id) = &request.user_id {
            let readings = Readings::of(user_id);
            requests.retain(|request| readings.each().any(|id| id == request.user_id));
        }
        requests.sort_by_key(|request| request.expires_at);
        requests.truncate(limit(request.limit));
        Ok(requests)
    }
}

fn asked(requested: Requested) -> Vec<String> {
    let Requested {
        acceptance,
        os_authentication,
        facial,
        life: _,
    } = requested;
    [
        ("acceptance", acceptance),
        ("os_authentication", os_authentication),
        ("facial", facial),
    ]
    .into_iter()
    .filter(|(_, asked)| *asked)
    .map(|(name, _)| name.to_owned())
    .collect()
}

pub(super) fn authsignal_summary(
    tenant_id: &str,
    authsignal: &Authsignal,
    next_outcomes: Vec<wire::NextOutcome>,
) -> wire::AuthsignalSummary {
    let Configuration {
        default_outcome,
        actions,
        rules,
        methods: allowed,
        challenge_mode: mode,
        challenge_modes,
        challenge_enrolled_only,
        passkeys: set,
        clients,
        ..
    } = &*authsignal.configuration;
    // A code is never empty: the surface that sets it refuses an empty one.
    let known = |(code, outcome_of): (&str, Outcome)| {
        Some(wire::ActionOutcome {
            action: code.parse().ok()?,
            outcome: outcome(outcome_of),
        })
    };
    let rules = rules.ids().filter_map(|id| rules.get(id));
    let mut names = authsignal.configuration.names();
    wire::AuthsignalSummary {
        tenant_id: tenant_id.to_owned(),
        users: count(authsignal.population()),
        default_outcome: outcome(*default_outcome),
        actions: actions.outcomes().filter_map(known).collect(),
        rules: rules
            .map(|rule| wire::RuleSummary {
                rule_id: rule.id.clone(),
                name: rule.name.clone(),
                description: rule.description.clone(),
                priority: rule.priority,
                action: rule.action.clone(),
                outcome: outcome(rule.outcome),
                is_active: (!rule.is_active).then_some(false),
                conditions: rule.own_conditions().map(wire::Conditions),
                warnings: Some(authsignal.configuration.faults(rule, &mut names))
                    .filter(|faults| !faults.is_empty()),
            })
            .collect(),
        challenge_mode: challenge_mode(*mode),
        challenge_modes: challenge_modes
            .iter()
            .filter_map(|(code, mode)| {
                Some(wire::ActionChallengeMode {
                    action: code.parse().ok()?,
                    challenge_mode: challenge_mode(*mode),
                })
            })
            .collect(),
        challenge_enrolled_only: *challenge_enrolled_only,
        next_outcomes,
        verification_methods: methods(allowed),
        passkeys: passkeys(set),
        clients: clients
            .configured()
            .map(|(id, client)| app_client(id, client))
            .collect(),
    }
}

fn app_client(id: &str, client: &AppClient) -> wire::AppClientSummary {
    let claims = client.custom_claims();
    wire::AppClientSummary {
        client_id: id.to_owned(),
        access_token_seconds: client.access_token_life.as_secs(),
        refresh_token_seconds: client.refresh_token_life.as_secs(),
        custom_claims: wire::CustomClaims(
            claims.map(|(name, word)| (name.to_owned(), word)).collect(),
        ),
    }
}

/// The facts that wait for an action of a user.
fn waiting_facts(scenarios: &Scenarios, user_id: &str) -> Vec<wire::NextFacts> {
    let all = scenarios.all().iter();
    let of_user = all.filter(|one| one.about.has_user(user_id));
    let facts = of_user.filter_map(Scenario::next_facts);
    facts.map(|facts| next_facts(&facts)).collect()
}

fn user_summary(seen: Seen<'_>) -> wire::UserSummary {
    let attributes = seen.user.map(|user| &user.attributes);
    let enrolled = seen.user.map(User::enrolled_methods).unwrap_or_default();
    wire::UserSummary {
        user_id: seen.id.to_owned(),
        email: attributes.and_then(|attributes| attributes.email.clone()),
        phone_number: attributes.and_then(|attributes| attributes.phone_number.clone()),
        display_name: attributes.and_then(|attributes| attributes.display_name.clone()),
        verification_methods: methods(&enrolled),
        actions: count(seen.actions),
    }
}

fn authenticator(authenticator: &Authenticator) -> wire::AuthenticatorSummary {
    let credential = authenticator.credential.as_ref();
    let app = authenticator.app.as_ref();
    wire::AuthenticatorSummary {
        user_authenticator_id: authenticator.id.clone(),
        verification_method: authenticator.method.word().to_owned(),
        created_at: authenticator.created,
        last_verified_at: authenticator.last_verified,
        email: authenticator.email.clone(),
        phone_number: authenticator.phone_number.clone(),
        name: credential
            .map(|credential| credential.name.clone())
            .or_else(|| app.map(|app| app.device_name.clone())),
    }
}

fn device(device: &Device) -> wire::DeviceSummary {
    wire::DeviceSummary {
        device_id: device.id.clone(),
        created_at: device.created,
        last_verification_method: device.last_method.map(|method| method.word().to_owned()),
        remembered_until: device.remembered_until,
        invalidated_at: device.invalidated,
    }
}

fn action(authsignal: &Authsignal, user_id: &str, action: &Action) -> wire::ActionSummary {
    let deciding = authsignal.deciding(action);
    wire::ActionSummary {
        user_id: user_id.to_owned(),
        action: action.code.clone(),
        idempotency_key: action.key.clone(),
        state: action.state.word().to_owned(),
        decided_by: decided_by(action.decision),
        rule: deciding.map(|(id, rule)| rule.map_or(id, |rule| &rule.name).to_owned()),
        warning: action
            .lacked_authenticator()
            .then(|| LACKED_AUTHENTICATOR.to_owned()),
        verification_method: action.method.map(|method| method.word().to_owned()),
        flow: action.run.as_deref().map(flow_run),
        created_at: action.created,
        updated_at: action.updated,
    }
}

fn flow_run(run: &Run) -> wire::FlowRun {
    let trail = run.trail();
    let path = trail.path.into_iter().map(|stage| wire::FlowStage {
        node_id: stage.node_id,
        node_type: stage.node_type,
        name: stage.name,
        because: stage.because,
    });
    let steps = run.done.iter().map(|step| wire::FlowStepTaken {
        step_type: step.step.word().to_owned(),
        verification_method: step.method.word().to_owned(),
    });
    wire::FlowRun {
        flow_version: trail
            .version
            .map(|version| i64::try_from(version).unwrap_or(i64::MAX)),
        at: trail.at,
        fault: trail.fault,
        path: path.collect(),
        steps: steps.collect(),
    }
}

fn variable(read: &Evaluated) -> wire::RuleVariable {
    wire::RuleVariable {
        name: read.name.clone(),
        value: read.value.clone(),
        origin: read.origin.word().to_owned(),
        warning: read.warning.clone(),
    }
}

fn skipped(rule: &Skipped) -> wire::SkippedRule {
    wire::SkippedRule {
        rule_id: rule.rule_id.clone(),
        why: rule.why.clone(),
    }
}

/// A header of a request, secrets masked.
pub(super) fn shown_header(ledger: Option<&Ledger>, name: &str, value: &str) -> String {
    match is_secret(name) {
        true => "***".to_owned(),
        false => hidden(
            ledger,
            &without_secrets(value),
            value.len() >= JOURNAL_HEADER,
        ),
    }
}

/// A text without the secrets of the tenant. `is_cut` says that it may be the beginning of a longer one.
pub(super) fn hidden(ledger: Option<&Ledger>, text: &str, is_cut: bool) -> String {
    ledger.map_or_else(
        || text.to_owned(),
        |ledger| ledger.secrets().hidden(text, is_cut).into_owned(),
    )
}

/// A request with its headers and bodies, secrets masked.
pub(super) fn journal_detail(
    ledger: Option<&Ledger>,
    entry: &Entry,
    carried: Option<&Carried>,
) -> wire::JournalDetail {
    let headers = carried.map(Carried::headers).unwrap_or_default();
    let shown = headers
        .iter()
        .map(|(name, value)| (name.as_str(), shown_header(ledger, name, value)));
    let (own, others): (Vec<_>, Vec<_>) =
        shown.partition(|(name, _)| matches!(*name, "user-agent" | "content-type"));
    let own = |name: &str| {
        let mut own = own.iter().filter(|(own, _)| *own == name);
        own.next().map(|(_, value)| value.clone())
    };
    let others = others.into_iter().map(|(name, value)| wire::CarriedHeader {
        name: name.to_owned(),
        value,
    });
    let body = |(kept, length): (&[u8], usize)| {
        let Shown { text, cut } = of_api(entry.api, kept, length);
        wire::CarriedBody {
            length: count(length),
            text: hidden(ledger, &text, cut.is_some()),
            cut,
        }
    };
    let hide = |text: Option<String>| text.map(|text| hidden(ledger, &text, true));
    let variable = |read: &Evaluated| {
        let read = variable(read);
        wire::RuleVariable {
            value: hide(read.value),
            ..read
        }
    };
    let scheme = carried.map(Carried::scheme);
    let evaluation = entry.evaluation.as_deref();
    wire::JournalDetail {
        entry: journal_entry(ledger, entry),
        user_agent: own("user-agent"),
        content_type: own("content-type"),
        headers: Some(others.collect::<Vec<_>>()).filter(|headers| !headers.is_empty()),
        credentials: scheme
            .filter(|scheme| !scheme.is_empty())
            .map(|scheme| format!("{scheme} ***")),
        variables: evaluation
            .map(|all| all.variables.iter().map(variable).collect::<Vec<_>>())
            .filter(|all| !all.is_empty()),
        skipped_rules: evaluation
            .map(|all| all.skipped.iter().map(skipped).collect::<Vec<_>>())
            .filter(|all| !all.is_empty()),
        request: carried.map(|carried| body(carried.request())),
        answer: carried.map(|carried| body(carried.answer())),
    }
}

pub(super) fn journal_entry(ledger: Option<&Ledger>, entry: &Entry) -> wire::JournalEntry {
    wire::JournalEntry {
        number: i64::try_from(entry.number).unwrap_or(i64::MAX),
        at: entry.at,
        tenant: ledger.map(|ledger| ledger.name().to_owned()),
        api: entry.api.to_owned(),
        operation: entry.operation.map(str::to_owned),
        user_id: entry.user_id.clone(),
        method: entry.method.clone().into_owned(),
        target: entry.target.clone(),
        status: i32::from(entry.status),
        reason: entry.reason.clone(),
        warning: entry.warning.clone(),
    }
}

/// Entries or users that a search reads before it lets other requests run.
const SEARCHED_AT_ONCE: usize = 64;

/// The text that a list is searched for, or nothing.
pub(super) fn searched(text: Option<&str>) -> Result<&str, Trouble> {
    let text = text.unwrap_or_default();
    if text.len() > SEARCH {
        return Err(Trouble::Malformed(format!(
            "query parameter search is too long: {} bytes; it must have at most {SEARCH}",
            text.len()
        )));
    }
    Ok(text)
}

/// The words that the journal is searched for, in lower case.
fn words(search: Option<&str>) -> Result<Vec<String>, Trouble> {
    let words = searched(search)?.split_whitespace().map(str::to_lowercase);
    let words: Vec<_> = words.collect();
    if words.len() > SEARCH_WORDS {
        return Err(Trouble::Malformed(format!(
            "query parameter search has {} words; it must have at most {SEARCH_WORDS}",
            words.len()
        )));
    }
    Ok(words)
}

/// Whether an entry contains each of these words, which must be in lower case.
fn has(entry: &Entry, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    // A word contains no space, so it never matches across two of the texts.
    let text = [
        &*entry.method,
        &entry.target,
        entry.operation.unwrap_or_default(),
        entry.reason.as_deref().unwrap_or_default(),
        entry.warning.as_deref().unwrap_or_default(),
    ];
    let (text, status) = (text.join(" ").to_lowercase(), entry.status.to_string());
    words
        .iter()
        .all(|word| text.contains(word) || status.starts_with(word))
}
