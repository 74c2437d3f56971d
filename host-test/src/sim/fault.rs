//! What a filter did that it must not, with everything one needs to find out why.

use std::collections::VecDeque;
use std::fmt;

use crate::sim::abi::Status;
use crate::sim::world::LogLine;

/// Something that would have cut streams, stopped traffic or broken Envoy.
///
/// Printing it, also with `{:?}` as `unwrap` does, gives the account: what happened, in which callback, the
/// wasm's own backtrace, the last host calls and the last log lines.
#[derive(Clone, PartialEq)]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// Where, and what came before.
    pub account: Box<Account>,
}

/// What is known of the moment of a [`Fault`].
#[derive(Clone, PartialEq)]
pub struct Account {
    /// The callback it happened in, with its arguments.
    pub callback: String,
    /// The VM it happened in.
    pub vm: String,
    /// The functions of the wasm that were active, innermost first; empty where the filter had returned.
    pub backtrace: Vec<String>,
    /// The last host calls, oldest first.
    pub host_calls: Vec<HostCall>,
    /// The last lines the VM logged, oldest first; a panic's message is among them.
    pub logs: Vec<LogLine>,
}

/// The kinds of fault.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The wasm trapped: the VM is gone, and every stream on it.
    Trap(String),
    /// The callback burnt all its fuel: it would have blocked the worker.
    OutOfFuel,
    /// A call that Envoy does not survive, or that has no meaning where it was made.
    Forbidden(String),
    /// The callback answered Pause.
    Paused,
    /// The filter refused its configuration.
    ConfigurationRefused,
    /// What left is not what came in.
    Changed(String),
}

/// One call of the filter to the host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostCall {
    /// The import's name.
    pub name: &'static str,
    /// Its arguments, as far as a reader wants them.
    pub arguments: String,
    /// What it answered; none for a call that did not return.
    pub answer: Option<CallAnswer>,
}

/// What a host call answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallAnswer {
    /// A status of the ABI.
    Status(Status),
    /// An error number of WASI; 0 is success.
    Errno(u32),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FaultKind::Trap(why) => write!(f, "the filter trapped: {why}")?,
            FaultKind::OutOfFuel => write!(f, "the filter did not return: a callback's fuel is used up")?,
            FaultKind::Forbidden(why) => write!(f, "the filter made a forbidden call: {why}")?,
            FaultKind::Paused => write!(f, "the filter paused the stream")?,
            FaultKind::ConfigurationRefused => write!(f, "the filter refused its configuration")?,
            FaultKind::Changed(what) => write!(f, "the filter changed the traffic: {what}")?,
        }
        let Account { callback, vm, backtrace, host_calls, logs } = &*self.account;
        write!(f, "\n  in {callback} on {vm}")?;
        section(f, "backtrace, innermost first", backtrace)?;
        section(f, "last host calls, oldest first", host_calls)?;
        let logs: Vec<_> = logs.iter().map(|line| format!("[{}] {}", line.level, line.text)).collect();
        section(f, "last log lines, oldest first", &logs)
    }
}

fn section(f: &mut fmt::Formatter<'_>, title: &str, lines: &[impl fmt::Display]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    write!(f, "\n  {title}:")?;
    lines.iter().try_for_each(|line| write!(f, "\n    {}", line.to_string().replace('\n', "\n    ")))
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for HostCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name, self.arguments)?;
        match self.answer {
            Some(CallAnswer::Status(status)) => write!(f, " -> {status:?}"),
            Some(CallAnswer::Errno(errno)) => write!(f, " -> errno {errno}"),
            None => write!(f, " did not return"),
        }
    }
}

/// The last host calls, bounded.
#[derive(Default)]
pub(crate) struct Trace(VecDeque<HostCall>);

impl Trace {
    const KEPT: usize = 24;

    pub(crate) fn enter(&mut self, name: &'static str) {
        // The strings of calls that fall out are used again: a stream makes thousands of calls.
        let mut arguments = match self.0.len() {
            Self::KEPT.. => self.0.pop_front().map(|call| call.arguments).unwrap_or_default(),
            _ => String::new(),
        };
        arguments.clear();
        self.0.push_back(HostCall { name, arguments, answer: None });
    }

    pub(crate) fn arguments(&mut self) -> Option<&mut String> {
        self.0.back_mut().map(|call| &mut call.arguments)
    }

    pub(crate) fn leave(&mut self, answer: CallAnswer) {
        if let Some(call) = self.0.back_mut() {
            call.answer = Some(answer);
        }
    }

    pub(crate) fn calls(&self) -> Vec<HostCall> {
        self.0.iter().cloned().collect()
    }
}
