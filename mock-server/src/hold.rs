//! Ties a planned fault to the requests that it applies to: somebody can take it back while they wait, and it can turn out
//! to do nothing. Knows neither faults nor requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::watch;

/// One planned thing. Clones are held by the requests that it applies to.
#[derive(Clone, Debug, Default)]
pub struct Hold(Arc<Tie>);

#[derive(Debug)]
struct Tie {
    released: watch::Sender<bool>,
    missed: AtomicU32,
}

impl Default for Tie {
    fn default() -> Self {
        Self {
            released: watch::Sender::new(false),
            missed: AtomicU32::new(0),
        }
    }
}

impl PartialEq for Hold {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Hold {}

impl Hold {
    /// Takes it back: no request waits for it any more.
    pub fn release(&self) {
        self.0.released.send_replace(true);
    }

    /// Waits until it is taken back.
    pub async fn released(&self) {
        let mut released = self.0.released.subscribe();
        // The sender lives as long as this.
        let _ = released.wait_for(|released| *released).await.map(drop);
    }

    /// Notes that it could do nothing to a request, so that this request does not count.
    pub fn miss(&self) {
        self.0.missed.fetch_add(1, Ordering::AcqRel);
    }

    /// How many requests do not count, since somebody last asked.
    pub fn take_missed(&self) -> u32 {
        self.0.missed.swap(0, Ordering::AcqRel)
    }

    /// Whether a request still holds it.
    pub fn is_held(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}
