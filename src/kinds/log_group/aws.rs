//! DescribeLogGroups, and the calls that change one.

use aws_sdk_cloudwatchlogs::types::LogGroup as AwsLogGroup;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;

use super::{Call as Step, Config, LogGroup};
use crate::{
    aws::{
        op::{Bucket, Op},
        pager::Pager,
    },
    engine::failure::Failure,
    kinds::block::aws::{Connection, FacetClient, FacetQuery, Read},
};

/// As many groups as a Region holds by default, 50 a page (CloudWatch Logs quotas page).
const PAGES_MAX: usize = 20_000;

impl FacetClient for LogGroup {
    const READ_COSTS: &'static [(Bucket, f64)] = &[(Bucket::Logs, 1.0)];

    /// A group that no document wants any more is only forgotten, so AWS is not asked for it.
    async fn read(
        connection: &Connection,
        _: &GetFunctionOutput,
        FacetQuery { wanted, priority, .. }: FacetQuery<'_, Self>,
    ) -> Read<Config> {
        let Some(wanted) = wanted else { return (Ok(None), None) };
        let mut list = connection.calls.list(Op::DescribeLogGroups, priority, PAGES_MAX);
        let group = named(connection, &mut list, &wanted.group).await;
        (group.map(|it| it.map(config)), Some(list.began()))
    }

    async fn write(connection: &Connection, step: &Step) -> Result<(), Failure> {
        let logs = &connection.clients.logs;
        match step {
            Step::Create(group, key) => {
                let request =
                    logs.create_log_group().log_group_name(group).set_kms_key_id(key.clone());
                connection.calls.write(Op::CreateLogGroup, request.send()).await
            }
            Step::Keep(group, days) => {
                let request =
                    logs.put_retention_policy().log_group_name(group).retention_in_days(*days);
                connection.calls.write(Op::PutRetentionPolicy, request.send()).await
            }
            Step::KeepForever(group) => {
                let request = logs.delete_retention_policy().log_group_name(group);
                connection.calls.write(Op::DeleteRetentionPolicy, request.send()).await
            }
            Step::Lock(group, key) => {
                let request = logs.associate_kms_key().log_group_name(group).kms_key_id(key);
                connection.calls.write(Op::AssociateKmsKey, request.send()).await
            }
            Step::Unlock(group) => {
                let request = logs.disassociate_kms_key().log_group_name(group);
                connection.calls.write(Op::DisassociateKmsKey, request.send()).await
            }
        }
    }
}

/// Finds the group with exactly this name: AWS lists all that begin with it.
async fn named(
    connection: &Connection,
    list: &mut Pager<'_>,
    name: &str,
) -> Result<Option<AwsLogGroup>, Failure> {
    let request = |token| {
        let request = connection.clients.logs.describe_log_groups();
        request.log_group_name_prefix(name).set_next_token(token).send()
    };
    while let Some((page, _)) = list.next(request).await? {
        let mut groups = page.log_groups.unwrap_or_default().into_iter();
        let group = groups.find(|it| it.log_group_name.as_deref() == Some(name));
        if group.is_some() {
            return Ok(group);
        }
    }
    Ok(None)
}

fn config(found: AwsLogGroup) -> Config {
    Config {
        group: found.log_group_name.unwrap_or_default(),
        retention: found.retention_in_days,
        account_policy: found.retention_policy_name.filter(|it| !it.is_empty()),
        key: found.kms_key_id.filter(|it| !it.is_empty()),
    }
}
