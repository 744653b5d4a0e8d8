//! The member `permissions` as people write it.

use serde::Deserialize;

/// One of `permissions` as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "shape.rs documents every field")]
pub struct PermissionDoc {
    pub sid: String,
    pub principal: String,
    pub action: Option<String>,
    pub source_arn: Option<String>,
    pub source_account: Option<String>,
    #[serde(rename = "principalOrgId")]
    pub principal_org_id: Option<String>,
    pub function_url_auth_type: Option<String>,
    pub invoked_via_function_url: Option<bool>,
    pub event_source_token: Option<String>,
}
