//! What a seed says in its own members and in `management`: nobody could tell which of the two counts. Knows no value.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::domain::authsignal::management::document::Document;
use crate::domain::authsignal::management::resource::Resource;
use crate::domain::authsignal::vocabulary::Method;

/// Names that a member of a seed sets.
pub(super) struct Own<'a> {
    member: &'static str,
    answers: Answers,
    names: Vec<Cow<'a, str>>,
}

impl<'a> Own<'a> {
    /// Names that this member sets, and where `management` sets such names.
    pub(super) fn new(
        member: &'static str,
        answers: Answers,
        names: impl Iterator<Item = impl Into<Cow<'a, str>>>,
    ) -> Self {
        let names = names.map(Into::into).collect();
        Self {
            member,
            answers,
            names,
        }
    }
}

/// The member of an action configuration that has its flow.
const NODES: &str = "actionNodes";

/// A part of `management` that sets names, too.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answers {
    /// The codes of action configurations.
    Actions,
    /// The codes of those with a flow.
    Flows,
    /// The codes of those with a webhook.
    Webhooks,
    /// The ids of rules.
    Rules,
    /// The aliases of value lists.
    Lists,
    /// The names of custom data points.
    DataPoints,
    /// The members of the tenant.
    Tenant,
    /// The methods with an authenticator configuration.
    Authenticators,
    /// The methods that are offered or not: all, if there are all authenticator configurations.
    Methods,
}

impl Answers {
    fn path(self) -> &'static str {
        match self {
            Self::Actions | Self::Flows | Self::Webhooks => "action-configurations",
            Self::Rules => "action-configurations/CODE/rules",
            Self::Lists => "value-lists",
            Self::DataPoints => "custom-data-points",
            Self::Tenant => "tenant",
            Self::Authenticators | Self::Methods => "authenticator-configurations",
        }
    }

    fn names(self, document: &Document) -> BTreeSet<&str> {
        let with = |member: &'static str| {
            let actions = document.actions.iter();
            let with = actions.filter(move |(_, action)| action.get(member).is_some());
            with.map(|(code, _)| code.as_str())
        };
        match self {
            Self::Actions => document.actions.keys().map(String::as_str).collect(),
            Self::Flows => with(NODES).collect(),
            Self::Webhooks => with("verificationWebhookUrl").collect(),
            Self::Rules => {
                // Those of a flow have ids of their own.
                let of_flow = |code: &String| with(NODES).any(|flow| flow == code);
                let all = document.rules.iter().filter(|(code, _)| !of_flow(code));
                all.flat_map(|(_, rules)| texts(rules, "ruleId")).collect()
            }
            Self::Lists => texts(&document.lists, "alias").collect(),
            Self::DataPoints => texts(&document.data_points, "name").collect(),
            Self::Tenant => {
                let tenant = document.tenant.iter();
                let names = tenant.flat_map(|tenant| tenant.members().keys());
                names.map(String::as_str).collect()
            }
            Self::Methods if document.all_authenticators => {
                Method::ALL.into_iter().map(Method::word).collect()
            }
            Self::Authenticators | Self::Methods => {
                texts(&document.authenticators, "verificationMethod").collect()
            }
        }
    }
}

fn texts<'a>(all: &'a [Resource], member: &'static str) -> impl Iterator<Item = &'a str> {
    all.iter().filter_map(move |one| one.text(member))
}

/// Checks that a member of a seed sets nothing that `management` sets, too.
///
/// # Errors
/// It does. The text says what, and where.
pub(super) fn check(own: &Own<'_>, document: &Document) -> Result<(), String> {
    let Own {
        member,
        answers,
        names,
    } = own;
    let others = answers.names(document);
    match names.iter().find(|name| others.contains(&***name)) {
        None => Ok(()),
        Some(name) => Err(format!(
            "{member}: {name} is also in management, under {}; leave it out in one of them",
            answers.path()
        )),
    }
}
