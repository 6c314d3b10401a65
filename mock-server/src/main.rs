//! The `stepup-mock` program. Everything is in the library.

fn main() -> std::process::ExitCode {
    stepup_mock::cli::run()
}
