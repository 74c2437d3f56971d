//! The `inferspan` command: try the filter (`demo`), run it in front of a real API (`up`), ask what it would say of
//! recorded exchanges (`replay`), check its configuration (`validate`, `schema`), make its prices of a public table
//! (`prices`); and what a shell wants to know of it (`completions`, `man`). Every subcommand is a module with an `Args`
//! and a `run`.
//!
//! What a subcommand promises on stdout is its result; progress, hints and errors go to stderr. The exit code is 0
//! when it did what was asked, 1 when it did not, 2 when the command line was wrong.

mod base_url;
mod configuration;
mod demo;
mod page;
mod parts;
mod prices;
mod progress;
mod replay;
mod shell;
mod show;
mod stop;
mod up;
mod validate;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// LLM telemetry at the proxy: try it, run it, ask what it would say.
#[derive(Parser)]
#[command(name = "inferspan", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// See it work: real HTTP calls through a real Envoy with the filter, and the traces they leave
    Demo(demo::Args),
    /// Run the filter in front of a real API on this machine
    Up(up::Args),
    /// Read recorded exchanges and say what the filter makes of them
    Replay(replay::Args),
    /// Say whether the filter takes a configuration, and what is effective by it
    Validate(validate::Args),
    /// Print the configuration's JSON Schema
    Schema,
    /// Turn a public table of prices into the configuration's section `prices`
    Prices(prices::Args),
    /// Print what a shell needs to complete commands and options
    Completions(shell::Completions),
    /// Print the manual page, or write all of them into a directory
    Man(shell::Man),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Demo(args) => demo::run(args),
        Command::Up(args) => up::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Validate(args) => validate::run(args),
        Command::Schema => validate::schema(),
        Command::Prices(args) => prices::run(args),
        Command::Completions(args) => shell::completions(args),
        Command::Man(args) => shell::man(args),
    };
    done.unwrap_or_else(|error| {
        let of_pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
        if error.downcast_ref().is_some_and(of_pipe) {
            // Whoever read our output has seen enough.
            return ExitCode::SUCCESS;
        }
        eprintln!("inferspan: {error:#}");
        ExitCode::FAILURE
    })
}

/// Ends the program as clap does where the command line is wrong.
fn misuse(kind: clap::error::ErrorKind, message: &str) -> ! {
    Cli::command().error(kind, message).exit()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
