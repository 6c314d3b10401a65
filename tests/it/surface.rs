//! The mock's table of operations against the specs: the same operations, methods, paths and statuses.

use std::collections::BTreeSet;

use stepup_mock::spec_check::{
    Operation, activeconnect, authsignal, authsignal_client, authsignal_management, mock_control,
};

use crate::spec;

fn listed(api: &str) -> &'static [&'static Operation] {
    match api {
        "activeconnect" => activeconnect::operations::ALL,
        "authsignal" => authsignal::operations::ALL,
        "authsignal-client" => authsignal_client::operations::ALL,
        "authsignal-management" => authsignal_management::operations::ALL,
        "mock-control" => mock_control::operations::ALL,
        other => panic!("list the mock's operations of {other} here"),
    }
}

#[test]
fn the_mock_has_the_operations_of_the_specs() {
    for spec in spec::all() {
        let wanted: BTreeSet<_> = spec
            .operations()
            .iter()
            .map(|operation| {
                (
                    operation.id.to_owned(),
                    operation.method.clone(),
                    operation.path.to_owned(),
                    operation.statuses(),
                )
            })
            .collect();
        let listed: BTreeSet<_> = listed(&spec.stem)
            .iter()
            .map(|operation| {
                let mut statuses = operation.statuses.to_vec();
                statuses.sort_unstable();
                (
                    operation.id.to_owned(),
                    operation.method.to_owned(),
                    operation.path.to_owned(),
                    statuses,
                )
            })
            .collect();
        assert_eq!(listed, wanted, "openapi/{}.yaml", spec.stem);
    }
}
