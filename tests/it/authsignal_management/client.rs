//! Our client of the Management API, on a mock.

use stepup_client::Kind;
use stepup_client::authsignal_management::{
    ActionOutcome, AuthsignalManagement, Changes, CreateActionConfiguration, CreateRule,
    UpdateRule, UpdateTenant,
};

use crate::tenant::Tenant;
use crate::world::{API_SECRET, MANAGEMENT_SECRET};

fn client(tenant: &Tenant, secret: &str) -> AuthsignalManagement {
    let builder = AuthsignalManagement::builder(secret);
    let url = tenant.server.authsignal().api_url();
    builder.api_url(url).build().unwrap()
}

#[tokio::test]
async fn what_is_set_comes_back_and_what_is_taken_away_is_absent() {
    let tenant = Tenant::new().await;
    let management = client(&tenant, MANAGEMENT_SECRET);
    let action = CreateActionConfiguration {
        default_user_action_result: Some(ActionOutcome::Block),
        ..CreateActionConfiguration::new("withdraw")
    };
    let made = management
        .create_action_configuration(action)
        .await
        .unwrap();
    assert_eq!(made.default_user_action_result, Some(ActionOutcome::Block));
    let rule = CreateRule {
        description: Some("for tests".to_owned()),
        ..CreateRule::new("first", true, 0, ActionOutcome::Allow)
    };
    let rule = management.create_rule("withdraw", rule).await.unwrap();
    let update = UpdateRule {
        priority: Some(7),
        ..UpdateRule::default()
    };
    let changed = management.update_rule("withdraw", &rule.rule_id, update);
    let changed = changed.await.unwrap();
    assert_eq!(
        (changed.priority, changed.description.as_deref()),
        (7, Some("for tests"))
    );
    let changes = Changes::new().remove("description");
    let changed = management.update_rule("withdraw", &rule.rule_id, changes);
    assert_eq!(changed.await.unwrap().description, None);
    let listed = management.list_rules("withdraw").await.unwrap();
    assert_eq!(listed.len(), 1);
    let name = UpdateTenant {
        name: Some("Demo".to_owned()),
        ..UpdateTenant::default()
    };
    let settings = management.update_tenant(name).await.unwrap();
    assert_eq!(settings.name.as_deref(), Some("Demo"));
    management
        .delete_rule("withdraw", &rule.rule_id)
        .await
        .unwrap();
    let gone = management.get_rule("withdraw", &rule.rule_id).await;
    assert_eq!(gone.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn the_secret_of_the_server_api_is_no_key() {
    let tenant = Tenant::new().await;
    let refused = client(&tenant, API_SECRET).get_tenant().await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unauthorized);
    assert_eq!(refused.code(), Some("forbidden"));
    assert!(!format!("{refused} {refused:?}").contains(API_SECRET));
}
