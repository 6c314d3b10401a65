//! Sends the requests of a case one after the other, and deletes the users that they have created. Knows no operation but
//! the one that deletes a user.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::compare::{self, Drift, Expected};
use super::exchange::{Case, Credentials, Step, Values};
use super::operations::{self, MANAGEMENT, SERVER};
use super::server::{Keys, Sent, Server};
use super::stop::Stop;
use crate::domain::links;
use crate::http::surface::Operation;
use crate::runtime::seed::Secret;

/// A secret that is nobody's.
const WRONG: &str = "stepup-drift-no-secret-0123456789";
/// The operation that deletes a user.
pub(super) const DELETES: &str = "delete_user";
/// Operations that tell whether a key is right: they ask for what is always there, and change nothing.
pub(super) const CHECKS: [(&str, &str); 2] = [
    (SERVER, "get_tenant_authenticators"),
    (MANAGEMENT, "get_tenant"),
];
/// The time that a request gets once somebody has asked to stop: whoever waits presses Ctrl-C again, or kills the run.
const LAST_TIME: Duration = Duration::from_secs(5);

/// A difference, and the operation whose answer has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Found {
    pub(super) api: String,
    pub(super) operation: String,
    /// The status that was expected.
    pub(super) status: u16,
    pub(super) drift: Drift,
}

/// What came of a case.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) case: String,
    pub(super) operation: String,
    /// The drifts, each with the number of its request.
    pub(super) found: Vec<(usize, Found)>,
    /// How many of its requests were sent.
    pub(super) sent: usize,
    /// Why the first of the others was not.
    pub(super) not_sent: Option<String>,
    /// Its requests, if each is an exchange of its own.
    pub(super) exchanges: Vec<Exchanged>,
    /// Users that could not be deleted.
    pub(super) left: Vec<String>,
    /// Whether the server is gone.
    pub(super) is_gone: bool,
}

/// A request of a recording.
#[derive(Debug)]
pub(super) struct Exchanged {
    pub(super) operation: String,
    /// The status that was recorded.
    pub(super) status: u16,
    /// Why it was not sent, or got no answer.
    pub(super) not_sent: Option<String>,
}

impl Outcome {
    /// Which of its requests that is, for a case of several.
    pub(super) fn place(&self, number: usize) -> String {
        match self.sent {
            0 | 1 => self.case.clone(),
            _ => format!("{}, request {number}", self.case),
        }
    }
}

/// The value of a header for Basic authentication, with a secret as the user name.
pub(super) fn basic(secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{secret}:")))
}

/// The server, and what goes with each request.
#[derive(Debug)]
pub(super) struct Replay<'a> {
    pub(super) server: &'a Server,
    pub(super) keys: &'a Keys,
    pub(super) prefix: &'a str,
    pub(super) stop: &'a Stop,
}

impl Replay<'_> {
    /// Sends the requests of a case, and deletes its users, also those of a case that went wrong.
    pub(super) async fn case(&self, case: &Case) -> Outcome {
        let (_, operation) = case.operation();
        let mut outcome = Outcome {
            case: case.name.clone(),
            operation: operation.to_owned(),
            found: Vec::new(),
            sent: 0,
            not_sent: None,
            exchanges: Vec::new(),
            left: Vec::new(),
            is_gone: false,
        };
        if case.is_recording() {
            let exchanges = case.steps.iter().map(|step| Exchanged {
                operation: step.operation.clone(),
                status: step.status,
                not_sent: None,
            });
            outcome.exchanges = exchanges.collect();
        }
        let mut values = Values {
            prefix: self.prefix,
            answers: Vec::new(),
        };
        let mut done = 0;
        for (index, step) in case.steps.iter().enumerate() {
            if self.stop.is_asked() {
                outcome.not_sent = Some("the run was stopped".to_owned());
                break;
            }
            let Some(operation) = step.spec() else {
                continue;
            };
            let sent = self.step(step, operation, &mut values, &mut outcome).await;
            done = index + 1;
            if let Err(why) = sent {
                if let Some(exchanged) = outcome.exchanges.get_mut(index) {
                    exchanged.not_sent = Some(why.clone());
                }
                outcome.not_sent.get_or_insert(why);
                // Its answer, which others may refer to by its number.
                values.answers.push(None);
            }
            if outcome.is_gone {
                break;
            }
        }
        for exchanged in outcome.exchanges.iter_mut().skip(done) {
            exchanged.not_sent.clone_from(&outcome.not_sent);
        }
        if outcome.sent > 0 {
            outcome.left = self.delete_all(case.users(self.prefix)).await;
        }
        outcome
    }

    /// Deletes what a run has left that was killed.
    pub(super) async fn removal(&self, users: impl IntoIterator<Item = String>) -> Outcome {
        Outcome {
            case: "users of an earlier run".to_owned(),
            operation: DELETES.to_owned(),
            found: Vec::new(),
            sent: 0,
            not_sent: None,
            exchanges: Vec::new(),
            left: self.delete_all(users).await,
            is_gone: false,
        }
    }

    /// Deletes users, and gives those that may be left, each with the reason.
    pub(super) async fn delete_all(&self, users: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut left = Vec::new();
        let mut is_silent = false;
        for user in users {
            let deleted = match (self.stop.is_asked_again(), is_silent) {
                (true, _) => Err("a second signal ended the run before it was deleted".to_owned()),
                (false, true) => Err("the server does not answer".to_owned()),
                (false, false) => {
                    let in_time = self.in_time(self.delete(&user)).await;
                    // Somebody waits for the end, so what has not answered in time is not asked again.
                    is_silent = in_time.is_err();
                    in_time.flatten()
                }
            };
            if let Err(why) = deleted {
                left.push(format!("{user} ({why})"));
            }
        }
        left
    }

    /// Waits for something as long as nobody has asked to stop, then for a short time, and no longer after a second signal.
    ///
    /// # Errors
    ///
    /// Why it was given up.
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, String> {
        let late = async {
            self.stop.asked().await;
            tokio::time::sleep(LAST_TIME).await;
        };
        tokio::select! {
            done = work => Ok(done),
            () = late => Err(format!("no answer came within {} s", LAST_TIME.as_secs())),
            () = self.stop.asked_again() => Err("a second signal ended the run".to_owned()),
        }
    }

    /// Sends a request, and compares its answer.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    async fn step(
        &self,
        step: &Step,
        operation: &'static Operation,
        values: &mut Values<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        let target = step.target(operation, values)?;
        let body = step.filled_body(values)?;
        let authorization = self.authorization(step, values)?;
        let sent = Sent {
            method: operation.method,
            target: &target,
            authorization,
            body: body.as_ref(),
        };
        outcome.sent += 1;
        let answering = self.server.send(&sent, step.status == 429);
        // Not answered because somebody has stopped the run: that says nothing of the server.
        let answered = self.in_time(answering).await?;
        let drifts = match &answered {
            Ok(answer) => {
                let expected = Expected {
                    status: step.status,
                    shape: step.shape.as_ref(),
                };
                compare::answer(operation, Some(expected), answer)
            }
            Err(why) => vec![Drift::no_answer(step.status, why.clone())],
        };
        let number = values.answers.len() + 1;
        let found = drifts.into_iter().map(|drift| {
            let found = Found {
                api: step.api.clone(),
                operation: step.operation.clone(),
                status: step.status,
                drift,
            };
            (number, found)
        });
        outcome.found.extend(found);
        let Ok(answer) = answered else {
            outcome.is_gone = true;
            return Err(format!("{} got no answer", step.operation));
        };
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        values.answers.push(body);
        Ok(())
    }

    fn authorization(&self, step: &Step, values: &Values<'_>) -> Result<Option<String>, String> {
        let key = if step.api == MANAGEMENT {
            &self.keys.management
        } else {
            &self.keys.secret
        };
        Ok(match &step.credentials {
            Credentials::None => None,
            Credentials::Wrong => Some(basic(WRONG)),
            Credentials::Secret => Some(basic(key.as_ref().map_or("", Secret::expose))),
            Credentials::Token(token) => Some(format!("Bearer {}", values.fill(token)?)),
        })
    }

    async fn delete(&self, user: &str) -> Result<(), String> {
        let operation = operations::named(SERVER, DELETES).ok_or("no spec says how")?;
        let target = links::url("", operation.path, &[user]);
        let sent = Sent {
            method: operation.method,
            target: &format!("{target}?actions=true"),
            authorization: self.keys.secret.as_ref().map(|key| basic(key.expose())),
            body: None,
        };
        let answer = self.server.send(&sent, false).await?;
        match answer.status {
            200..=299 | 404 => Ok(()),
            status => Err(format!("{DELETES} was answered {status}")),
        }
    }
}
