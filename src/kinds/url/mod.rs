//! A function's URL: an HTTP endpoint of its own.

mod aws;
mod shape;

use std::{collections::BTreeSet, fmt};

use serde::Deserialize;
use serde_json::Value;

use super::block::{At, BelongsTo, Block, Extra, Fields};
use crate::{
    engine::diff::{Cause, Reason},
    kinds::{
        document::Violation,
        export,
        part::{Site, UrlGrants},
    },
    shape::Field,
};

/// `url`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Url {}

/// Whoever asks is let in.
const PUBLIC: &str = "NONE";
/// What to do about a URL that turns its callers away.
const ADVICE: &str = "`public: true` stands for the URL and both permissions";
/// How an answer is given unless the document says otherwise.
pub const BUFFERED: &str = "BUFFERED";

/// `url` as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "shape.rs documents every field")]
pub struct UrlDoc {
    pub auth_type: Option<String>,
    #[serde(default)]
    pub public: bool,
    pub invoke_mode: Option<String>,
    #[serde(default)]
    pub cors: Cors,
}

/// `cors`. Lists are sets: their order means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Cors {
    pub allow_credentials: bool,
    pub allow_headers: BTreeSet<String>,
    pub allow_methods: BTreeSet<String>,
    pub allow_origins: BTreeSet<String>,
    pub expose_headers: BTreeSet<String>,
    pub max_age: i32,
}

/// A URL's configuration, with AWS's defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Config {
    pub auth_type: String,
    pub invoke_mode: String,
    pub cors: Cors,
    /// Whom the permissions of the document let in. No part of the URL: a read shows none.
    pub grants: UrlGrants,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// CreateFunctionUrlConfig.
    Create(At, Config),
    /// UpdateFunctionUrlConfig, which replaces what is given.
    Update(At, Config),
    /// DeleteFunctionUrlConfig.
    Delete(At),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let auth = |it: &Config| match it.auth_type.as_str() {
            PUBLIC => "public, no authorization".to_owned(),
            auth => format!("authorization {auth}"),
        };
        match self {
            Self::Create(at, config) => write!(f, "create URL of function {at}: {}", auth(config)),
            Self::Update(at, config) => write!(f, "update URL of function {at}: {}", auth(config)),
            Self::Delete(at) => write!(f, "delete URL of function {at}"),
        }
    }
}

/// Names of headers as HTTP compares them: without regard to case (RFC 9110, section 5.1).
fn folded(headers: &BTreeSet<String>) -> BTreeSet<String> {
    headers.iter().map(|it| it.to_ascii_lowercase()).collect()
}

/// Names, if there are any.
fn list(names: &BTreeSet<String>) -> Option<Value> {
    let all = names.iter().map(|it| Value::from(it.as_str()));
    (!names.is_empty()).then(|| all.collect())
}

/// A URL that no document asks for, and that asks nobody who they are.
fn extra(at: &At) -> Extra<Call> {
    let call = Call::Delete(at.clone());
    Extra { path: String::new(), words: "a public URL".into(), call }
}

/// Checks that a document says in one way who may call.
fn check_callers(doc: &UrlDoc) -> Option<Violation> {
    match doc.auth_type.as_deref() {
        None if !doc.public => {
            let message = "`url` has no `authType`";
            let hint = "add it: `AWS_IAM` asks IAM who may call, `NONE` asks nobody; or `public: true` lets anybody in";
            Some(Violation::new(&[], message, hint))
        }
        Some(auth) if doc.public && auth != PUBLIC => {
            let message =
                "`public: true` lets anybody in, and `authType: AWS_IAM` only whom IAM allows";
            Some(Violation::new(&["authType"], message, "take one of them out"))
        }
        _ => None,
    }
}

/// Says that callers of a URL of type `NONE` are turned away; `None` if they are not.
fn refusal(grants: UrlGrants) -> Option<String> {
    let missing = match (grants.url, grants.invoke) {
        (true, true) => return None,
        (true, false) => "`lambda:InvokeFunction` (`invokedViaFunctionUrl: true`) for `*`",
        (false, true) => "`lambda:InvokeFunctionUrl` (`functionUrlAuthType: NONE`) for `*`",
        (false, false) => {
            "`lambda:InvokeFunctionUrl` (`functionUrlAuthType: NONE`) and `lambda:InvokeFunction` \
             (`invokedViaFunctionUrl: true`) for `*`"
        }
    };
    Some(format!(
        "callers of the URL get 403: AWS asks for both permissions of a public URL, and `permissions` lacks \
         {missing}; unless a statement of another party's gives what is missing"
    ))
}

/// Warns of a URL whose callers are turned away; the path begins below `url`. `grants`: what the document's own
/// permissions give.
pub(crate) fn warning(doc: &UrlDoc, grants: UrlGrants) -> Option<Violation> {
    let open = doc.auth_type.as_deref() == Some(PUBLIC) && !doc.public;
    let refusal = refusal(grants).filter(|_| open)?;
    Some(Violation::new(&["authType"], refusal, ADVICE))
}

impl Block for Url {
    const NAME: &'static str = "Url";
    const FIELD: &'static str = "url";
    const CAUSE: Cause = Cause::Url;
    const BELONGS_TO: BelongsTo = BelongsTo::Alias;
    const GUARDED: bool = true;
    const SHAPE: Field = shape::URL;
    type Doc = UrlDoc;
    type Config = Config;
    type Call = Call;

    /// It has one way to say who may call.
    fn check(doc: &UrlDoc) -> Vec<Violation> {
        check_callers(doc).into_iter().collect()
    }

    /// `public` is a URL of type `NONE`; the permissions that it stands for are in the document's by then.
    fn config(doc: &UrlDoc, site: &Site<'_>) -> Config {
        let UrlDoc { auth_type, public: _, invoke_mode, cors } = doc;
        Config {
            auth_type: auth_type.clone().unwrap_or_else(|| PUBLIC.into()),
            invoke_mode: invoke_mode.clone().unwrap_or_else(|| BUFFERED.into()),
            cors: cors.clone(),
            grants: site.url_grants,
        }
    }

    /// Headers stand in lower case: two spellings of one name are the same.
    fn fields(config: &Config) -> Fields {
        let Config { auth_type, invoke_mode, cors, grants: _ } = config;
        let Cors {
            allow_credentials,
            allow_headers,
            allow_methods,
            allow_origins,
            expose_headers,
            max_age,
        } = cors;
        let list = |items: &BTreeSet<String>| {
            let items: Vec<&str> = items.iter().map(String::as_str).collect();
            format!("[{}]", items.join(", "))
        };
        let fields = [
            ("authType", auth_type.clone()),
            ("invokeMode", invoke_mode.clone()),
            ("cors/allowCredentials", allow_credentials.to_string()),
            ("cors/allowHeaders", list(&folded(allow_headers))),
            ("cors/allowMethods", list(allow_methods)),
            ("cors/allowOrigins", list(allow_origins)),
            ("cors/exposeHeaders", list(&folded(expose_headers))),
            ("cors/maxAge", max_age.to_string()),
        ];
        fields.into_iter().map(|(path, value)| (path.to_owned(), value)).collect()
    }

    fn defaults() -> Fields {
        let (auth_type, invoke_mode) = (String::new(), BUFFERED.to_owned());
        let (cors, grants) = (Cors::default(), UrlGrants::default());
        Self::fields(&Config { auth_type, invoke_mode, cors, grants })
    }

    fn to_manifest(config: &Config) -> Option<Value> {
        let Config { auth_type, invoke_mode, cors, grants: _ } = config;
        let cors = (*cors != Cors::default()).then(|| {
            export::map([
                ("allowCredentials", export::unless(cors.allow_credentials, &false)),
                ("allowHeaders", list(&cors.allow_headers)),
                ("allowMethods", list(&cors.allow_methods)),
                ("allowOrigins", list(&cors.allow_origins)),
                ("exposeHeaders", list(&cors.expose_headers)),
                ("maxAge", export::unless(cors.max_age, &0)),
            ])
        });
        Some(export::map([
            ("authType", Some(auth_type.as_str().into())),
            ("invokeMode", export::unless(invoke_mode.as_str(), &BUFFERED)),
            ("cors", cors),
        ]))
    }

    /// Compares headers without regard to case, as HTTP does: AWS may answer them in lower case. Origins and methods
    /// are compared as they are written, as browsers do.
    fn is_as_asked(live: &Config, wanted: &Config) -> bool {
        Self::fields(live) == Self::fields(wanted)
    }

    fn put(at: &At, wanted: &Config, live: Option<&Config>) -> Vec<Call> {
        let make = if live.is_some() { Call::Update } else { Call::Create };
        vec![make(at.clone(), wanted.clone())]
    }

    fn remove(at: &At, _: &Config) -> Vec<Call> {
        vec![Call::Delete(at.clone())]
    }

    fn extras(at: &At, config: &Config, ours: bool) -> Vec<Extra<Call>> {
        let public = config.auth_type == PUBLIC && !ours;
        public.then(|| extra(at)).into_iter().collect()
    }

    fn warning(config: &Config) -> Option<Reason> {
        let open = config.auth_type == PUBLIC;
        let every = config.cors.allow_credentials && config.cors.allow_origins.contains("*");
        // Lambda answers with the caller's own origin, so that browsers accept it.
        let credentials = "every origin may send credentials: any site that a user visits can call the URL with \
                           the user's cookies";
        let (code, mut words) = match refusal(config.grants).filter(|_| open) {
            Some(refusal) => ("UrlForbidden", format!("{refusal}; {ADVICE}")),
            None if open => {
                let anyone = "the URL asks nobody who they are: anyone on the internet can invoke the function";
                ("PublicUrl", anyone.to_owned())
            }
            None if every => return Some(Reason::new("CredentialsForEveryOrigin", credentials)),
            None => return None,
        };
        if every {
            words = format!("{words}; {credentials}");
        }
        Some(Reason::new(code, words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lambda takes credentials for every origin, and answers so that browsers do too.
    #[test]
    fn credentials_for_every_origin_are_a_warning() {
        let reason = |auth_type: &str, credentials: bool, origin: &str| {
            let cors = Cors {
                allow_credentials: credentials,
                allow_origins: BTreeSet::from([origin.to_owned()]),
                ..Cors::default()
            };
            let (auth_type, invoke_mode) = (auth_type.to_owned(), BUFFERED.to_owned());
            let grants = UrlGrants { url: true, invoke: true };
            Url::warning(&Config { auth_type, invoke_mode, cors, grants })
        };
        let code = |it: Option<Reason>| it.map(|it| it.code);
        assert_eq!(code(reason("AWS_IAM", true, "*")), Some("CredentialsForEveryOrigin"));
        assert_eq!(code(reason("AWS_IAM", true, "https://example.com")), None);
        assert_eq!(code(reason("AWS_IAM", false, "*")), None);
        assert_eq!(code(reason(PUBLIC, false, "*")), Some("PublicUrl"));
        let both = reason(PUBLIC, true, "*").unwrap();
        assert!(both.message.contains("anyone") && both.message.contains("cookies"));
    }
}
