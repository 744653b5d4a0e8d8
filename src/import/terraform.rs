//! Terraform and OpenTofu: what `show -json` prints of a state or of a plan.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    convert::Vocabulary,
    document::ImportedDocument,
    draft::{Batch, FunctionDraft, function_of},
    reasons::{LATER, SENSITIVE},
    source_node::SourceNode,
};

const VOCABULARY: Vocabulary = Vocabulary {
    aliases: &[
        ("image", "image_uri"),
        ("fileSystemConfigs", "file_system_config"),
        ("filters", "filter"),
        ("sourceAccessConfigurations", "source_access_configuration"),
        ("imageTagMutabilityExclusionFilters", "image_tag_mutability_exclusion_filter"),
        ("authType", "authorization_type"),
        ("sid", "statement_id"),
    ],
    computed: &[
        "arn",
        "id",
        "invoke_arn",
        "response_streaming_invoke_arn",
        "last_modified",
        "qualified_arn",
        "qualified_invoke_arn",
        "signing_job_arn",
        "signing_profile_version_arn",
        "source_code_hash",
        "source_code_size",
        "code_sha256",
        "version",
        "vpc_id",
        "function_arn",
        "function_url",
        "url_id",
        "uuid",
        "state",
        "state_transition_reason",
        "last_processing_result",
        "statement_id_prefix",
        "registry_id",
        "repository_url",
        "name_prefix",
        "region",
        "timeouts",
        "deletion_protection_enabled",
    ],
    defaults: &[
        ("package_type", "\"Image\""),
        ("publish", "false"),
        ("skip_destroy", "false"),
        ("force_delete", "false"),
        ("replace_security_groups_on_destroy", "false"),
        ("parallelization_factor", "0"),
        ("retention_in_days", "0"),
        ("log_group_class", "\"STANDARD\""),
    ],
    expression: "",
};

/// What Terraform prints besides resources: what it is about is said there too, or is its own.
const OWN: &[&str] = &[
    "format_version",
    "terraform_version",
    "values",
    "planned_values",
    "resource_changes",
    "resource_drift",
    "prior_state",
    "configuration",
    "relevant_attributes",
    "checks",
    "timestamp",
    "applyable",
    "complete",
    "errored",
    "variables",
];

/// Adds a resource of Terraform's to the function that it belongs to.
type AddTerraformResource = fn(&mut FunctionDraft, SourceNode);

/// What is said of a function by something else than itself, and how that is carried.
const PARTS: &[(&str, AddTerraformResource)] = &[
    ("aws_lambda_alias", |draft, mut source| {
        source.forget(&["function_name"]);
        draft.alias(source, "name", "function_version");
    }),
    ("aws_lambda_function_url", |draft, source| {
        let source = qualify_source(draft, source);
        // The provider adds a permission for everybody that no resource describes.
        if source.get("authorization_type").is_some_and(|it| it == "NONE") {
            draft.mark_public();
        }
        draft.set_member("url", source);
    }),
    ("aws_lambda_function_event_invoke_config", |draft, source| {
        let source = qualify_source(draft, source);
        draft.set_member("asyncInvoke", source);
    }),
    ("aws_lambda_permission", |draft, source| {
        let source = qualify_source(draft, source);
        draft.permission(source, "imported");
    }),
    ("aws_lambda_provisioned_concurrency_config", |draft, source| {
        let source = qualify_source(draft, source);
        draft.provisioned(source, "provisioned_concurrent_executions");
    }),
    ("aws_lambda_event_source_mapping", |draft, source| {
        let source = qualify_source(draft, source);
        draft.add_item("eventSources", source);
    }),
    ("aws_cloudwatch_log_group", |draft, mut source| {
        source.forget(&["name"]);
        draft.set_member("logGroup", source);
    }),
];

/// Reads what `show -json` prints of a state (`values`) or of a plan (`planned_values`): functions
/// and repositories first, then what belongs to functions.
pub(super) fn read(document: Value) -> Vec<ImportedDocument> {
    let mut source = SourceNode::new("", document);
    let later = later(&source);
    let mut batch = Batch::new(&VOCABULARY);
    let mut resources = Vec::new();
    for key in ["values", "planned_values"] {
        let Some(mut values) = source.child(key) else { continue };
        if let Some(root) = values.child("root_module") {
            resources.extend(flat(root, &later, &mut batch));
        }
        source.rest.extend(values.rest.into_iter().map(|(name, it)| (format!("{key}.{name}"), it)));
    }
    source.forget(OWN);
    batch.converter.omit_rest(source, &[]);
    let resources = functions(&mut batch, resources);
    let resources = repositories(&mut batch, resources);
    parts(&mut batch, resources);
    batch.finish()
}

/// A resource: its type, and its values.
struct TerraformResource {
    kind: String,
    source: SourceNode,
}

/// Collects the resources that a module and its child modules manage. A mark takes the place of
/// each value that is sensitive, or known only after the plan has run (`later`, by address).
fn flat(
    mut module: SourceNode,
    later: &BTreeMap<String, Value>,
    batch: &mut Batch,
) -> Vec<TerraformResource> {
    let mut all = Vec::new();
    for mut it in module.children("resources") {
        // What is only read is nothing that Terraform keeps.
        if it.get("mode").is_some_and(|it| it == "data") {
            continue;
        }
        let address = it.text("address").unwrap_or_default();
        let kind = it.text("type").unwrap_or_default();
        let mut values = it.take("values").unwrap_or_default();
        if let Some(later) = later.get(&address) {
            mark(&mut values, later, LATER);
        }
        if let Some(marks) = it.take("sensitive_values") {
            mark(&mut values, &marks, SENSITIVE);
        }
        it.forget(&[
            "mode",
            "name",
            "index",
            "provider_name",
            "schema_version",
            "depends_on",
            "tainted",
            "deposed_key",
            "identity",
            "identity_schema_version",
        ]);
        let mut source = SourceNode::new(address, values);
        // Members that no version of the format known here has: they are named as left out.
        source.rest.extend(it.rest);
        all.push(TerraformResource { kind, source });
    }
    for child in module.children("child_modules") {
        all.extend(flat(child, later, batch));
    }
    module.forget(&["address"]);
    batch.converter.omit_rest(module, &[]);
    all
}

/// What a plan leaves open, by address.
fn later(document: &SourceNode) -> BTreeMap<String, Value> {
    let changes = document.get("resource_changes").and_then(Value::as_array);
    let change = |it: &Value| {
        let unknown = it.get("change")?.get("after_unknown")?;
        Some((it.get("address")?.as_str()?.to_owned(), unknown.clone()))
    };
    changes.into_iter().flatten().filter_map(change).collect()
}

/// Puts the mark `word` in the place of every value for which `marks`, a tree of the same form,
/// says `true`. With `LATER` a member may be missing in `value`: a plan leaves out what is not
/// known yet.
fn mark(value: &mut Value, marks: &Value, word: &str) {
    match (value, marks) {
        (Value::Object(map), Value::Object(marks)) => {
            for (key, marked) in marks {
                if word == LATER || map.contains_key(key) {
                    mark(map.entry(key.clone()).or_insert(Value::Null), marked, word);
                }
            }
            // A map of which nothing is marked stays as it was.
            map.retain(|_, it| !it.is_null());
        }
        (Value::Array(items), Value::Array(marks)) => {
            for (item, marks) in items.iter_mut().zip(marks) {
                mark(item, marks, word);
            }
        }
        (Value::Object(map), Value::Bool(true)) => {
            for it in map.values_mut() {
                mark(it, marks, word);
            }
        }
        (Value::Array(items), Value::Bool(true)) => {
            for it in items {
                mark(it, marks, word);
            }
        }
        (value, Value::Bool(true)) => *value = json!({ word: null }),
        _ => {}
    }
}

/// Adds the functions and returns the other resources. A function that ships as a ZIP file, or has
/// no name yet, is left out.
fn functions(batch: &mut Batch, resources: Vec<TerraformResource>) -> Vec<TerraformResource> {
    let (functions, others): (Vec<TerraformResource>, Vec<TerraformResource>) =
        resources.into_iter().partition(|it| it.kind == "aws_lambda_function");
    for TerraformResource { mut source, .. } in functions {
        if source.get("package_type").is_none_or(|it| it != "Image") {
            batch.converter.omit(
                source.at,
                "it ships as a ZIP file; only functions that ship as images are kept",
            );
            continue;
        }
        let Some(name) = source.text("function_name") else {
            batch.converter.omit(source.at, "it has no name yet; import the state, or give it one");
            continue;
        };
        all_tags(&mut source);
        batch.function(name.clone(), name, source);
    }
    others
}

/// Those of the provider are on the object too.
fn all_tags(source: &mut SourceNode) {
    let Some(Value::Object(all)) = source.take("tags_all") else { return };
    let tags = source.rest.entry("tags").or_insert_with(|| json!({}));
    match tags {
        Value::Object(tags) => tags.extend(all),
        tags => *tags = Value::Object(all),
    }
}

/// Adds the repositories, each with the policies that name it, and returns the other resources.
fn repositories(batch: &mut Batch, resources: Vec<TerraformResource>) -> Vec<TerraformResource> {
    let mut policies: BTreeMap<String, Vec<(&str, SourceNode)>> = BTreeMap::new();
    let (mut repositories, mut others) = (Vec::new(), Vec::new());
    for mut it in resources {
        let member = match it.kind.as_str() {
            "aws_ecr_repository" => {
                repositories.push(it.source);
                continue;
            }
            "aws_ecr_lifecycle_policy" => "lifecyclePolicy",
            "aws_ecr_repository_policy" => "repositoryPolicy",
            _ => {
                others.push(it);
                continue;
            }
        };
        let of = it.source.text("repository").unwrap_or_default();
        policies.entry(of).or_default().push((member, it.source));
    }
    for mut source in repositories {
        let Some(name) = source.text("name") else {
            batch.converter.omit(source.at, "it has no name yet; import the state, or give it one");
            continue;
        };
        all_tags(&mut source);
        for (member, mut policy) in policies.remove(&name).unwrap_or_default() {
            source.rest.extend(policy.take("policy").map(|it| (member.to_owned(), it)));
            batch.converter.omit_rest(policy, &[]);
        }
        batch.repository(name, source);
    }
    for (_, policy) in policies.into_values().flatten() {
        batch.converter.omit(policy.at, "its repository is not described here");
    }
    others
}

/// Adds each resource to the function that it belongs to. Types that Evenkeel does not keep are
/// named once each, and so are log groups of no function here.
fn parts(batch: &mut Batch, resources: Vec<TerraformResource>) {
    let mut others: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for TerraformResource { kind, source } in resources {
        let part = PARTS.iter().find(|(name, _)| *name == kind).map(|(_, put)| put);
        let Some(put) = part else {
            others.entry(kind).or_default().push(source.at);
            continue;
        };
        match function_draft_of(batch, &kind, &source) {
            Some(draft) => put(draft, source),
            None if kind == "aws_cloudwatch_log_group" => {
                others.entry(kind).or_default().push(source.at);
            }
            None => {
                let why =
                    "its function is not described here, or known only after the tool has run";
                batch.converter.omit(source.at, why);
            }
        }
    }
    for (kind, all) in others {
        batch
            .converter
            .omit(all.join(", "), format!("Evenkeel keeps no `{kind}`; leave it with the tool"));
    }
}

/// Returns the function that a resource belongs to: the one that it names, or, for a log group, the
/// one that writes to it.
fn function_draft_of<'a>(
    batch: &'a mut Batch,
    kind: &str,
    source: &SourceNode,
) -> Option<&'a mut FunctionDraft> {
    if kind == "aws_cloudwatch_log_group" {
        let group = source.get("name")?.as_str()?.to_owned();
        return batch.drafts.values_mut().find(|it| it.logs_to(&group));
    }
    let keys = ["function_name", "function_arn"];
    let name = keys.iter().find_map(|key| source.get(key)?.as_str())?;
    batch.drafts.get_mut(&function_of(name).0)
}

/// Takes what says to which version or alias a part belongs.
fn qualify_source(draft: &mut FunctionDraft, mut source: SourceNode) -> SourceNode {
    let of = source.text("function_name").map(|it| function_of(&it).1);
    let qualifier = source.text("qualifier").or(of.flatten());
    draft.qualify(source.at.clone(), qualifier);
    source
}
