//! What a shell, and a reader of manuals, wants to know of the command: made of its command line itself.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use crate::Cli;

/// What `inferspan completions` takes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  inferspan completions bash > ~/.local/share/bash-completion/completions/inferspan
  inferspan completions zsh > ~/.zfunc/_inferspan
  inferspan completions fish > ~/.config/fish/completions/inferspan.fish")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// What `inferspan man` takes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  inferspan man | man -l -
  inferspan man --dir /usr/local/share/man/man1")]
pub(crate) struct Man {
    /// Write a page for the command and one for each subcommand there
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
}

pub(crate) fn completions(args: Completions) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "inferspan", &mut script);
    crate::show::put(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(args: Man) -> Result<ExitCode> {
    match args.dir {
        Some(directory) => {
            let written = clap_mangen::generate_to(Cli::command(), &directory);
            written.with_context(|| directory.display().to_string())?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page).context("make the manual page")?;
            crate::show::put(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
