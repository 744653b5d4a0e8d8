//! AWS Controllers for Kubernetes: `Function` and what belongs to it of `lambda.services.k8s.aws`, `Repository` of
//! `ecr.services.k8s.aws`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    convert::{Converter, Vocabulary},
    document::ImportedDocument,
    draft::{Batch, FunctionDraft, function_of},
    source_node::SourceNode,
};

const VOCABULARY: Vocabulary = Vocabulary {
    aliases: &[("image", "imageURI"), ("repositoryPolicy", "policy"), ("sid", "statementID")],
    computed: &["registryID"],
    defaults: &[
        ("packageType", "\"Image\""),
        ("publish", "false"),
        ("snapStart", "{\"applyOn\":\"None\"}"),
    ],
    expression: "",
};

/// What Kubernetes keeps for itself.
const OWN: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "finalizers",
    "managedFields",
    "ownerReferences",
    "selfLink",
    "generateName",
];

/// What Kubernetes and others call a thing.
struct KubernetesObject {
    kind: String,
    name: String,
    source: SourceNode,
}

/// Reads ACK's objects, in any order. Functions and repositories are read first, so that every
/// other object finds the function that it refers to by `functionName` or `functionRef`.
pub(super) fn read(documents: Vec<Value>) -> Vec<ImportedDocument> {
    let mut batch = Batch::new(&VOCABULARY);
    let objects: Vec<KubernetesObject> =
        documents.into_iter().filter_map(|it| object(it, &mut batch)).collect();
    // Roles that stand here too have names that can be looked up.
    let named = |it: &KubernetesObject| {
        Some((it.name.clone(), it.source.get("name")?.as_str()?.to_owned()))
    };
    let roles: BTreeMap<String, String> =
        objects.iter().filter(|it| it.kind == "Role").filter_map(named).collect();
    let mut functions = BTreeMap::new();
    let mut others = Vec::new();
    for KubernetesObject { kind, name, mut source } in objects {
        match kind.as_str() {
            "Function" if is_image(&source) => {
                let aws = source.text("name").unwrap_or_else(|| name.clone());
                functions.insert(name, aws.clone());
                function(&mut batch, aws, source, &roles);
            }
            "Function" => {
                let why = "it ships as a ZIP file; only functions that ship as images are kept";
                batch.converter.omit(source.at, why);
            }
            "Repository" => {
                let aws = source.text("name").unwrap_or(name);
                batch.repository(aws, source);
            }
            _ => others.push(KubernetesObject { kind, name, source }),
        }
    }
    for it in others {
        part(&mut batch, it, &functions);
    }
    batch.finish()
}

/// Splits a document of Kubernetes into kind, name and `spec`; `None` for an empty document. What
/// else it says is named as left out, but for Kubernetes's own bookkeeping.
fn object(document: Value, batch: &mut Batch) -> Option<KubernetesObject> {
    if document.is_null() {
        return None;
    }
    let mut outer = SourceNode::new("", document);
    outer.forget(&["apiVersion", "status"]);
    let kind = outer.text("kind").unwrap_or_default();
    let metadata = outer.child("metadata");
    let name =
        metadata.as_ref().and_then(|it| it.get("name")?.as_str()).unwrap_or_default().to_owned();
    outer.at = format!("{kind}/{name}");
    if let Some(mut metadata) = metadata {
        metadata.forget(OWN);
        metadata.at = outer.path("metadata");
        batch.converter.omit_rest(metadata, &[]);
    }
    let source =
        outer.child("spec").unwrap_or_else(|| SourceNode::new(outer.path("spec"), Value::Null));
    batch.converter.omit_rest(outer, &[]);
    Some(KubernetesObject { kind, name, source })
}

fn is_image(source: &SourceNode) -> bool {
    let code = source.get("code");
    source.get("packageType").is_some_and(|it| it == "Image")
        || code.is_some_and(|it| it.get("imageURI").is_some())
}

/// Adds a function under its name in AWS, with the settings of asynchronous invocation that ACK
/// keeps in the same object. `roles`: names in AWS by names in Kubernetes, for `roleRef`.
fn function(
    batch: &mut Batch,
    name: String,
    mut source: SourceNode,
    roles: &BTreeMap<String, String>,
) {
    source.lift("code");
    let role = source.get("roleRef").and_then(referred).and_then(|it| roles.get(it)).cloned();
    if let Some(role) = role.filter(|_| source.get("role").is_none()) {
        forget_reference(&mut batch.converter, &mut source, "roleRef");
        source.rest.insert("role".to_owned(), role.into());
    }
    let invoke = source.child("functionEventInvokeConfig");
    let draft = batch.function(name.clone(), name, source);
    if let Some(mut invoke) = invoke {
        invoke.forget(&["functionName"]);
        let qualifier = invoke.text("qualifier");
        draft.qualify(invoke.at.clone(), qualifier);
        draft.set_member("asyncInvoke", invoke);
    }
}

/// The name in Kubernetes that a reference holds.
fn referred(reference: &Value) -> Option<&str> {
    reference.get("from")?.get("name")?.as_str()
}

/// Takes a reference that has been followed, and names what else stands in it.
fn forget_reference(converter: &mut Converter, source: &mut SourceNode, key: &str) {
    let Some(mut outer) = source.child(key) else { return };
    if let Some(mut from) = outer.child("from") {
        from.forget(&["name", "namespace"]);
        converter.omit_rest(from, &[]);
    }
    converter.omit_rest(outer, &[]);
}

/// Adds an object to the function that it refers to, by name or by reference. It is named as left
/// out if the function is not described here, or Evenkeel has nothing for its kind. `functions`:
/// names in AWS by names in Kubernetes.
fn part(batch: &mut Batch, object: KubernetesObject, functions: &BTreeMap<String, String>) {
    let KubernetesObject { kind, mut source, .. } = object;
    let by_name = source.get("functionName").and_then(Value::as_str).map(function_of);
    let by_reference = source.get("functionRef").and_then(referred);
    let by_reference = by_reference.and_then(|it| functions.get(it)).map(|it| (it.clone(), None));
    let known =
        ["Alias", "FunctionURLConfig", "EventSourceMapping", "Version"].contains(&kind.as_str());
    let Some((name, qualifier)) = by_name.or(by_reference).filter(|_| known) else {
        let why = if known {
            "its function is not described here"
        } else {
            "Evenkeel keeps none; leave it with the tool"
        };
        return batch.converter.omit(source.at, why);
    };
    let Some(draft) = batch.drafts.get_mut(&name) else {
        return batch.converter.omit(source.at, "its function is not described here");
    };
    source.forget(&["functionName"]);
    forget_reference(&mut draft.converter, &mut source, "functionRef");
    match kind.as_str() {
        "Alias" => alias(draft, source),
        "Version" => draft.converter.omit(source.at, "a release publishes versions itself"),
        "FunctionURLConfig" => {
            let qualifier = source.text("qualifier").or(qualifier);
            draft.qualify(source.at.clone(), qualifier);
            draft.set_member("url", source);
        }
        _ => {
            draft.qualify(source.at.clone(), qualifier);
            draft.add_item("eventSources", source);
        }
    }
}

/// Makes an alias the one of the function's release, and adds what ACK keeps within an alias:
/// provisioned concurrency, settings of asynchronous invocation, permissions.
fn alias(draft: &mut FunctionDraft, mut source: SourceNode) {
    let name = source.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
    if let Some(mut provisioned) = source.child("provisionedConcurrencyConfig") {
        provisioned.forget(&["functionName", "qualifier"]);
        draft.qualify(provisioned.at.clone(), name.clone());
        draft.provisioned(provisioned, "provisionedConcurrentExecutions");
    }
    if let Some(mut invoke) = source.child("functionEventInvokeConfig") {
        invoke.forget(&["functionName", "qualifier"]);
        draft.qualify(invoke.at.clone(), name.clone());
        draft.set_member("asyncInvoke", invoke);
    }
    for (index, mut permission) in source.children("permissions").into_iter().enumerate() {
        permission.forget(&["functionName", "qualifier"]);
        draft.qualify(permission.at.clone(), name.clone());
        draft.permission(permission, &format!("imported-{}", index + 1));
    }
    draft.alias(source, "name", "functionVersion");
}
