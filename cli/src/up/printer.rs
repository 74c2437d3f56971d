//! Spans as they come, and in the end what they add up to.

use std::process::ExitCode;

use anyhow::Result;
use host_test::rig::receiver::Receiver;
use inferspan_replay::summary::Summary;

use crate::show::{self, Format, fact, summary, terminal, tree};

/// Prints what a receiver gets.
pub(super) struct Printer<'r> {
    receiver: &'r Receiver,
    format: Format,
    /// Whether each trace is printed.
    each: bool,
    printed: usize,
    summary: Summary,
}

impl<'r> Printer<'r> {
    pub(super) fn new(receiver: &'r Receiver, format: Format, each: bool) -> Self {
        Self { receiver, format, each, printed: 0, summary: Summary::default() }
    }

    /// Prints what comes in, for ever.
    pub(super) async fn follow(&mut self) -> Result<ExitCode> {
        loop {
            self.receiver.exports().more_than(self.printed).await;
            self.print()?;
        }
    }

    /// Prints what has come in since, and the summary.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.print()?;
        match self.format {
            Format::Json => Ok(()),
            Format::Text => show::put(&summary::table(&self.summary)),
        }
    }

    fn print(&mut self) -> Result<()> {
        for export in &self.receiver.exports().unseen(&mut self.printed) {
            let spans = export.spans();
            spans.iter().for_each(|span| self.summary.add(fact::sample(span)));
            match self.format {
                _ if !self.each => {}
                Format::Json => show::put(&show::json_line(export)?)?,
                Format::Text => {
                    for trace in spans.chunk_by(|one, other| one.trace_id == other.trace_id) {
                        show::put(&format!("{}\n", tree::trace(trace, None, terminal::width())))?;
                    }
                }
            }
        }
        Ok(())
    }
}
