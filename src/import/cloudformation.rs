//! CloudFormation: the resources of a template that belong to functions that ship as images, and repositories.

use std::{cell::Cell, collections::BTreeMap};

use serde_json::{Value, json};

use super::{
    convert::Vocabulary,
    document::ImportedDocument,
    draft::{Batch, FunctionDraft, function_of},
    intrinsics::{Template, call},
    sam,
    source_node::SourceNode,
};
use crate::kinds::document::PLACEHOLDER;

const VOCABULARY: Vocabulary = Vocabulary {
    aliases: &[
        ("image", "ImageUri"),
        ("repositoryPolicy", "RepositoryPolicyText"),
        ("filterType", "ImageTagMutabilityExclusionFilterType"),
        ("filter", "ImageTagMutabilityExclusionFilterValue"),
        ("scalingConfig", "FunctionScalingConfig"),
        ("deadLetterConfig", "DeadLetterQueue"),
        ("eventSourceArn", "Queue"),
        ("eventSourceArn", "Stream"),
        ("eventSourceArn", "Broker"),
        ("eventSourceArn", "Cluster"),
    ],
    computed: &["AWSTemplateFormatVersion", "Transform", "RegistryId"],
    defaults: &[
        ("PackageType", "\"Image\""),
        ("SnapStart", "{\"ApplyOn\":\"None\"}"),
        ("LogGroupClass", "\"STANDARD\""),
    ],
    expression: "{{resolve:",
};

const FUNCTION: &str = "AWS::Lambda::Function";
const SERVERLESS: &str = "AWS::Serverless::Function";
const REPOSITORY: &str = "AWS::ECR::Repository";
const LOG_GROUP: &str = "AWS::Logs::LogGroup";
const VERSION: &str = "AWS::Lambda::Version";
const ALIAS: &str = "AWS::Lambda::Alias";

/// Adds a resource to the function that it belongs to. The text is the id of the resource.
type AddResource = fn(&mut FunctionDraft, SourceNode, &str);

/// What belongs to a function, the property that says to which, and how it is carried.
const PARTS: &[(&str, &str, AddResource)] = &[
    (ALIAS, "FunctionName", |draft, mut source, _| {
        if let Some(provisioned) = source.child("ProvisionedConcurrencyConfig") {
            draft.provisioned(provisioned, "ProvisionedConcurrentExecutions");
        }
        draft.alias(source, "Name", "FunctionVersion");
    }),
    (VERSION, "FunctionName", |draft, source, _| {
        draft.converter.omit(source.at, "a release publishes versions itself");
    }),
    ("AWS::Lambda::Url", "TargetFunctionArn", |draft, source, _| draft.set_member("url", source)),
    ("AWS::Lambda::EventInvokeConfig", "FunctionName", |draft, source, _| {
        draft.set_member("asyncInvoke", source);
    }),
    ("AWS::Lambda::EventSourceMapping", "FunctionName", |draft, source, _| {
        draft.add_item("eventSources", source);
    }),
    ("AWS::Lambda::Permission", "FunctionName", |draft, source, id| draft.permission(source, id)),
];

/// Reads a template: functions and repositories first, then the resources that belong to a
/// function. Types that Evenkeel does not keep are named once each, with all their resources.
pub(super) fn read(document: Value) -> Vec<ImportedDocument> {
    let mut batch = Batch::new(&VOCABULARY);
    if document.to_string().contains("AWS::Partition") {
        let why = "taken for `aws`; write ARNs anew for accounts of another partition";
        batch.converter.omit("AWS::Partition", why);
    }
    let mut source = SourceNode::new("", document);
    let map = |source: &mut SourceNode, key: &str| source.child(key).unwrap_or_default().rest;
    let template = Template {
        parameters: map(&mut source, "Parameters"),
        mappings: map(&mut source, "Mappings"),
        resources: map(&mut source, "Resources"),
        steps: Cell::default(),
    };
    let mut globals = source.child("Globals");
    let shared = globals.as_mut().and_then(|it| it.take("Function")).unwrap_or_else(|| json!({}));
    let own = [Some(source), globals].into_iter().flatten();
    for it in own {
        batch.converter.omit_rest(it, &[]);
    }
    tell_inputs(&mut batch, &template);
    let mut ids: Vec<&String> = template.resources.keys().collect();
    ids.sort();
    for id in &ids {
        match template.kind(id) {
            Some(FUNCTION) => function(&mut batch, &template, id, &json!({})),
            Some(SERVERLESS) => function(&mut batch, &template, id, &shared),
            Some(REPOSITORY) => repository(&mut batch, &template, id),
            _ => {}
        }
    }
    let (aliases, others): (Vec<&String>, Vec<&String>) =
        ids.into_iter().partition(|id| template.kind(id) == Some(ALIAS));
    let mut unkept = BTreeMap::new();
    for id in aliases.into_iter().chain(others) {
        part(&mut batch, &template, id, &mut unkept);
    }
    for (kind, all) in unkept {
        let all: Vec<String> = all;
        let why = format!("Evenkeel keeps no `{kind}`; leave it with the tool");
        batch.converter.omit(all.join(", "), why);
    }
    batch.finish()
}

/// Names every parameter and mapping as left out: the documents hold the values that the template
/// gives, and the stack may have been given others.
fn tell_inputs(batch: &mut Batch, template: &Template) {
    for (at, map) in [("Parameters", &template.parameters), ("Mappings", &template.mappings)] {
        let mut names: Vec<&String> = map.keys().collect();
        names.sort();
        for name in names {
            let why =
                "worked in as the template has it; the stack may have been given another value";
            batch.converter.omit(format!("{at}.{name}"), why);
        }
    }
}

/// A resource's properties, and what else it says.
fn resource(template: &Template, id: &str, shared: &Value) -> (SourceNode, SourceNode) {
    let raw = template.resources.get(id).cloned().unwrap_or_default();
    let mut outer = SourceNode::new(format!("Resources.{id}"), raw);
    outer.forget(&["Type"]);
    let at = outer.path("Properties");
    let properties = outer.take("Properties").unwrap_or_else(|| json!({}));
    let properties = template.resolve(&sam::merged(shared, &properties));
    (SourceNode::new(at, properties), outer)
}

/// Adds a function, with what SAM says of its parts in the same resource; one that ships as a ZIP
/// file is left out. `shared`: what `Globals` says of every function. Where CloudFormation makes up
/// the name, `functionName` is a placeholder and the resource's id is the document's name.
fn function(batch: &mut Batch, template: &Template, id: &str, shared: &Value) {
    let (mut source, outer) = resource(template, id, shared);
    let code = source.get("Code").and_then(|it| it.get("ImageUri"));
    let image = source.get("PackageType").is_some_and(|it| it == "Image");
    if !image && code.is_none() && source.get("ImageUri").is_none() {
        let why = "it ships as a ZIP file; only functions that ship as images are kept";
        batch.converter.omit_rest(outer, &[]);
        return batch.converter.omit(source.at, why);
    }
    let name = template.name(id);
    let named = name.is_some();
    if named {
        source.forget(&["FunctionName"]);
    }
    source.lift("Code");
    let at = source.path("FunctionName");
    let parts = (template.kind(id) == Some(SERVERLESS)).then(|| sam::take(&mut source));
    source.rest.remove("FunctionName");
    let draft = batch.function(id.to_owned(), name.unwrap_or_else(|| id.to_owned()), source);
    draft.converter.omit_rest(outer, &[]);
    if !named {
        draft.set_unnamed(at);
    }
    if let Some(parts) = parts {
        sam::put(draft, parts);
    }
}

/// Adds a repository with its policies. Where CloudFormation makes up the name, a person has to
/// fill it in.
fn repository(batch: &mut Batch, template: &Template, id: &str) {
    let (mut source, outer) = resource(template, id, &json!({}));
    batch.converter.omit_rest(outer, &[]);
    if let Some(mut policy) = source.child("LifecyclePolicy") {
        if let Some(Value::String(text)) = policy.take("LifecyclePolicyText") {
            source.rest.insert("lifecyclePolicy".to_owned(), Value::String(text));
        }
        batch.converter.omit_rest(policy, &[]);
    }
    if let Some(name) = template.name(id) {
        source.forget(&["RepositoryName"]);
        return batch.repository(name, source);
    }
    let why = "the tool makes up the name; write the one that the repository has in AWS";
    batch.converter.omit(source.path("RepositoryName"), why);
    source.rest.insert("RepositoryName".to_owned(), json!(PLACEHOLDER));
    batch.repository(id.to_lowercase(), source);
}

/// Adds a resource to the function that it belongs to. `unkept` collects, by type, the resources
/// for which no function of this template is found.
fn part(
    batch: &mut Batch,
    template: &Template,
    id: &str,
    unkept: &mut BTreeMap<String, Vec<String>>,
) {
    let Some(kind) = template.kind(id) else {
        return batch.converter.omit(format!("Resources.{id}"), "it has no `Type`");
    };
    if [FUNCTION, SERVERLESS, REPOSITORY].contains(&kind) {
        return;
    }
    let found = PARTS.iter().find(|(it, ..)| *it == kind);
    let owner = match found {
        Some((_, property, _)) => owner(batch, template, id, property),
        None if kind == LOG_GROUP => group_owner(batch, template, id).map(|it| (it, None)),
        None => None,
    };
    let Some((owner, qualifier)) = owner else {
        return unkept.entry(kind.to_owned()).or_default().push(format!("Resources.{id}"));
    };
    let (mut source, outer) = resource(template, id, &json!({}));
    // Owners are keys of this map.
    let Some(draft) = batch.drafts.get_mut(&owner) else { return };
    draft.converter.omit_rest(outer, &[]);
    if let Some((_, property, put)) = found {
        source.forget(&[*property]);
        let qualifier = source.text("Qualifier").or(qualifier);
        if ![ALIAS, VERSION].contains(&kind) {
            draft.qualify(source.at.clone(), qualifier);
        }
        put(draft, source, id);
    } else {
        source.forget(&["LogGroupName"]);
        draft.set_member("logGroup", source);
    }
}

/// Returns the function (by its id in `batch`) that a property of a resource refers to, directly or
/// through an alias, and the version or alias; `None` if `batch` has no such function.
fn owner(
    batch: &Batch,
    template: &Template,
    id: &str,
    property: &str,
) -> Option<(String, Option<String>)> {
    let value = template.resources.get(id)?.get("Properties")?.get(property)?;
    if let Some(referred) = template.referred(value) {
        if batch.drafts.contains_key(referred) {
            return Some((referred.to_owned(), None));
        }
        if template.kind(referred) == Some(ALIAS) && referred != id {
            let (owner, _) = owner(batch, template, referred, "FunctionName")?;
            let name = template.resources.get(referred)?.get("Properties")?.get("Name")?;
            return Some((owner, template.resolve(name).as_str().map(ToOwned::to_owned)));
        }
    }
    let text = template.resolve(value);
    let (name, qualifier) = function_of(text.as_str()?);
    let named = |it: &&String| template.name(it).is_some_and(|it| it == name);
    Some((batch.drafts.keys().find(named)?.clone(), qualifier))
}

/// Returns the function whose log group this is: the name of the group refers to the function, or
/// is the one that the function logs to.
fn group_owner(batch: &Batch, template: &Template, id: &str) -> Option<String> {
    let name = template.resources.get(id)?.get("Properties")?.get("LogGroupName")?;
    // Where CloudFormation makes up the function's name, the group's is made of it.
    let made = call(name).filter(|(it, _)| *it == "Fn::Sub").and_then(|(_, it)| it.as_str());
    let made = made.and_then(|it| it.strip_prefix("/aws/lambda/${")?.strip_suffix('}'));
    if let Some(id) = made.filter(|it| batch.drafts.contains_key(*it)) {
        return Some(id.to_owned());
    }
    let name = template.resolve(name);
    let name = name.as_str()?;
    let logs = |it: &(&String, &FunctionDraft)| it.1.logs_to(name);
    batch.drafts.iter().find(logs).map(|(id, _)| id.clone())
}
