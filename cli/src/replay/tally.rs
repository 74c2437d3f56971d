//! How far a run is, and what it adds up to. On a terminal it is shown once the run turns out to be long.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use inferspan_replay::Recording;
use inferspan_replay::summary::{Sample, Summary};

use super::Observation;
use crate::progress::Progress;
#[cfg(feature = "wasm")]
use crate::show;

pub(super) struct Tally {
    progress: Option<Progress>,
    started: Instant,
    drawn: Instant,
    exchanges: u64,
    calls: u64,
    failed: u64,
    summary: Summary,
}

impl Tally {
    pub(super) fn new() -> Self {
        let progress = std::io::stderr().is_terminal().then(Progress::new);
        let now = Instant::now();
        let summary = Summary::default();
        Self { progress, started: now, drawn: now, exchanges: 0, calls: 0, failed: 0, summary }
    }

    pub(super) fn begin(&mut self, recording: &Recording) {
        self.exchanges += 1;
        let Some(progress) = &self.progress else { return };
        if self.started.elapsed() > PATIENCE && self.drawn.elapsed() > PACE {
            progress.doing("replay", &format!("{} exchanges, now {}", self.exchanges, recording.id));
            self.drawn = Instant::now();
        }
    }

    pub(super) fn count(&mut self, observation: &Observation) {
        let sample = match observation {
            Observation::Nothing(_) => return,
            Observation::Call(told) => Some(Sample::from(&told.call)),
            #[cfg(feature = "wasm")]
            Observation::Sent(sent) => sent.span.as_ref().map(show::fact::sample),
        };
        self.calls += 1;
        if let Some(sample) = sample {
            self.summary.add(sample);
        }
    }

    pub(super) fn fail(&mut self, error: &anyhow::Error) {
        self.failed += 1;
        self.clear();
        eprintln!("inferspan: {error:#}");
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed > 0
    }

    pub(super) fn summary(&self) -> &Summary {
        &self.summary
    }

    pub(super) fn clear(&self) {
        if let Some(progress) = &self.progress {
            progress.clear();
        }
    }

    pub(super) fn end(&self, for_people: bool) {
        self.clear();
        if for_people {
            let failed =
                if self.failed > 0 { format!(", {} could not be read", self.failed) } else { String::new() };
            eprintln!("{} exchanges, {} LLM calls{failed}", self.exchanges, self.calls);
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(1);
const PACE: Duration = Duration::from_millis(100);
