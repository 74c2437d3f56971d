//! The ways in which the operator says stop.

use std::future::pending;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C, SIGTERM and SIGHUP, from the moment that one begins to listen: none is lost between two waits.
pub(crate) struct Stop {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hangup: Option<Signal>,
}

impl Stop {
    /// Begins to listen. To be called within the runtime.
    pub(crate) fn listen() -> Self {
        // A system without a signal never sends it.
        let listen = |kind| signal(kind).ok();
        Self {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            hangup: listen(SignalKind::hangup()),
        }
    }

    /// Waits for the next signal and says which it was.
    pub(crate) async fn requested(&mut self) -> &'static str {
        tokio::select! {
            () = next(&mut self.interrupt) => "Ctrl-C",
            () = next(&mut self.terminate) => "SIGTERM",
            () = next(&mut self.hangup) => "SIGHUP",
        }
    }
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => pending().await,
    }
}
