//! A tenant's time: the machine's or a fixed one, moved and frozen on demand. Reading it takes no lock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::skew;

/// Where a fixed clock stands: 2026-01-01T00:00:00Z, in milliseconds.
const FIXED_START: i64 = 1_767_225_600_000;
/// Milliseconds past which the clock does not go: 9999-01-01T00:00:00Z.
const END: i64 = 253_370_764_800_000;
const RUNNING: i64 = i64::MIN;

#[derive(Clone, Copy, Debug)]
enum Base {
    System,
    Fixed,
}

/// Where a clock is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// Forward.
    By(Duration),
    /// To a time.
    To(Timestamp),
}

/// How a clock is set: what it shows while it is frozen, or how far it is ahead of its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    ahead: i64,
    frozen: i64,
}

/// A clock that can be frozen and moved.
#[derive(Debug)]
pub struct Clock {
    base: Base,
    /// Milliseconds by which it is ahead of its base.
    ahead: AtomicI64,
    /// The time at which it is frozen, in milliseconds, or [`RUNNING`].
    frozen: AtomicI64,
    change: Mutex<()>,
}

impl Clock {
    /// The machine's time.
    pub fn system() -> Self {
        Self::new(Base::System)
    }

    /// 2026-01-01T00:00:00Z, standing still until it is moved.
    pub fn fixed() -> Self {
        Self::new(Base::Fixed)
    }

    fn new(base: Base) -> Self {
        Self {
            base,
            ahead: AtomicI64::new(0),
            frozen: AtomicI64::new(RUNNING),
            change: Mutex::new(()),
        }
    }

    fn base_millis(&self) -> i64 {
        match self.base {
            Base::System => Timestamp::now().as_millisecond(),
            Base::Fixed => FIXED_START,
        }
    }

    fn millis(&self) -> i64 {
        match self.frozen.load(Ordering::Acquire) {
            RUNNING => self.running(self.base_millis()),
            frozen => frozen,
        }
    }

    /// What it shows while it runs and its base shows this.
    fn running(&self, base: i64) -> i64 {
        let ahead = self.ahead.load(Ordering::Acquire);
        base.saturating_add(ahead).min(END)
    }

    /// The mock's time, in whole milliseconds, or that of the request where a test wants another.
    pub fn now(&self) -> Timestamp {
        let millis = self.millis().saturating_add(skew::millis()).min(END);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// The time that callers sign with: the base, neither moved nor frozen, in Unix seconds.
    pub fn signing_time(&self) -> i64 {
        self.base_millis().div_euclid(1000)
    }

    /// Whether it stands still.
    pub fn is_frozen(&self) -> bool {
        matches!(self.base, Base::Fixed) || self.frozen.load(Ordering::Acquire) != RUNNING
    }

    /// Whether it follows the machine's clock.
    pub fn is_system_time(&self) -> bool {
        !self.is_frozen() && self.ahead.load(Ordering::Acquire) == 0 && skew::millis() == 0
    }

    /// Freezes (`true`) or releases (`false`) the clock, then moves it forward. A released clock continues from the
    /// frozen time; a fixed clock does not run at all.
    pub fn change(&self, freeze: Option<bool>, advance: Duration) {
        let _one_at_a_time = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let advance = i64::try_from(advance.as_millis()).unwrap_or(i64::MAX);
        self.put(freeze, self.millis().saturating_add(advance));
    }

    /// Sets it to its start: to a time, or by so many milliseconds ahead of its base; frozen or running.
    pub fn begin(&self, time: Option<Timestamp>, ahead: i64, frozen: bool) {
        let _one_at_a_time = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(time) = time {
            return self.put(Some(frozen), time.as_millisecond());
        }
        self.ahead.store(ahead, Ordering::Release);
        self.frozen.store(RUNNING, Ordering::Release);
        if frozen {
            self.frozen.store(self.millis(), Ordering::Release);
        }
    }

    /// By how many milliseconds it is ahead of its base, while it runs.
    pub fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Acquire)
    }

    /// Sets it to a time, also to an earlier one. Whether it runs does not change.
    pub fn set(&self, to: Timestamp) {
        let _one_at_a_time = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        self.put(None, to.as_millisecond());
    }

    /// Sets it to a later time, and tells how far that is. Its base is read once, so nothing of a clock that runs gets lost.
    pub fn leap(&self, to: Timestamp) -> SignedDuration {
        let _one_at_a_time = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let (to, base) = (to.as_millisecond().min(END), self.base_millis());
        let before = match self.frozen.load(Ordering::Acquire) {
            RUNNING => self.running(base),
            frozen => frozen,
        };
        self.put_at(base, None, to);
        SignedDuration::from_millis(to.saturating_sub(before))
    }

    fn put(&self, freeze: Option<bool>, target: i64) {
        self.put_at(self.base_millis(), freeze, target);
    }

    /// Sets it while its base shows this.
    fn put_at(&self, base: i64, freeze: Option<bool>, target: i64) {
        let target = target.min(END);
        let freeze = freeze.unwrap_or_else(|| self.frozen.load(Ordering::Acquire) != RUNNING);
        self.ahead
            .store(target.saturating_sub(base), Ordering::Release);
        self.frozen
            .store(if freeze { target } else { RUNNING }, Ordering::Release);
    }

    /// What it would read after a move; `None` if that is past its end, 9999-01-01T00:00:00Z.
    pub fn after(&self, shift: Shift) -> Option<Timestamp> {
        let target = match shift {
            Shift::By(advance) => {
                let advance = i64::try_from(advance.as_millis()).ok()?;
                self.millis().checked_add(advance)?
            }
            Shift::To(time) => time.as_millisecond(),
        };
        let target = Timestamp::from_millisecond(target).ok()?;
        (target.as_millisecond() <= END).then_some(target)
    }

    /// How it is set.
    pub fn setting(&self) -> Setting {
        let _one_at_a_time = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        Setting {
            ahead: self.ahead.load(Ordering::Acquire),
            frozen: self.frozen.load(Ordering::Acquire),
        }
    }

    /// Sets it as it was set before. One that runs is as far ahead of its base as it was then, so one that nobody has moved
    /// shows the machine's time.
    pub fn put_back(&self, setting: Setting) {
        let _one_at_a_time = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        self.ahead.store(setting.ahead, Ordering::Release);
        self.frozen.store(setting.frozen, Ordering::Release);
    }

    /// Sets it back to the base's time, running.
    pub fn reset(&self) {
        let _one_at_a_time = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        self.ahead.store(0, Ordering::Release);
        self.frozen.store(RUNNING, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Clock, Shift};

    #[test]
    fn a_leap_tells_how_far_it_is_whether_the_clock_runs_or_not() {
        for clock in [Clock::fixed(), Clock::system()] {
            for frozen in [false, true] {
                clock.change(Some(frozen), Duration::ZERO);
                let before = clock.now();
                let to = before + Duration::from_secs(30);
                let leapt = clock.leap(to);
                assert!(leapt <= to.duration_since(before), "{leapt:?}");
                assert!(clock.now() >= to);
                assert!(!frozen || clock.now() == to && leapt.as_secs() == 30);
            }
        }
    }

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = Clock::fixed();
        assert_eq!(clock.now().to_string(), "2026-01-01T00:00:00Z");
        assert!(clock.is_frozen());
        clock.change(None, Duration::from_secs(90));
        clock.change(Some(false), Duration::ZERO);
        assert_eq!(clock.now().to_string(), "2026-01-01T00:01:30Z");
        clock.reset();
        assert_eq!(clock.now().to_string(), "2026-01-01T00:00:00Z");
    }

    #[test]
    fn a_frozen_clock_stands_still_and_runs_on_from_there() {
        let clock = Clock::system();
        assert!(clock.is_system_time());
        clock.change(Some(true), Duration::from_secs(3600));
        let frozen = clock.now();
        assert_eq!(clock.now(), frozen);
        clock.change(None, Duration::from_secs(60));
        assert_eq!(clock.now().as_second() - frozen.as_second(), 60);
        clock.change(Some(false), Duration::ZERO);
        assert!(!clock.is_frozen() && !clock.is_system_time());
        assert!(clock.now() >= frozen);
        assert!(
            clock.now().as_second() - clock.signing_time() >= 3659,
            "signatures are not moved"
        );
    }

    #[test]
    fn a_clock_is_set_to_any_time_and_runs_on_from_there() {
        let clock = Clock::system();
        let past = "2024-02-29T23:59:59Z".parse().unwrap();
        clock.set(past);
        assert!(!clock.is_frozen() && clock.now() >= past);
        assert!(clock.now().as_second() - past.as_second() < 60);
        clock.change(Some(true), Duration::ZERO);
        clock.set(past);
        assert_eq!(clock.now(), past);
        let minute = Duration::from_secs(60);
        let later = clock.after(Shift::By(minute)).unwrap();
        assert_eq!(
            (later.as_second() - past.as_second(), clock.now()),
            (60, past)
        );
        assert_eq!(clock.after(Shift::To(past)), Some(past));
        assert_eq!(clock.after(Shift::By(Duration::MAX)), None);
    }

    #[test]
    fn a_clock_is_put_back_to_how_it_was_set() {
        let clock = Clock::system();
        let unmoved = clock.setting();
        clock.change(Some(true), Duration::from_secs(3600));
        let (frozen, then) = (clock.setting(), clock.now());
        clock.put_back(unmoved);
        assert!(clock.is_system_time());
        clock.change(None, Duration::from_secs(60));
        clock.put_back(frozen);
        assert!(clock.is_frozen() && clock.now() == then);
    }

    #[test]
    fn the_clock_stops_at_the_end_of_time() {
        let clock = Clock::fixed();
        for _ in 0..3 {
            clock.change(None, Duration::MAX);
        }
        assert_eq!(clock.now().to_string(), "9999-01-01T00:00:00Z");
    }
}
