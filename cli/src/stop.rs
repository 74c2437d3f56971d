//! The ways in which the operator says stop.

use std::future::pending;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for Ctrl-C, SIGTERM or SIGHUP and says which it was.
pub(crate) async fn requested() -> &'static str {
    tokio::select! {
        () = next(SignalKind::interrupt()) => "Ctrl-C",
        () = next(SignalKind::terminate()) => "SIGTERM",
        () = next(SignalKind::hangup()) => "SIGHUP",
    }
}

async fn next(kind: SignalKind) {
    match signal(kind).as_mut().map(Signal::recv) {
        Ok(received) => {
            received.await;
        }
        // A system without that signal never sends it.
        Err(_) => pending().await,
    }
}
