//! The program in a build that exports no traces. Must not use the mock as a library.

use crate::running::{Running, command, run};
use crate::{FREE_PORT, fails};

#[test]
fn a_flag_for_traces_is_refused_with_how_to_build_them_and_variables_for_all_programs_are_not() {
    let flag = ["--otlp-endpoint", "http://127.0.0.1:9"];
    let output = run(&[&FREE_PORT[..], &flag].concat());
    fails(&output, &["--otlp-endpoint", "--features otel"]);
    let mut command = command(&FREE_PORT);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    let stopped = Running::of(command).signal("TERM");
    assert!(!stopped.stderr.contains("traces"), "{}", stopped.stderr);
}
