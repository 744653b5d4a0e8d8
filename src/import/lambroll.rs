//! lambroll: `function.json`, which is the input of CreateFunction, and `function_url.json`.

use serde_json::{Value, json};

use super::{
    convert::Vocabulary,
    document::ImportedDocument,
    draft::{Batch, FunctionDraft},
    source_node::SourceNode,
};

const VOCABULARY: Vocabulary = Vocabulary {
    aliases: &[
        ("image", "ImageUri"),
        ("sid", "StatementId"),
        ("scalingConfig", "FunctionScalingConfig"),
    ],
    computed: &[],
    defaults: &[
        ("PackageType", "\"Image\""),
        ("Publish", "false"),
        ("SnapStart", "{\"ApplyOn\":\"None\"}"),
    ],
    expression: "{{",
};

/// Reads `function.json`, and the documents with `Config` after it as `function_url.json`. Returns
/// nothing unless the first function ships as an image. A name that is missing, or that lambroll
/// works out, becomes a placeholder.
pub(super) fn read(documents: Vec<Value>) -> Vec<ImportedDocument> {
    let mut batch = Batch::new(&VOCABULARY);
    let (functions, others): (Vec<Value>, Vec<Value>) =
        documents.into_iter().partition(|it| it.get("Config").is_none());
    let mut functions = functions.into_iter();
    let Some(function) = functions.next().filter(is_image) else { return Vec::new() };
    for (index, _) in functions.enumerate() {
        batch.converter.omit(format!("document {}", index + 2), "one function is read at a time");
    }
    let mut source = SourceNode::new("", function);
    let name = source.get("FunctionName").and_then(Value::as_str).map(ToOwned::to_owned);
    let known = name.filter(|it| !it.contains(VOCABULARY.expression));
    source.forget(&["FunctionName"]);
    source.lift("Code");
    let id = known.clone().unwrap_or_else(|| "function".to_owned());
    let draft = batch.function(id.clone(), id, source);
    if known.is_none() {
        draft.set_unnamed("FunctionName".to_owned());
    }
    for document in others {
        url(draft, SourceNode::new("function_url.json", document));
    }
    batch.finish()
}

fn is_image(function: &Value) -> bool {
    let code = function.get("Code");
    function.get("PackageType").is_some_and(|it| it == "Image")
        || code.is_some_and(|it| it.get("ImageUri").is_some())
}

/// Adds the URL of `function_url.json` and the permissions to call it, with the action and type of
/// authorization that lambroll fills in itself. Without permissions lambroll opens a URL of type
/// `NONE` to everybody.
fn url(draft: &mut FunctionDraft, mut source: SourceNode) {
    source.lift("Config");
    let qualifier = source.text("Config.Qualifier");
    let auth = source.get("Config.AuthType").cloned();
    let permissions = source.children("Permissions");
    if permissions.is_empty() && auth.as_ref().is_some_and(|it| it == "NONE") {
        draft.mark_public();
    }
    for (index, mut permission) in permissions.into_iter().enumerate() {
        let action = Some(json!("lambda:InvokeFunctionUrl"));
        for (key, value) in [("Action", action), ("FunctionUrlAuthType", auth.clone())] {
            if let Some(value) = value {
                permission.rest.entry(key).or_insert(value);
            }
        }
        draft.permission(permission, &format!("url-{}", index + 1));
    }
    draft.qualify(source.at.clone(), qualifier);
    draft.set_member("url", source);
}
