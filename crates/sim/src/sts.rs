//! STS: who is calling, and roles to assume.

use crate::{
    call::{Answer, Call, Refusal, Reply},
    chance,
};

pub(crate) fn answer(call: &Call, seed: u64) -> Answer {
    let id = chance::uuid(seed, 0);
    let xml = match call.operation {
        "GetCallerIdentity" => {
            let account = &call.caller.account;
            format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:iam::{account}:user/stand-in</Arn><UserId>{}</UserId><Account>{account}</Account>\
                 </GetCallerIdentityResult><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
                call.caller.key
            )
        }
        _ => assume(call, &id)?,
    };
    Ok(Reply { status: 200, raw: Some(xml.into_bytes().into()), ..Reply::default() })
}

fn assume(call: &Call, id: &str) -> Result<String, Refusal> {
    let arn = call.param("RoleArn").unwrap_or_default();
    let mut parts = arn.split(':');
    let account = parts.nth(4).filter(|it| it.len() == 12).unwrap_or_default();
    let role = parts.next().and_then(|it| it.strip_prefix("role/")).unwrap_or_default();
    if account.is_empty() || role.is_empty() {
        return Err(Refusal::new(400, "ValidationError", format!("{arn} is invalid")));
    }
    let session = call.param("RoleSessionName").unwrap_or_default();
    Ok(format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>{account}{role}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA:{session}</AssumedRoleId>\
         <Arn>arn:aws:sts::{account}:assumed-role/{role}/{session}</Arn></AssumedRoleUser></AssumeRoleResult>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></AssumeRoleResponse>"
    ))
}
