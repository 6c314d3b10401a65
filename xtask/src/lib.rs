//! Repository tasks as a library, so that tests can run them on any folder: code generation from `openapi/`, the lint of
//! the specs, and the house rules. Every task takes the root as an argument and knows no other place.

pub mod bench;
pub mod book;
pub mod codegen;
pub mod coverage;
pub mod fuzz;
pub mod lint_spec;
pub mod model;
pub mod names;
pub mod public_api;
pub mod spec;
pub mod tidy;

/// The cargo that runs this task, or else the one on the PATH.
fn cargo() -> std::process::Command {
    std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
