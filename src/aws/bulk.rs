//! Bulk reads: what many resources are like, by few calls. Their rows only nominate (`engine/bulk_rows.rs`).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_resourcegroupstagging::types::ResourceTagMapping;
use tokio::sync::mpsc;

use super::{calls::Calls, clients::Clients, op::Op};
use crate::engine::{
    bulk_rows::{BulkRow, BulkSubject},
    failure::Failure,
    name::Name,
    work::Priority,
};

/// What GetResources returns at most (Resource Groups Tagging API reference). Pages may be shorter.
const PAGE: i32 = 100;
/// 200,000 resources; AWS names no limit.
const TAG_PAGES_MAX: usize = 2_000;
/// As many groups as a Region holds by default, 50 a page (CloudWatch Logs quotas page).
const GROUP_PAGES_MAX: usize = 20_000;
/// The services whose resources have tags that matter. All of their resources are asked for: which types of resources
/// are taken as a filter is not documented for each.
const SERVICES: [&str; 2] = ["lambda", "ecr"];
/// What Lambda's own names of log groups begin with.
const LAMBDA_GROUPS: &str = "/aws/lambda/";

/// Where the rows go, page by page.
pub type BulkPages = mpsc::Sender<Vec<BulkRow>>;

/// Reads in bulk in one target, and sends the rows as they come.
pub struct BulkClient<'a> {
    /// What can be called.
    pub clients: &'a Clients,
    /// The one door.
    pub calls: &'a Calls,
    /// Who takes the rows.
    pub rows: &'a BulkPages,
}

impl BulkClient<'_> {
    /// Reads the tags of all functions, repositories and event source mappings that have tags or ever had any. What
    /// lost its tags comes without any: that needs a request without a filter for tags.
    pub async fn tags(&self) -> Result<(), Failure> {
        let request = |token: Option<String>| {
            let services = SERVICES.map(ToOwned::to_owned).to_vec();
            let request = self.clients.tagging.get_resources();
            let request = request.set_resource_type_filters(Some(services));
            request.resources_per_page(PAGE).set_pagination_token(token).send()
        };
        let mut list = self.calls.list(Op::GetResources, Priority::List, TAG_PAGES_MAX);
        while let Some((page, _)) = list.next(request).await? {
            let found = page.resource_tag_mapping_list.unwrap_or_default();
            if self.rows.send(found.into_iter().filter_map(tagged).collect()).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Reads the log groups with these names. `pages`: how many pages those with Lambda's own names had when they
    /// were read last; all of them are read again unless one call for each name is fewer. Returns how many pages they
    /// have now, if they were read.
    pub async fn log_groups(
        &self,
        names: &BTreeSet<String>,
        pages: Option<usize>,
    ) -> Result<Option<usize>, Failure> {
        let (own, others): (Vec<&String>, Vec<&String>) =
            names.iter().partition(|it| it.starts_with(LAMBDA_GROUPS));
        let singly = pages.is_some_and(|it| own.len() < it);
        let mut read = None;
        if !own.is_empty() && !singly {
            read = Some(self.groups(LAMBDA_GROUPS, GROUP_PAGES_MAX).await?);
        }
        for name in others.into_iter().chain(own.into_iter().filter(|_| singly)) {
            // AWS sorts by name, so that the group itself is the first of all that begin with its name.
            self.groups(name, 1).await?;
        }
        Ok(read)
    }

    /// Reads at most so many pages of the groups whose names begin with this. Returns how many pages there were.
    async fn groups(&self, prefix: &str, pages_max: usize) -> Result<usize, Failure> {
        let request = |token| {
            let request = self.clients.logs.describe_log_groups().log_group_name_prefix(prefix);
            request.set_next_token(token).send()
        };
        let mut list = self.calls.list(Op::DescribeLogGroups, Priority::List, pages_max + 1);
        let mut count = 0;
        while count < pages_max
            && let Some((page, _)) = list.next(request).await?
        {
            count += 1;
            let found = page.log_groups.unwrap_or_default();
            if self.rows.send(found.into_iter().filter_map(group).collect()).await.is_err() {
                break;
            }
        }
        Ok(count)
    }
}

/// Reads one row of GetResources; `None` if it is about something that Evenkeel does not keep.
fn tagged(row: ResourceTagMapping) -> Option<BulkRow> {
    let of = resource(row.resource_arn.as_deref()?)?;
    let tags = row.tags.unwrap_or_default().into_iter();
    Some(BulkRow { of, shown: tags.map(|it| (it.key, it.value)).collect() })
}

/// What an ARN is of; `None` if it is nothing that Evenkeel keeps.
fn resource(arn: &str) -> Option<BulkSubject> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, _, _, rest] = parts.as_slice() else { return None };
    let (kind, name) = rest.split_once([':', '/'])?;
    match (*service, kind) {
        (_, _) if name.is_empty() => None,
        // Versions and aliases have no tags.
        ("lambda", "function") if !name.contains(':') => {
            Some(BulkSubject::Function(Name::new(name)))
        }
        ("lambda", "event-source-mapping") => Some(BulkSubject::EventSource(name.to_owned())),
        ("ecr", "repository") => Some(BulkSubject::Repository(Name::new(name))),
        _ => None,
    }
}

/// Reads one row of DescribeLogGroups, in the words of `kinds/log_group`; `None` if it has no name.
fn group(row: LogGroup) -> Option<BulkRow> {
    let group = row.log_group_name?;
    let retention = row.retention_in_days.map(|it| ("retentionInDays", it.to_string()));
    let key = row.kms_key_id.filter(|it| !it.is_empty()).map(|it| ("kmsKeyId", it));
    let fields = [Some(("", group.clone())), retention, key].into_iter().flatten();
    let shown: BTreeMap<String, String> = fields.map(|(key, it)| (key.to_owned(), it)).collect();
    Some(BulkRow { of: BulkSubject::LogGroup(group), shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_lead_to_what_is_kept() {
        let of = |rest: &str| {
            let (service, rest) = rest.split_once(' ').unwrap();
            resource(&format!("arn:aws:{service}:eu-west-1:123456789012:{rest}"))
        };
        assert_eq!(of("lambda function:f"), Some(BulkSubject::Function(Name::new("f"))));
        assert_eq!(of("lambda function:f:live"), None);
        assert_eq!(
            of("lambda event-source-mapping:0-1"),
            Some(BulkSubject::EventSource("0-1".into()))
        );
        assert_eq!(of("lambda layer:l"), None);
        assert_eq!(of("ecr repository/a/b"), Some(BulkSubject::Repository(Name::new("a/b"))));
        assert_eq!(of("ecr repository/"), None);
        assert_eq!(resource("arn:aws:s3:::bucket"), None);
    }
}
