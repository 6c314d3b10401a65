//! The `stepup-mock` program. Everything is in the library.

fn main() -> std::process::ExitCode {
    stepup_mock::run_command_line()
}
