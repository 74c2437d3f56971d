//! Looking again and again at what gives no sign when it changes: Envoy's counters and its admin interface before it is
//! there, files, and what a backend or a page tells to who asks. Everything else is awaited by its own event; nothing
//! but this looks again.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

/// What `look` finds, as soon as it finds something; an error that says `what` where it finds nothing in time.
pub async fn until<T>(
    what: &str,
    at_most: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + at_most;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("{what}: not within {} s", at_most.as_secs());
        }
        sleep(AGAIN).await;
    }
}

/// How long nobody looks: as little as costs what is looked at nothing.
const AGAIN: Duration = Duration::from_millis(30);
