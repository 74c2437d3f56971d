//! Progress on stderr while things are built, fetched and started.
//!
//! On a terminal one line at the bottom says what is going on now; in a pipe only what is finished is said.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anstyle::{AnsiColor, Style};

use crate::show::terminal;

/// Several tasks at once, each with a name and a word on what it is doing.
#[derive(Debug)]
pub(crate) struct Progress {
    live: bool,
    started: Instant,
    doing: Mutex<BTreeMap<&'static str, String>>,
}

impl Progress {
    /// Progress of a command that starts now.
    pub(crate) fn new() -> Self {
        Self { live: std::io::stderr().is_terminal(), started: Instant::now(), doing: Mutex::default() }
    }

    /// Says what `task` is doing now.
    pub(crate) fn doing(&self, task: &'static str, what: &str) {
        let mut doing = self.lock();
        let news = doing.insert(task, what.to_owned()).is_none();
        if self.live {
            self.draw(&doing);
        } else if news {
            eprintln!("{task}: {what}");
        }
    }

    /// Shows that time passes.
    pub(crate) fn tick(&self) {
        if self.live {
            self.draw(&self.lock());
        }
    }

    /// Says that `task` is done, and how it ended.
    pub(crate) fn done(&self, task: &'static str, how: &str) {
        let mut doing = self.lock();
        doing.remove(task);
        self.clear();
        let after = self.started.elapsed().as_secs();
        let after = if after > 1 { format!("  ({after} s)") } else { String::new() };
        anstream::eprintln!("{DONE}✓{DONE:#} {task:<9} {how}{FAINT}{after}{FAINT:#}");
        if self.live {
            self.draw(&doing);
        }
    }

    /// Takes the line at the bottom away.
    pub(crate) fn clear(&self) {
        if self.live {
            anstream::eprint!("\r\x1b[K");
        }
    }

    fn draw(&self, doing: &BTreeMap<&'static str, String>) {
        let seconds = self.started.elapsed().as_secs();
        let line: Vec<String> = doing.iter().map(|(task, what)| format!("{task}: {what}")).collect();
        let line =
            if line.is_empty() { String::new() } else { format!("{seconds:>4} s  {}", line.join("  ·  ")) };
        let line: String = line.chars().take(terminal::width().saturating_sub(1)).collect();
        anstream::eprint!("\r\x1b[K{FAINT}{line}{FAINT:#}");
        // Progress that cannot be shown is no reason to fail.
        let _ = std::io::stderr().flush();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const DONE: Style = AnsiColor::Green.on_default();
const FAINT: Style = Style::new().dimmed();
