//! What ends a run before its time: a signal ends what is still to be sent, and a second one also the cleaning up.

use tokio::sync::watch;

use crate::program::signals::Signals;

/// How often somebody has asked to stop.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Receiver<usize>);

impl Stop {
    /// Counts signals from now on. It needs a runtime.
    ///
    /// # Errors
    ///
    /// Signals cannot be caught.
    pub(super) fn on_signals() -> anyhow::Result<Self> {
        let mut signals = Signals::of_command()?;
        let (asked, stop) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                signals.next().await;
                asked.send_modify(|times| *times += 1);
            }
        });
        Ok(Self(stop))
    }

    /// Whether somebody has asked.
    pub(super) fn is_asked(&self) -> bool {
        *self.0.borrow() >= 1
    }

    /// Whether somebody has asked more than once.
    pub(super) fn is_asked_again(&self) -> bool {
        *self.0.borrow() >= 2
    }

    /// Waits until somebody asks.
    pub(super) async fn asked(&self) {
        self.times(1).await;
    }

    /// Waits until somebody asks again.
    pub(super) async fn asked_again(&self) {
        self.times(2).await;
    }

    async fn times(&self, wanted: usize) {
        let mut times = self.0.clone();
        if times.wait_for(|times| *times >= wanted).await.is_err() {
            // Nobody can ask any more.
            std::future::pending().await
        }
    }
}
