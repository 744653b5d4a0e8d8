//! GetPolicy, AddPermission and RemovePermission; PutResourcePolicy and DeleteResourcePolicy for what those cannot do.

use aws_sdk_lambda::{
    operation::{get_function::GetFunctionOutput, get_policy::GetPolicyOutput},
    types::FunctionUrlAuthType,
};
use serde_json::Value;

use super::{Call as Step, NAMELESS, Permissions, Statement, Statements, open};
use crate::{
    aws::{
        calls::Call,
        cloud::Priority,
        op::{Bucket, Op},
    },
    engine::{
        failure::{Class, Failure},
        time::Mono,
    },
    kinds::block::{
        At, Extra,
        aws::{Connection, FacetClient, FacetQuery, Others, Read, host},
    },
};

impl FacetClient for Permissions {
    /// ListAliases and ListVersionsByFunction besides the policy; each other alias and version has a policy of its
    /// own, and one is taken as usual.
    const READ_COSTS: &'static [(Bucket, f64)] = &[(Bucket::GetPolicy, 2.0), (Bucket::Lambda, 2.0)];

    async fn read(
        connection: &Connection,
        _: &GetFunctionOutput,
        FacetQuery { at, priority, .. }: FacetQuery<'_, Self>,
    ) -> Read<Statements> {
        policy(connection, at, priority).await
    }

    fn place(call: &Step) -> Option<&At> {
        let (Step::Add(at, ..)
        | Step::Strip(at, ..)
        | Step::Remove(at, _)
        | Step::Replace(at, _)
        | Step::Supersede(at, _)) = call;
        Some(at)
    }

    /// Reads the policies of the function itself, its aliases and its versions: each has one of its
    /// own. The block's own place is left out.
    async fn elsewhere(
        connection: &Connection,
        others: Others<'_>,
    ) -> Result<Vec<Extra<Step>>, Failure> {
        let mut found = Vec::new();
        let qualifiers = connection.qualifiers(others.function, others.priority).await?;
        let all = std::iter::once(None).chain(qualifiers.into_iter().map(Some));
        for at in all.filter_map(|qualifier| others.at(qualifier)) {
            let (statements, _) = policy(connection, &at, others.priority).await;
            let statements = statements?.unwrap_or_default();
            found.extend(open(&at, statements.iter()).into_iter().map(|it| it.elsewhere(&at)));
        }
        Ok(found)
    }

    /// Makes AddPermission, or RemovePermission for the three other calls. What is not restricted
    /// is left out of the request.
    async fn write(connection: &Connection, step: &Step) -> Result<(), Failure> {
        let (at, sid, statement) = match step {
            Step::Add(at, sid, statement) => (at, sid, statement),
            Step::Strip(at, _, statement) => return strip(connection, at, statement).await,
            Step::Remove(at, sid) | Step::Replace(at, sid) | Step::Supersede(at, sid) => {
                let request = connection
                    .lambda()
                    .remove_permission()
                    .function_name(at.function.as_str())
                    .set_qualifier(at.qualifier.clone())
                    .statement_id(sid);
                return connection.calls.write(Op::RemovePermission, request.send()).await;
            }
        };
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        let auth = given(&statement.function_url_auth_type);
        let request = connection
            .lambda()
            .add_permission()
            .function_name(at.function.as_str())
            .set_qualifier(at.qualifier.clone())
            .statement_id(sid)
            .principal(&statement.principal)
            .action(&statement.action)
            .set_source_arn(given(&statement.source_arn))
            .set_source_account(given(&statement.source_account))
            .set_principal_org_id(given(&statement.principal_org_id))
            .set_event_source_token(given(&statement.event_source_token))
            .set_function_url_auth_type(auth.map(|it| FunctionUrlAuthType::from(it.as_str())))
            .set_invoked_via_function_url(statement.invoked_via_function_url.then_some(true));
        connection.calls.write(Op::AddPermission, request.send()).await
    }
}

/// Reads the policy of one place, and the moment at which it was asked for. No policy is no
/// statements.
async fn policy(connection: &Connection, at: &At, priority: Priority) -> Read<Statements> {
    let (answer, moment) = shown(connection, at, priority).await;
    let statements = answer.and_then(|it| match it.and_then(|it| it.policy) {
        Some(policy) => statements(&policy).map(Some),
        None => Ok(Some(Statements::new())),
    });
    (statements, Some(moment))
}

/// Makes GetPolicy; `None`: the place has no policy.
async fn shown(
    connection: &Connection,
    at: &At,
    priority: Priority,
) -> (Result<Option<GetPolicyOutput>, Failure>, Mono) {
    let request = connection
        .lambda()
        .get_policy()
        .function_name(at.function.as_str())
        .set_qualifier(at.qualifier.clone())
        .send();
    let call = Call::plain(Op::GetPolicy, priority);
    connection.calls.find(call, request).await
}

/// Takes a statement without an id out of the policy: the rest is written back as AWS shows it, at the revision that
/// was shown, so that nothing which another party writes meanwhile is lost.
async fn strip(connection: &Connection, at: &At, statement: &Statement) -> Result<(), Failure> {
    let (answer, _) = shown(connection, at, Priority::Write).await;
    let Some(answer) = answer? else { return Ok(()) };
    let Some((rest, any)) = without(answer.policy().unwrap_or_default(), statement)? else {
        return Ok(());
    };
    let Some(function) = connection.function(&at.function, Priority::Write).await?.found else {
        return Ok(());
    };
    let arn = host(&function, connection.calls.wall()).arn;
    let arn = at.qualifier.iter().fold(arn, |arn, it| format!("{arn}:{it}"));
    let lambda = connection.lambda();
    if any {
        let request = lambda.put_resource_policy().resource_arn(arn).policy(rest);
        let request = request.set_revision_id(answer.revision_id);
        return connection.calls.write(Op::PutResourcePolicy, request.send()).await;
    }
    let request = lambda.delete_resource_policy().resource_arn(arn);
    let request = request.set_revision_id(answer.revision_id);
    connection.calls.write(Op::DeleteResourcePolicy, request.send()).await
}

/// A policy without the statements that have no id and say this, and whether it has any other; `None`: it has none
/// such.
fn without(policy: &str, statement: &Statement) -> Result<Option<(String, bool)>, Failure> {
    let (mut whole, all) = parsed(policy)?;
    let count = all.len();
    let rest: Vec<Value> = all
        .into_iter()
        .filter(|(id, it)| !(id.starts_with(NAMELESS) && Statement::read(it) == *statement))
        .map(|(_, it)| it)
        .collect();
    if rest.len() == count {
        return Ok(None);
    }
    let any = !rest.is_empty();
    if let Some(members) = whole.as_object_mut() {
        members.insert("Statement".into(), rest.into());
    }
    Ok(Some((whole.to_string(), any)))
}

/// Reads the statements of a policy, ours and others'. PutResourcePolicy takes any policy: a
/// statement may have no id, and a single one may stand there without a list (Lambda API reference,
/// PutResourcePolicy; IAM, "Grammar of the policy language").
fn statements(policy: &str) -> Result<Statements, Failure> {
    let (_, all) = parsed(policy)?;
    Ok(all.into_iter().map(|(id, it)| (id, Statement::read(&it))).collect())
}

/// A policy, and each of its statements with what it is called here.
fn parsed(policy: &str) -> Result<(Value, Vec<(String, Value)>), Failure> {
    let unclear = |message| Op::GetPolicy.failure(Class::Unclear, message);
    let policy: Value = serde_json::from_str(policy)
        .map_err(|error| unclear(format!("the policy is not JSON: {error}")))?;
    let all = match policy.get("Statement") {
        None => &[],
        Some(Value::Array(all)) => all.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        Some(_) => return Err(unclear("the policy's statements are no list".to_owned())),
    };
    let mut statements: Vec<(String, Value)> = Vec::new();
    for (index, it) in all.iter().enumerate() {
        // One without an id, or with the id of another, is named by its place.
        let id = it.get("Sid").and_then(Value::as_str).filter(|it| !it.is_empty());
        let id = id.filter(|it| statements.iter().all(|(other, _)| other != it));
        let id = id.map_or_else(|| format!("{NAMELESS}{}", index + 1), ToOwned::to_owned);
        statements.push((id, it.clone()));
    }
    Ok((policy, statements))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_statement_of_a_policy_is_overlooked() {
        let ids = |policy: &str| statements(policy).map(|it| it.into_keys().collect::<Vec<_>>());
        let one = r#"{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction"}"#;
        let named = r#"{"Sid":"a","Effect":"Allow","Principal":"*","Action":"x"}"#;
        assert_eq!(ids(&format!(r#"{{"Statement":{one}}}"#)).unwrap(), ["statement 1"]);
        let list = format!(r#"{{"Statement":[{named},{one},{named}]}}"#);
        assert_eq!(ids(&list).unwrap(), ["a", "statement 2", "statement 3"]);
        assert!(ids(r#"{"Statement":"all"}"#).is_err());
        assert!(ids("{}").unwrap().is_empty());
    }

    /// The others are written back as AWS shows them.
    #[test]
    fn a_statement_without_an_id_is_taken_out_alone() {
        let open =
            json!({ "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction" });
        let mut named = open.clone();
        named["Sid"] = json!("a");
        let strange = json!({ "Effect": "Deny", "NotPrincipal": "*", "Action": ["x", "y"] });
        let statement = Statement::read(&open);
        let of = |all: Value| json!({ "Version": "2012-10-17", "Statement": all });
        let (rest, any) =
            without(&of(json!([named, open, strange])).to_string(), &statement).unwrap().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&rest).unwrap(), of(json!([named, strange])));
        assert!(any);
        let (_, any) = without(&of(open.clone()).to_string(), &statement).unwrap().unwrap();
        assert!(!any);
        assert_eq!(without(&of(json!([named])).to_string(), &statement).unwrap(), None);
    }
}
