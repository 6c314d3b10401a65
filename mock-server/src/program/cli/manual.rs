//! `stepup-mock completions` and `stepup-mock man`: what a shell and a manual know of the command line. Calls no mock.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap_complete::Shell;

/// The program's name, in every completion and page.
const PROGRAM: &str = "stepup-mock";

/// Prints the completions for a shell.
pub(super) fn completions(mut command: clap::Command, shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, PROGRAM, &mut script);
    std::io::stdout().write_all(&script).context("stdout")
}

/// Prints the manual page of the program, or writes a page for each command into a folder.
pub(super) fn man(command: clap::Command, folder: Option<&Path>) -> anyhow::Result<()> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .context("cannot make the page")?;
        return std::io::stdout().write_all(&page).context("stdout");
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .with_context(|| format!("cannot write the pages into {}", folder.display()))
}
