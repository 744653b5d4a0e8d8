//! Lambda's paths. From the service model of botocore 1.43: method, path, operation.

/// `{F}` is a function, `{R}` an ARN, `{P}` something else that the operation wants.
const ROUTES: &[(&str, &str, &str)] = &[
    ("POST", "/2015-03-31/functions", "CreateFunction"),
    ("GET", "/2015-03-31/functions", "ListFunctions"),
    ("GET", "/2015-03-31/functions/{F}", "GetFunction"),
    ("DELETE", "/2015-03-31/functions/{F}", "DeleteFunction"),
    ("GET", "/2015-03-31/functions/{F}/configuration", "GetFunctionConfiguration"),
    ("PUT", "/2015-03-31/functions/{F}/configuration", "UpdateFunctionConfiguration"),
    ("PUT", "/2015-03-31/functions/{F}/code", "UpdateFunctionCode"),
    ("POST", "/2015-03-31/functions/{F}/versions", "PublishVersion"),
    ("GET", "/2015-03-31/functions/{F}/versions", "ListVersionsByFunction"),
    ("POST", "/2015-03-31/functions/{F}/aliases", "CreateAlias"),
    ("GET", "/2015-03-31/functions/{F}/aliases", "ListAliases"),
    ("GET", "/2015-03-31/functions/{F}/aliases/{P}", "GetAlias"),
    ("PUT", "/2015-03-31/functions/{F}/aliases/{P}", "UpdateAlias"),
    ("DELETE", "/2015-03-31/functions/{F}/aliases/{P}", "DeleteAlias"),
    ("POST", "/2015-03-31/functions/{F}/invocations", "Invoke"),
    ("GET", "/2015-03-31/functions/{F}/policy", "GetPolicy"),
    ("POST", "/2015-03-31/functions/{F}/policy", "AddPermission"),
    ("DELETE", "/2015-03-31/functions/{F}/policy/{P}", "RemovePermission"),
    ("GET", "/2026-07-09/resource-policy/{R}", "GetResourcePolicy"),
    ("PUT", "/2026-07-09/resource-policy/{R}", "PutResourcePolicy"),
    ("DELETE", "/2026-07-09/resource-policy/{R}", "DeleteResourcePolicy"),
    ("GET", "/2017-03-31/tags/{R}", "ListTags"),
    ("POST", "/2017-03-31/tags/{R}", "TagResource"),
    ("DELETE", "/2017-03-31/tags/{R}", "UntagResource"),
    ("PUT", "/2017-10-31/functions/{F}/concurrency", "PutFunctionConcurrency"),
    ("DELETE", "/2017-10-31/functions/{F}/concurrency", "DeleteFunctionConcurrency"),
    ("GET", "/2019-09-30/functions/{F}/concurrency", "GetFunctionConcurrency"),
    ("PUT", "/2019-09-30/functions/{F}/provisioned-concurrency", "PutProvisionedConcurrencyConfig"),
    ("GET", "/2019-09-30/functions/{F}/provisioned-concurrency", "GetProvisionedConcurrencyConfig"),
    (
        "DELETE",
        "/2019-09-30/functions/{F}/provisioned-concurrency",
        "DeleteProvisionedConcurrencyConfig",
    ),
    ("PUT", "/2019-09-25/functions/{F}/event-invoke-config", "PutFunctionEventInvokeConfig"),
    ("POST", "/2019-09-25/functions/{F}/event-invoke-config", "UpdateFunctionEventInvokeConfig"),
    ("GET", "/2019-09-25/functions/{F}/event-invoke-config", "GetFunctionEventInvokeConfig"),
    ("DELETE", "/2019-09-25/functions/{F}/event-invoke-config", "DeleteFunctionEventInvokeConfig"),
    ("GET", "/2019-09-25/functions/{F}/event-invoke-config/list", "ListFunctionEventInvokeConfigs"),
    ("POST", "/2021-10-31/functions/{F}/url", "CreateFunctionUrlConfig"),
    ("PUT", "/2021-10-31/functions/{F}/url", "UpdateFunctionUrlConfig"),
    ("GET", "/2021-10-31/functions/{F}/url", "GetFunctionUrlConfig"),
    ("DELETE", "/2021-10-31/functions/{F}/url", "DeleteFunctionUrlConfig"),
    ("GET", "/2021-10-31/functions/{F}/urls", "ListFunctionUrlConfigs"),
    ("POST", "/2015-03-31/event-source-mappings", "CreateEventSourceMapping"),
    ("GET", "/2015-03-31/event-source-mappings", "ListEventSourceMappings"),
    ("GET", "/2015-03-31/event-source-mappings/{P}", "GetEventSourceMapping"),
    ("PUT", "/2015-03-31/event-source-mappings/{P}", "UpdateEventSourceMapping"),
    ("DELETE", "/2015-03-31/event-source-mappings/{P}", "DeleteEventSourceMapping"),
    ("GET", "/2016-08-19/account-settings", "GetAccountSettings"),
    ("GET", "/2024-08-31/functions/{F}/recursion-config", "GetFunctionRecursionConfig"),
    ("PUT", "/2024-08-31/functions/{F}/recursion-config", "PutFunctionRecursionConfig"),
    ("GET", "/2025-11-30/functions/{F}/function-scaling-config", "GetFunctionScalingConfig"),
    ("PUT", "/2025-11-30/functions/{F}/function-scaling-config", "PutFunctionScalingConfig"),
    ("GET", "/2020-06-30/functions/{F}/code-signing-config", "GetFunctionCodeSigningConfig"),
    ("GET", "/2021-07-20/functions/{F}/runtime-management-config", "GetRuntimeManagementConfig"),
];

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) operation: &'static str,
    /// The function, as it is written in the path.
    pub(crate) function: Option<&'a str>,
    /// The other parts that vary.
    pub(crate) rest: Vec<&'a str>,
}

/// Finds the operation. The parts are still percent-encoded.
pub(crate) fn find<'a>(method: &str, path: &'a str) -> Option<Route<'a>> {
    ROUTES.iter().filter(|it| it.0 == method).find_map(|(_, pattern, operation)| {
        let (function, rest) = fit(pattern, path)?;
        // One path, two operations: the query tells them apart.
        Some(Route { operation, function, rest })
    })
}

fn fit<'a>(pattern: &str, path: &'a str) -> Option<(Option<&'a str>, Vec<&'a str>)> {
    let mut wanted = pattern.split('/');
    // An SDK or two writes a slash at the end.
    let mut found = path.trim_end_matches('/').split('/');
    let (mut function, mut rest) = (None, Vec::new());
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Some((function, rest)),
            (Some("{F}"), Some(part)) if !part.is_empty() => function = Some(part),
            (Some("{R}" | "{P}"), Some(part)) if !part.is_empty() => rest.push(part),
            (Some(one), Some(other)) if one == other => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_operations() {
        let check = |method: &str, path: &str, expected: Option<&str>| {
            assert_eq!(find(method, path).map(|it| it.operation), expected, "{method} {path}");
        };
        check("GET", "/2015-03-31/functions", Some("ListFunctions"));
        check("GET", "/2015-03-31/functions/", Some("ListFunctions"));
        check("PUT", "/2015-03-31/functions/f/code", Some("UpdateFunctionCode"));
        check("PUT", "/2015-03-31/functions//code", None);
        check("PATCH", "/2015-03-31/functions/f/code", None);
        let route = find("GET", "/2015-03-31/functions/f/aliases/live").expect("a route");
        assert_eq!((route.function, route.rest), (Some("f"), vec!["live"]));
    }
}
