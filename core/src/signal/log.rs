//! What is told of a call as log records, apart from its span.

use super::{AttributeSink, Conventions};
use crate::call::Call;
use crate::time::UnixNanos;

/// A log event that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// All of a call's attributes, whether its span is sampled or not.
    InferenceDetails,
    /// Why a call failed.
    Exceptions,
    /// A call cost more than the threshold.
    CostThreshold,
}

/// How grave it is (OTLP's `SeverityNumber`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is said of it.
    Unspecified,
    /// A warning.
    Warn,
}

impl Severity {
    /// OTLP's number of it.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Unspecified => 0,
            Self::Warn => 13,
        }
    }

    /// Its name for people; none where nothing is said.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Unspecified => "",
            Self::Warn => "WARN",
        }
    }
}

/// A row of a convention's table of log events.
#[derive(Debug)]
pub(super) struct LogRow {
    /// By what it is asked for.
    pub(super) kind: LogKind,
    /// The event's name.
    pub(super) name: &'static str,
    /// How grave it is.
    pub(super) severity: Severity,
    /// When it happened; `None` where it did not.
    pub(super) when: fn(&Call) -> Option<UnixNanos>,
    /// What is told of it.
    pub(super) attributes: fn(&Call, &Conventions, &mut dyn AttributeSink),
}

/// A log event of a call.
#[derive(Clone, Copy, Debug)]
pub struct LogEvent<'c> {
    call: &'c Call,
    conventions: &'c Conventions,
    row: &'static LogRow,
    time: UnixNanos,
}

impl<'c> LogEvent<'c> {
    /// The event, where it happened in this call.
    pub(super) fn new(row: &'static LogRow, call: &'c Call, conventions: &'c Conventions) -> Option<Self> {
        (row.when)(call).map(|time| Self { call, conventions, row, time })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.row.name
    }

    /// When it happened.
    #[must_use]
    pub fn time(&self) -> UnixNanos {
        self.time
    }

    /// How grave it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.row.severity
    }

    /// Whether it is told in several vocabularies.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.conventions.is_wide()
    }

    /// Room that it needs beside that of others, for the content that it tells.
    #[must_use]
    pub fn content_room(&self) -> usize {
        match self.row.kind {
            LogKind::InferenceDetails => self.conventions.content_room(self.call, true),
            _ => 0,
        }
    }

    /// All its attributes.
    pub fn attributes(&self, sink: &mut dyn AttributeSink) {
        (self.row.attributes)(self.call, self.conventions, sink);
    }
}
