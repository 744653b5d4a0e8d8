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

/// What every statement of a policy has around its own texts.
const AROUND: &str = r#"{"Sid":"","Effect":"Allow","Principal":"","Action":"","Resource":""}"#;

impl PermissionDoc {
    /// How many bytes it takes in a policy at least.
    pub(super) fn size(&self) -> usize {
        let texts = [
            Some(&self.sid),
            Some(&self.principal),
            self.action.as_ref(),
            self.source_arn.as_ref(),
            self.source_account.as_ref(),
            self.principal_org_id.as_ref(),
            self.function_url_auth_type.as_ref(),
            self.event_source_token.as_ref(),
        ];
        AROUND.len() + texts.into_iter().flatten().map(String::len).sum::<usize>()
    }
}
