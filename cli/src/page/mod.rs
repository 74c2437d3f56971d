//! The page that shows what comes, served on loopback: [`ring`] keeps the last calls, [`server`] hands them to whoever
//! has the URL, [`files`] is what a browser loads.
//!
//! A URL's first segment is a token that nobody can guess; without it there is nothing here. What is sent are the export
//! requests as they were received, as OTLP/JSON: the page reads spans, and knows no format of ours.

mod files;
mod opener;
mod ring;
mod server;

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context, Result};
use host_test::rig::receiver::Receiver;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::show;
use ring::Ring;

/// Options of the commands that serve it.
#[derive(clap::Args)]
pub(crate) struct Looking {
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
}

impl Looking {
    /// Whether it is to be opened.
    pub(crate) fn is_to_open(&self) -> bool {
        self.open
    }
}

/// A page that is served. Dropped, it is gone.
pub(crate) struct Page {
    ring: Arc<Ring>,
    /// How many requests of the receiver are in the ring.
    seen: AtomicUsize,
    serving: JoinHandle<()>,
}

/// Shows on a page, where there is one, what a receiver gets, for ever.
pub(crate) async fn follow<T>(page: Option<&Page>, receiver: &Receiver) -> Result<T> {
    match page {
        Some(page) => page.follow(receiver).await,
        None => std::future::pending().await,
    }
}

impl Page {
    /// Serves it on a free port of this machine, and of no other; says where, and opens it where that is asked for.
    pub(crate) async fn serve(looking: &Looking) -> Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
        let listener = listener.context("serve the page on 127.0.0.1")?;
        let address = listener.local_addr().context("ask for the page's port")?;
        let token = token()?;
        let url = format!("http://{address}/{token}/");
        let ring = Arc::new(Ring::default());
        let serving = tokio::spawn(server::serve(listener, address, token, Arc::clone(&ring)));
        eprintln!("To look at: {url}");
        if looking.open
            && let Err(error) = opener::open(&url)
        {
            eprintln!("no browser could be opened: {error:#}");
        }
        Ok(Self { ring, seen: AtomicUsize::new(0), serving })
    }

    /// Shows what a receiver gets, for ever.
    pub(crate) async fn follow<T>(&self, receiver: &Receiver) -> Result<T> {
        loop {
            let mut seen = self.seen.load(Relaxed);
            receiver.exports().more_than(seen).await;
            for export in receiver.exports().unseen(&mut seen) {
                let calls = export.traces.iter().flat_map(|traces| &traces.resource_spans);
                let calls = calls.flat_map(|resource| &resource.scope_spans).map(|scope| scope.spans.len());
                self.ring.push(show::json_line(&export)?.trim_end(), calls.sum());
            }
            self.seen.store(seen, Relaxed);
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// 128 bits of the system's randomness, as hex digits.
fn token() -> Result<String> {
    let mut bytes = [0; 16];
    let filled = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes));
    filled.context("random bytes of /dev/urandom for the page's token")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
