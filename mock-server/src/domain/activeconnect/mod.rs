//! Activeconnect: users, their devices, and their sessions, of one application. Knows no wire format: it takes and
//! gives the domain's own types, and its refusals carry words, not status codes.

mod copy;
pub mod device;
#[cfg(test)]
mod model;
pub mod overview;
pub mod record;
mod roll;
pub mod session;
pub mod signature;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use ahash::HashMap;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::device::{Description, Device, Link, Registration};
use self::roll::Roll;
use self::session::{Event, Findings, Requested, Session, Status};
use super::changes::Things;
use super::later;
use super::outbox::{Channel, Message};
use super::scenario::{Deed, Doer, PhoneAct, Subject};
use crate::bounds::{
    ACTIVECONNECT_SESSIONS, ACTIVECONNECT_SESSIONS_PER_USER, LINKS_PER_USER, USER_ID_BYTES, USERS,
};
use crate::domain::{Turn, Vendor};

/// An application: who may call, with which secret.
#[derive(Default)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// Its name, shown by phones.
    pub name: String,
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How long things last, and how many are kept. No source gives these figures; the contract suggests the spans.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a session waits for the phone.
    pub pending: SignedDuration,
    /// How long an active session lives.
    pub session: SignedDuration,
    /// How long a registration link is open.
    pub link: SignedDuration,
    /// Sessions kept for each user. Ended sessions leave first, then the oldest.
    pub sessions_per_user: usize,
    /// Sessions kept for the application. Ended sessions leave first, then the oldest.
    pub sessions: usize,
    /// Registration links kept for each user; the oldest leaves first.
    pub links_per_user: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending: SignedDuration::from_secs(60),
            session: SignedDuration::from_secs(3600),
            link: SignedDuration::from_hours(24),
            sessions_per_user: ACTIVECONNECT_SESSIONS_PER_USER,
            sessions: ACTIVECONNECT_SESSIONS,
            links_per_user: LINKS_PER_USER,
        }
    }
}

/// Why something could not be found. The text is for the person who reads the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    clippy::enum_variant_names,
    reason = "`Refusal::User` alone would not say that the user is unknown"
)]
pub enum Refusal {
    /// No such user.
    #[error("user {user_id} not found in application {application_id}; create it with add_users")]
    UnknownUser {
        /// The application.
        application_id: String,
        /// The user.
        user_id: String,
    },
    /// No such session.
    #[error(
        "session {0} not found; use status_url and logout_url as authenticate_user returned them"
    )]
    UnknownSession(String),
    /// No such device.
    #[error("device {0} not found; it was unregistered, lost, or never registered")]
    UnknownDevice(String),
    /// No such authentication request.
    #[error("authentication request {0} not found; pending_requests lists those that are open")]
    UnknownRequest(String),
}

/// A user of the application.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct User {
    /// The id as it was given first.
    id: String,
    device: Option<Device>,
    links: VecDeque<Link>,
    /// Oldest first.
    sessions: VecDeque<Session>,
}

/// The outcome of `add_users`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Users that are new, as given.
    pub created: Vec<String>,
    /// Users that were there, as given.
    pub existing: Vec<String>,
}

/// A session that was started: what its caller needs to know.
#[derive(Clone, PartialEq, Eq)]
pub struct Started {
    /// Names the session.
    pub token: String,
    /// What its calls are signed with.
    pub secret: String,
    /// Its state.
    pub status: Status,
}

/// A session, as the phone sees it.
#[derive(PartialEq, Eq)]
pub struct Running {
    /// Names it.
    pub token: String,
    /// When it started.
    pub started: Timestamp,
    /// Its state.
    pub status: Status,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token stands in the URLs that show and end the session.
        f.debug_struct("Running")
            .field("started", &self.started)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// An authentication request that waits for a phone.
pub struct OpenRequest {
    /// The service's own number of the user.
    pub user_number: u64,
    /// Names the request.
    pub id: String,
    /// What the answer is signed with.
    pub secret: String,
    /// What is asked for.
    pub requested: Requested,
}

/// A text message with a registration link.
#[derive(Debug)]
pub struct RegistrationSms {
    /// Whom to write to.
    pub phone_number: String,
    /// What to write before the link.
    pub message: Option<String>,
}

/// The state of one application.
#[derive(Clone)]
pub struct Activeconnect {
    application: Arc<Application>,
    limits: Limits,
    next_number: u64,
    users: Things<u64, User>,
    /// Bytes of the ids of all users.
    id_bytes: usize,
    /// From folded id to number.
    numbers: HashMap<String, u64>,
    devices: HashMap<String, u64>,
    links: HashMap<String, u64>,
    sessions: HashMap<String, u64>,
    requests: HashMap<String, u64>,
    roll: Roll,
}

impl fmt::Debug for Activeconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Users hold secrets.
        f.debug_struct("Activeconnect")
            .field("application", &self.application)
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}

/// What a scenario can be about, of the user of that id in lower case.
fn about(folded: Option<&str>) -> Subject<'_> {
    Subject {
        user_id: folded,
        user_without_case: folded,
        ..Subject::default()
    }
}

/// User ids are compared without regard to case.
pub fn fold(user_id: &str) -> String {
    user_id.to_lowercase()
}

impl Activeconnect {
    /// An application without users.
    pub fn new(application: Arc<Application>, limits: Limits) -> Self {
        Self {
            application,
            limits,
            next_number: 1,
            users: Things::default(),
            id_bytes: 0,
            numbers: HashMap::default(),
            devices: HashMap::default(),
            links: HashMap::default(),
            sessions: HashMap::default(),
            requests: HashMap::default(),
            roll: Roll::default(),
        }
    }

    /// Whether there is room for users; the words of the refusal if there is none.
    ///
    /// # Errors
    /// With those that do not exist yet, the application would have more users than it may have.
    pub fn room_for(&self, user_ids: &[String]) -> Result<(), String> {
        let known = |id: &&String| self.numbers.contains_key(&fold(id));
        let new = user_ids.iter().filter(|id| !known(id)).count();
        let bytes = user_ids.iter().filter(|id| !known(id)).map(String::len);
        if self.id_bytes + bytes.sum::<usize>() > USER_ID_BYTES {
            return Err(format!(
                "the ids of the application's users would take more than {USER_ID_BYTES} bytes, and the mock keeps no more; delete users with delete_users"
            ));
        }
        if self.users.len() + new > USERS {
            return Err(format!(
                "the application would have more than {USERS} users, and the mock keeps no more; delete some with delete_users"
            ));
        }
        Ok(())
    }

    /// Creates the users that do not exist yet. [`room_for`](Self::room_for) says whether there is room for them.
    pub fn add_users(&mut self, user_ids: Vec<String>) -> Added {
        let mut added = Added::default();
        for id in user_ids {
            let folded = fold(&id);
            if self.numbers.contains_key(&folded) {
                added.existing.push(id);
                continue;
            }
            let number = self.next_number;
            self.next_number += 1;
            self.id_bytes += id.len();
            self.numbers.insert(folded, number);
            let user = User {
                id: id.clone(),
                device: None,
                links: VecDeque::new(),
                sessions: VecDeque::new(),
            };
            self.users.insert(number, user);
            added.created.push(id);
        }
        added
    }

    /// Deletes users with all they have. Unknown ids are ignored.
    pub fn delete_users(&mut self, user_ids: &[String]) {
        for id in user_ids {
            let Some(number) = self.numbers.remove(&fold(id)) else {
                continue;
            };
            let Some(user) = self.users.remove(&number) else {
                continue;
            };
            self.id_bytes -= user.id.len();
            for link in user.links {
                self.links.remove(&link.token);
            }
            for session in user.sessions {
                self.sessions.remove(&session.token);
                self.requests.remove(&session.request_id);
                self.roll.strike(&session);
            }
            if let Some(device) = user.device {
                self.devices.remove(&device.id);
            }
        }
    }

    /// Makes a registration link and returns its token.
    ///
    /// # Errors
    /// The user is unknown.
    pub fn registration_link(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
    ) -> Result<String, Refusal> {
        let number = self.number(user_id)?;
        let expires = later(turn.now, self.limits.link);
        let token = turn.ids.secret();
        let Some(user) = self.users.get_mut(&number) else {
            return Err(self.unknown_user(user_id));
        };
        if user.links.len() >= self.limits.links_per_user
            && let Some(oldest) = user.links.pop_front()
        {
            self.links.remove(&oldest.token);
        }
        user.links.push_back(Link {
            token: token.clone(),
            expires,
            used: false,
        });
        self.links.insert(token.clone(), number);
        Ok(token)
    }

    /// Makes a registration link and sends it; `url` writes the link of a token. The inner error is a refusal that the
    /// vendor's API answers with `status` false.
    ///
    /// # Errors
    /// The user is unknown.
    pub fn send_registration_sms(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        sms: RegistrationSms,
        url: impl FnOnce(&str) -> String,
    ) -> Result<Result<(), String>, Refusal> {
        self.number(user_id)?;
        let to = sms.phone_number.trim();
        if to.len() < 2 || !to.starts_with('+') {
            return Ok(Err(
                "phone_number must start with + and a country code, such as +15550100".to_owned(),
            ));
        }
        let link = url(&self.registration_link(turn, user_id)?);
        let text = match sms.message.as_deref() {
            Some(message) if !message.is_empty() => format!("{message} {link}"),
            _ => format!(
                "Register your device with {}: {link}",
                self.application.name
            ),
        };
        let folded = fold(user_id);
        let message = Message {
            channel: Channel::Sms,
            to: to.to_owned(),
            text,
            code: None,
            url: Some(link),
            created_at: turn.now,
            user_id: Some(folded.clone()),
        };
        turn.send(message, about(Some(&folded)));
        Ok(Ok(()))
    }

    /// Whether the user has a device.
    ///
    /// # Errors
    /// The user is unknown.
    pub fn has_device(&self, user_id: &str) -> Result<bool, Refusal> {
        Ok(self.user(user_id)?.device.is_some())
    }

    /// Disables the user's device, if any, and makes a new link. Sessions go on.
    ///
    /// # Errors
    /// The user is unknown.
    pub fn lost_device(&mut self, turn: &mut Turn<'_>, user_id: &str) -> Result<String, Refusal> {
        let number = self.number(user_id)?;
        self.drop_device(number);
        self.registration_link(turn, user_id)
    }

    /// Starts an authentication; `None` if the user has no device.
    ///
    /// # Errors
    /// The user is unknown.
    pub fn authenticate(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        requested: Requested,
    ) -> Result<Option<Started>, Refusal> {
        let number = self.number(user_id)?;
        let limits = self.limits;
        let user = self.users.get(&number);
        let user = user.ok_or_else(|| self.unknown_user(user_id))?;
        if user.device.is_none() {
            return Ok(None);
        }
        self.make_room(number, turn.now);
        let mut session = Session::start(
            turn.ids.id("session"),
            turn.ids.secret(),
            (turn.ids.id("request"), turn.ids.secret()),
            requested,
            turn.now,
            limits.pending,
            requested.life.unwrap_or(limits.session),
        );
        session.number = self.roll.number();
        let started = Started {
            token: session.token.clone(),
            secret: session.secret.clone(),
            status: session.status(turn.now),
        };
        self.sessions.insert(session.token.clone(), number);
        self.requests.insert(session.request_id.clone(), number);
        self.roll.enter(&session, number);
        if let Some(user) = self.users.get_mut(&number) {
            user.sessions.push_back(session);
        }
        if !turn.scenarios.is_empty() {
            self.stage(turn, number, &fold(user_id), &started.token);
        }
        Ok(Some(started))
    }

    /// What somebody with a phone does about a new session, as is planned: they answer it, then walk away, then return. The
    /// answer to the request says that the session waits.
    fn stage(&mut self, turn: &mut Turn<'_>, user: u64, folded: &str, token: &str) {
        let each = [
            PhoneAct::answers,
            |act| act == PhoneAct::WalkAway,
            |act| act == PhoneAct::Return,
        ];
        for does in each {
            let Some((act, after)) = turn.scenarios.phone(&about(Some(folded)), does) else {
                continue;
            };
            if after.is_zero() {
                self.act(user, token, act, turn.now);
            } else {
                let session = token.to_owned();
                let deed = Deed::Phone { session, act };
                turn.schedule(after, deed);
            }
        }
    }

    /// Does the first deed that is due, if it is Activeconnect's. What cannot happen to its session any more does not.
    pub fn do_due(&mut self, turn: &mut Turn<'_>) {
        let due = turn.scenarios.take_due(Doer::Activeconnect, turn.now);
        if let Some(Deed::Phone { session, act }) = due
            && let Some(user) = self.sessions.get(&session).copied()
        {
            self.act(user, &session, act, turn.now);
        }
    }

    /// Somebody with a phone acts on a session, if it is there and that can happen to it.
    fn act(&mut self, user: u64, token: &str, act: PhoneAct, now: Timestamp) {
        let event = match act {
            PhoneAct::Approve => Event::Accept,
            PhoneAct::Deny => Event::Cancel,
            PhoneAct::Fail => Event::Reject,
            PhoneAct::WalkAway => Event::WalkAway,
            PhoneAct::Return => Event::Return,
        };
        self.apply(user, |session| session.token == token, |_| event, now);
    }

    /// Drops the sessions that have to leave before a new one of a user.
    fn make_room(&mut self, user: u64, now: Timestamp) {
        let own = self.users.get(&user).map(|user| &user.sessions);
        let own = own.filter(|own| own.len() >= self.limits.sessions_per_user);
        let mut leaves = own.and_then(|own| {
            let over = own.iter().find(|session| session.status(now).over());
            Some((over.or(own.front())?.number, user))
        });
        if leaves.is_none() && self.roll.len() >= self.limits.sessions {
            leaves = self.roll.first_to_leave(now);
        }
        let Some((number, user)) = leaves else { return };
        let own = self.users.get_mut(&user).map(|user| &mut user.sessions);
        let gone = own.and_then(|own| {
            let at = own.iter().position(|session| session.number == number)?;
            own.remove(at)
        });
        if let Some(session) = gone {
            self.sessions.remove(&session.token);
            self.requests.remove(&session.request_id);
            self.roll.strike(&session);
        }
    }

    /// Lets `event` happen to a session of a user; returns whether it did, and the status.
    fn apply(
        &mut self,
        user: u64,
        is_it: impl Fn(&Session) -> bool,
        event: impl FnOnce(&Session) -> Event,
        now: Timestamp,
    ) -> Option<(bool, Status)> {
        let own = &mut self.users.get_mut(&user)?.sessions;
        let session = own.iter_mut().find(|session| is_it(session))?;
        let event = event(session);
        self.roll.strike(session);
        let applied = session.apply(event, now);
        self.roll.enter(session, user);
        Some((applied, session.status(now)))
    }

    /// Where a session stands.
    ///
    /// # Errors
    /// The session is unknown.
    pub fn session_status(&self, token: &str, now: Timestamp) -> Result<Status, Refusal> {
        Ok(self.session(token)?.1.status(now))
    }

    /// Ends a session; returns whether this call ended it.
    ///
    /// # Errors
    /// The session is unknown.
    pub fn close_session(&mut self, token: &str, now: Timestamp) -> Result<bool, Refusal> {
        let user = self.sessions.get(token).copied();
        let closed = user.and_then(|user| {
            self.apply(
                user,
                |session| session.token == token,
                |_| Event::Close,
                now,
            )
        });
        let (closed, _) = closed.ok_or_else(|| Refusal::UnknownSession(token.to_owned()))?;
        Ok(closed)
    }

    /// Opens a registration link on a phone.
    pub fn register(
        &mut self,
        turn: &mut Turn<'_>,
        token: &str,
        description: Description,
    ) -> Result<Registered, Registration> {
        let Some((number, user)) = self
            .links
            .get(token)
            .and_then(|number| Some((*number, self.users.get_mut(number)?)))
        else {
            return Err(Registration::InvalidToken);
        };
        let Some(link) = user.links.iter_mut().find(|link| link.token == token) else {
            return Err(Registration::InvalidToken);
        };
        if link.used {
            return Err(Registration::InvalidToken);
        }
        if turn.now >= link.expires {
            return Err(Registration::Expired);
        }
        match &user.device {
            Some(device)
                if device.description.notification_token == description.notification_token =>
            {
                return Err(Registration::DuplicateDevice);
            }
            Some(_) => return Err(Registration::ExistingMobileDevice),
            None => {}
        }
        link.used = true;
        let device = Device::new(turn.ids, description);
        self.devices.insert(device.id.clone(), number);
        let registered = Registered {
            user_number: number,
            user_id: user.id.clone(),
            device: device.credentials(),
        };
        user.device = Some(device);
        Ok(registered)
    }

    /// Replaces the description of a device.
    ///
    /// # Errors
    /// The device is unknown.
    pub fn update_device(
        &mut self,
        device_id: &str,
        description: Description,
    ) -> Result<Registered, Refusal> {
        let number = self.device_owner(device_id)?;
        let unknown = || Refusal::UnknownDevice(device_id.to_owned());
        let user = self.users.get_mut(&number).ok_or_else(unknown)?;
        let device = user.device.as_mut().ok_or_else(unknown)?;
        device.description = description;
        Ok(Registered {
            user_number: number,
            user_id: user.id.clone(),
            device: device.credentials(),
        })
    }

    /// Unregisters a device. Requests that wait for it stay until they expire.
    ///
    /// # Errors
    /// The device is unknown.
    pub fn unregister_device(&mut self, device_id: &str) -> Result<(), Refusal> {
        let number = self.device_owner(device_id)?;
        self.drop_device(number);
        Ok(())
    }

    /// Takes pictures for face recognition; they are counted, not kept.
    ///
    /// # Errors
    /// The device is unknown.
    pub fn train(&mut self, device_id: &str, images: usize) -> Result<(), Refusal> {
        let number = self.device_owner(device_id)?;
        if let Some(device) = self
            .users
            .get_mut(&number)
            .and_then(|user| user.device.as_mut())
        {
            device.training_images = images;
        }
        Ok(())
    }

    /// The sessions of a device's user that are active or walked away from, oldest first.
    ///
    /// # Errors
    /// The device is unknown.
    pub fn active_sessions(
        &self,
        device_id: &str,
        now: Timestamp,
    ) -> Result<Vec<Running>, Refusal> {
        let user = self.device_user(device_id)?;
        let running = user.sessions.iter().filter_map(|session| {
            let status = session.status(now);
            status.authenticated().then(|| Running {
                token: session.token.clone(),
                started: session.started,
                status,
            })
        });
        Ok(running.collect())
    }

    /// The requests that wait for a device, oldest first.
    ///
    /// # Errors
    /// The device is unknown.
    pub fn pending_requests(
        &self,
        device_id: &str,
        now: Timestamp,
    ) -> Result<Vec<OpenRequest>, Refusal> {
        let number = self.device_owner(device_id)?;
        let user = self.device_user(device_id)?;
        let open = user
            .sessions
            .iter()
            .filter(|session| session.status(now).awaits_phone());
        Ok(open
            .map(|session| OpenRequest {
                user_number: number,
                id: session.request_id.clone(),
                secret: session.request_secret.clone(),
                requested: session.requested,
            })
            .collect())
    }

    /// A phone opens a request; returns whether it is open.
    ///
    /// # Errors
    /// The request is unknown.
    pub fn start_identification(
        &mut self,
        request_id: &str,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        let (_, status) = self.apply_to_request(request_id, |_| Event::Start, now)?;
        Ok(status == Status::Identifying)
    }

    /// A phone answers a request. Returns the new status, or `None` if the request was no longer open.
    ///
    /// # Errors
    /// The request is unknown.
    pub fn answer(
        &mut self,
        request_id: &str,
        findings: Findings,
        now: Timestamp,
    ) -> Result<Option<Status>, Refusal> {
        let judge = |session: &Session| findings.judge(session.requested);
        let (applied, status) = self.apply_to_request(request_id, judge, now)?;
        Ok(applied.then_some(status))
    }

    /// Lets `event` happen to the newest session of the user to which it applies. The status after it, or `None` if the
    /// session does not exist.
    ///
    /// # Errors
    /// The user is unknown.
    pub fn happen(
        &mut self,
        user_id: &str,
        event: Event,
        now: Timestamp,
    ) -> Result<Option<Status>, Refusal> {
        let number = self.number(user_id)?;
        let mut sessions = self.user(user_id)?.sessions.iter().rev();
        let newest = sessions.find(|session| session.status(now).after(event).is_some());
        let newest = newest.map(|session| session.number);
        let applied = newest.and_then(|newest| {
            self.apply(number, |session| session.number == newest, |_| event, now)
        });
        Ok(applied.map(|(_, status)| status))
    }

    /// The credentials of a user's device, if there is one. Only the simulated phone asks: a real one received them
    /// when it registered.
    ///
    /// # Errors
    /// The user is unknown.
    pub fn device_of(&self, user_id: &str) -> Result<Option<device::Credentials>, Refusal> {
        Ok(self.user(user_id)?.device.as_ref().map(Device::credentials))
    }

    /// The user of a device, for the simulated phone.
    pub fn user_of_device(&self, device_id: &str) -> Option<String> {
        self.device_user(device_id).ok().map(|user| user.id.clone())
    }

    /// Where the session of a request stands, for the simulated phone.
    ///
    /// # Errors
    /// The request is unknown.
    pub fn request_status(&self, request_id: &str, now: Timestamp) -> Result<Status, Refusal> {
        Ok(self.request(request_id)?.1.status(now))
    }

    /// The secret of a session, for checking a signature.
    ///
    /// # Errors
    /// The session is unknown.
    pub fn session_secret(&self, token: &str) -> Result<String, Refusal> {
        Ok(self.session(token)?.1.secret.clone())
    }

    /// The device of a session's user, for checking a signature.
    ///
    /// # Errors
    /// The session is unknown.
    pub fn session_device(&self, token: &str) -> Result<Option<device::Credentials>, Refusal> {
        Ok(self
            .session(token)?
            .0
            .device
            .as_ref()
            .map(Device::credentials))
    }

    /// The secret of a device, for checking a signature.
    ///
    /// # Errors
    /// The device is unknown.
    pub fn device_secret(&self, device_id: &str) -> Result<String, Refusal> {
        let device = self.device_user(device_id)?.device.as_ref();
        device
            .map(|device| device.secret.clone())
            .ok_or_else(|| Refusal::UnknownDevice(device_id.to_owned()))
    }

    /// The secret of a request, for checking a signature.
    ///
    /// # Errors
    /// The request is unknown.
    pub fn request_secret(&self, request_id: &str) -> Result<String, Refusal> {
        Ok(self.request(request_id)?.1.request_secret.clone())
    }

    /// The device of a request's user, for checking a signature.
    ///
    /// # Errors
    /// The request is unknown.
    pub fn request_device(&self, request_id: &str) -> Result<Option<device::Credentials>, Refusal> {
        Ok(self
            .request(request_id)?
            .0
            .device
            .as_ref()
            .map(Device::credentials))
    }

    /// The ids of the first users after one, by id, and whether there are more.
    pub fn ids_after(&self, after: Option<&str>, limit: usize) -> (Vec<String>, bool) {
        let ids = self.users.values().map(|user| user.id.as_str());
        let mut ids: Vec<_> = ids
            .filter(|id| after.is_none_or(|after| *id > after))
            .collect();
        let more = ids.len() > limit;
        if more {
            // The first of many, without sorting the rest.
            ids.select_nth_unstable(limit);
            ids.truncate(limit);
        }
        ids.sort_unstable();
        (ids.into_iter().map(str::to_owned).collect(), more)
    }

    /// A user as JSON, secrets masked.
    pub fn dump_user(&self, user_id: &str, now: Timestamp) -> Option<serde_json::Value> {
        let number = self.number(user_id).ok()?;
        let user = self.users.get(&number)?;
        let sessions: Vec<_> = user
            .sessions
            .iter()
            .map(|session| {
                serde_json::json!({
                    "session": session.token,
                    "request": session.request_id,
                    "startedAt": session.started.to_string(),
                    "status": format!("{:?}", session.status(now)).to_lowercase(),
                })
            })
            .collect();
        let links: Vec<_> = user
                    .links
                    .iter()
                    .map(|link| serde_json::json!({"expiresAt": link.expires.to_string(), "used": link.used}))
                    .collect();
        let device = user.device.as_ref().map(|device| {
            serde_json::json!({
                "device": device.id,
                "notificationToken": device.description.notification_token,
                "name": device.description.name,
                "trainingImages": device.training_images,
            })
        });
        Some(serde_json::json!({
            "number": number,
            "device": device,
            "links": links,
            "sessions": sessions,
        }))
    }

    fn unknown_user(&self, user_id: &str) -> Refusal {
        Refusal::UnknownUser {
            application_id: self.application.id.clone(),
            user_id: user_id.to_owned(),
        }
    }

    fn number(&self, user_id: &str) -> Result<u64, Refusal> {
        self.numbers
            .get(&fold(user_id))
            .copied()
            .ok_or_else(|| self.unknown_user(user_id))
    }

    fn user(&self, user_id: &str) -> Result<&User, Refusal> {
        self.users
            .get(&self.number(user_id)?)
            .ok_or_else(|| self.unknown_user(user_id))
    }

    fn device_owner(&self, device_id: &str) -> Result<u64, Refusal> {
        self.devices
            .get(device_id)
            .copied()
            .ok_or_else(|| Refusal::UnknownDevice(device_id.to_owned()))
    }

    fn device_user(&self, device_id: &str) -> Result<&User, Refusal> {
        let number = self.device_owner(device_id)?;
        self.users
            .get(&number)
            .ok_or_else(|| Refusal::UnknownDevice(device_id.to_owned()))
    }

    fn session(&self, token: &str) -> Result<(&User, &Session), Refusal> {
        self.sessions
            .get(token)
            .and_then(|number| self.users.get(number))
            .and_then(|user| {
                Some((
                    user,
                    user.sessions
                        .iter()
                        .find(|session| session.token == token)?,
                ))
            })
            .ok_or_else(|| Refusal::UnknownSession(token.to_owned()))
    }

    fn request(&self, request_id: &str) -> Result<(&User, &Session), Refusal> {
        self.requests
            .get(request_id)
            .and_then(|number| self.users.get(number))
            .and_then(|user| {
                Some((
                    user,
                    user.sessions
                        .iter()
                        .find(|session| session.request_id == request_id)?,
                ))
            })
            .ok_or_else(|| Refusal::UnknownRequest(request_id.to_owned()))
    }

    fn apply_to_request(
        &mut self,
        request_id: &str,
        event: impl FnOnce(&Session) -> Event,
        now: Timestamp,
    ) -> Result<(bool, Status), Refusal> {
        let user = self.requests.get(request_id).copied();
        user.and_then(|user| {
            self.apply(user, |session| session.request_id == request_id, event, now)
        })
        .ok_or_else(|| Refusal::UnknownRequest(request_id.to_owned()))
    }

    fn drop_device(&mut self, number: u64) {
        if let Some(device) = self
            .users
            .get_mut(&number)
            .and_then(|user| user.device.take())
        {
            self.devices.remove(&device.id);
        }
    }
}

impl Vendor for Activeconnect {
    type Account = Application;

    fn end_step(&mut self, _turn: &mut Turn<'_>) -> bool {
        // The vendor has no webhooks.
        false
    }

    fn deliveries(&self) -> u64 {
        0
    }
}

/// A registered device and its user.
#[derive(PartialEq, Eq)]
pub struct Registered {
    /// The service's own number of the user.
    pub user_number: u64,
    /// The user.
    pub user_id: String,
    /// What the device signs with.
    pub device: device::Credentials,
}

#[cfg(test)]
mod tests;
