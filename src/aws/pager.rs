//! Lists that AWS gives page by page.
//!
//! The SDK's own paginator does not fit: only its next poll tells whether there is another page, so that a token of the
//! budget would be spent where no request follows; and a list that repeats its token ends there as if it were whole.
//! What stands on a page that nobody read would then be taken for absent.

use aws_sdk_applicationautoscaling::operation::describe_scheduled_actions::DescribeScheduledActionsOutput;
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_ecr::operation::{
    describe_repositories::DescribeRepositoriesOutput, list_images::ListImagesOutput,
};
use aws_sdk_lambda::operation::{
    list_aliases::ListAliasesOutput, list_event_source_mappings::ListEventSourceMappingsOutput,
    list_function_url_configs::ListFunctionUrlConfigsOutput, list_functions::ListFunctionsOutput,
    list_provisioned_concurrency_configs::ListProvisionedConcurrencyConfigsOutput,
    list_versions_by_function::ListVersionsByFunctionOutput,
};
use aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput;
use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{
    calls::{Call, Calls},
    op::Op,
};
use crate::engine::{
    failure::{Class, Failure},
    time::Mono,
    work::Priority,
};

/// An answer that is one page of a list.
pub trait ListPage {
    /// The token that leads to the next page, if AWS gives one.
    fn next_token(&self) -> Option<&str>;
}

macro_rules! list_pages {
    ($($output:ty: $token:ident;)*) => {$(
        impl ListPage for $output {
            fn next_token(&self) -> Option<&str> {
                self.$token()
            }
        }
    )*};
}

// One row for each list: the answer, and the member that holds the token.
list_pages! {
    ListFunctionsOutput: next_marker;
    ListAliasesOutput: next_marker;
    ListVersionsByFunctionOutput: next_marker;
    ListEventSourceMappingsOutput: next_marker;
    ListFunctionUrlConfigsOutput: next_marker;
    ListProvisionedConcurrencyConfigsOutput: next_marker;
    DescribeRepositoriesOutput: next_token;
    ListImagesOutput: next_token;
    DescribeLogGroupsOutput: next_token;
    DescribeScheduledActionsOutput: next_token;
    GetResourcesOutput: pagination_token;
}

/// Reads one list. Every page is a call of its own: it waits for its token, is timed, classified and counted.
pub struct Pager<'a> {
    calls: &'a Calls,
    op: Op,
    priority: Priority,
    pages_max: usize,
    /// How many pages have come.
    pages: usize,
    next: NextPage,
    began: Mono,
}

/// What is asked for next.
enum NextPage {
    First,
    After(String),
    None,
}

impl Calls {
    /// Reads a list of at most so many pages.
    pub fn list(&self, op: Op, priority: Priority, pages_max: usize) -> Pager<'_> {
        let (pages, next, began) = (0, NextPage::First, self.now());
        Pager { calls: self, op, priority, pages_max, pages, next, began }
    }
}

impl Pager<'_> {
    /// The next page, with the moment at which its request began; `None` after the last. `request` sends the request
    /// for the page that this token leads to.
    ///
    /// A list that goes on after `pages_max` pages fails: what was read of it is not all, so nothing may be concluded
    /// from it.
    pub async fn next<T, E, F>(
        &mut self,
        request: impl FnOnce(Option<String>) -> F,
    ) -> Result<Option<(T, Mono)>, Failure>
    where
        T: ListPage,
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, Response>>>,
    {
        let token = match std::mem::replace(&mut self.next, NextPage::None) {
            NextPage::First => None,
            NextPage::After(token) => Some(token),
            NextPage::None => return Ok(None),
        };
        if self.pages == self.pages_max {
            let message = format!("the list has more than {} pages", self.pages_max);
            return Err(self.op.failure(Class::Unclear, message));
        }
        let call = Call::plain(self.op, self.priority);
        let (answer, started) = self.calls.timed(call, Box::pin(request(token))).await;
        if self.pages == 0 {
            self.began = started;
        }
        self.pages += 1;
        let page = answer?;
        if let Some(token) = page.next_token().filter(|it| !it.is_empty()) {
            self.next = NextPage::After(token.to_owned());
        }
        Ok(Some((page, started)))
    }

    /// The moment at which the first request began, also where it failed.
    pub fn began(&self) -> Mono {
        self.began
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_sdk_lambda::{operation::list_aliases::ListAliasesError, types::AliasConfiguration};
    use jiff::Timestamp;

    use super::*;
    use crate::{
        aws::calls::{CallLog, CallRecord, QuotaShares},
        engine::{
            name::Name,
            time::{Clock, Now},
        },
    };

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Now {
            Now { mono: Mono(std::time::Duration::ZERO), wall: Timestamp::UNIX_EPOCH }
        }
    }

    /// The codes of the calls that were counted.
    #[derive(Default)]
    struct Counted(Mutex<Vec<&'static str>>);

    impl CallLog for Counted {
        fn record(&self, call: &CallRecord<'_>) {
            self.0.lock().unwrap().push(call.code);
        }
    }

    /// Reads pages that lead to these tokens; the names that came, or how it failed, and how many calls were counted.
    async fn names(tokens: &[&str], pages_max: usize) -> (Result<Vec<String>, String>, usize) {
        let log = Arc::new(Counted::default());
        let clock: Arc<dyn Clock> = Arc::new(Still);
        let calls = Calls::new(
            Name::new("t"),
            QuotaShares::of(1.0),
            &clock,
            Arc::clone(&log) as Arc<dyn CallLog>,
        );
        let mut list = calls.list(Op::ListAliases, Priority::List, pages_max);
        let (mut names, mut left) = (Vec::new(), tokens.iter());
        let result = loop {
            let request = |token: Option<String>| {
                let alias = AliasConfiguration::builder().name(token.unwrap_or_default()).build();
                let page = ListAliasesOutput::builder().aliases(alias);
                let page = page.set_next_marker(left.next().map(|it| (*it).to_owned()));
                std::future::ready(Ok::<_, SdkError<ListAliasesError, Response>>(page.build()))
            };
            match list.next(request).await {
                Ok(Some((page, _))) => {
                    names.extend(page.aliases.unwrap().into_iter().filter_map(|it| it.name));
                }
                Ok(None) => break Ok(names),
                Err(failure) => break Err(failure.cause.message),
            }
        };
        let counted = log.0.lock().unwrap().len();
        (result, counted)
    }

    #[tokio::test]
    async fn every_page_is_one_call_and_the_last_asks_for_no_more() {
        let all = |names: &[&str]| Ok(names.iter().map(|it| (*it).to_owned()).collect());
        assert_eq!(names(&["a", "b"], 9).await, (all(&["", "a", "b"]), 3));
        assert_eq!(names(&[], 9).await, (all(&[""]), 1));
        // Some answers end a list with an empty token.
        assert_eq!(names(&["a", ""], 9).await, (all(&["", "a"]), 2));
        assert_eq!(names(&["a", "b"], 3).await, (all(&["", "a", "b"]), 3));
    }

    /// A token that leads to itself does not end a list: what is left of it would be taken for absent.
    #[tokio::test]
    async fn a_list_without_an_end_fails() {
        let message = || Err("the list has more than 3 pages".to_owned());
        assert_eq!(names(&["a", "a", "a", "a"], 3).await, (message(), 3));
    }
}
