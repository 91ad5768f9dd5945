//! Groups.

use halyard_platform::on_both_databases;

use crate::support::{TestApp, migrations};

on_both_databases! {
    migrations();

    async fn a_token_is_needed(db: &TestDb) {
        let app = TestApp::new(db);
        app.nobody().get("v3/channels/get?workspace_id=1").await.fails(403, 200);
        app.nobody().bearer("wrong").get("v3/channels/get?workspace_id=1").await.fails(403, 200);
    }
}
