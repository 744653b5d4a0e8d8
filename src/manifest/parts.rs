//! What a `Function` document describes besides the function itself.

use serde_json::{Map, Value};

use crate::{
    engine::tags::Tags,
    kinds::{
        block::claims::key,
        document::Violation,
        each_block,
        part::{Part, Site, UrlGrants},
        permissions::public,
        provisioned::{Provisioned, check_host},
        scaling::{self, Scaling},
        url::{self, Url},
    },
};

macro_rules! parts {
    ($($field:ident: $engine:ident, $part:ty;)*) => {
        /// Every part, as it is written; `None`: not managed.
        #[derive(Clone, PartialEq, Default)]
        #[expect(missing_docs, reason = "named after the members of `spec`")]
        pub struct FunctionParts {
            $(pub $field: Option<<$part as Part>::Doc>,)*
        }

        impl FunctionParts {
            /// Takes the parts out of a `spec`; `None` if one cannot be read.
            pub(super) fn take(spec: &mut Map<String, Value>) -> Option<Self> {
                Some(Self { $($field: taken::<$part>(spec).ok()?,)* })
            }

            /// Every rule that each breaks by itself.
            fn check_each(&self) -> Vec<Violation> {
                let mut violations = Vec::new();
                $(violations.extend(self.$field.iter().flat_map(checked::<$part>));)*
                violations
            }

            /// The tags that say of the parts of a new function what they will be.
            pub(super) fn tags(&self, site: &Site<'_>) -> Tags {
                let all = [$(self.$field.as_ref().and_then(|it| <$part as Part>::claim_tag(it, site))),*];
                all.into_iter().flatten().map(|(word, value)| (key(word), value)).collect()
            }

            /// How many there are.
            pub(super) fn count(&self) -> usize {
                [$(self.$field.is_some()),*].into_iter().filter(|it| *it).count()
            }

            /// The alias that callers use, if the document keeps one.
            pub(super) fn alias(&self) -> Option<&str> {
                self.release.as_ref().map(|it| it.alias.as_str())
            }
        }
    };
}
each_block!(parts);

impl FunctionParts {
    /// Every rule that they break. `managed`: the function runs on instances of its own.
    pub(super) fn check(&self, managed: bool) -> Vec<Violation> {
        let mut violations = self.check_each();
        violations.extend(self.check_provisioned());
        violations.extend(self.check_managed(managed));
        if self.is_public() {
            let permissions = self.permissions.as_deref().unwrap_or_default();
            violations.extend(public::check_sids(permissions));
        }
        violations
    }

    /// Adds what is said in another member: the permissions of `url.public`. Called once, after [`Self::check`].
    pub(super) fn fill_in(&mut self) {
        if self.is_public() {
            self.permissions.get_or_insert_default().extend(public::permissions());
        }
    }

    fn is_public(&self) -> bool {
        self.url.as_ref().is_some_and(|it| it.public)
    }

    /// What they give to callers of a public URL.
    pub(super) fn url_grants(&self) -> UrlGrants {
        public::grants(self.permissions.as_deref().unwrap_or_default())
    }

    /// What they ask for that will hardly be meant; paths begin below `spec`.
    pub fn warnings(&self) -> Vec<Violation> {
        let warning = self.url.as_ref().and_then(|it| url::warning(it, self.url_grants()));
        below::<Url>(warning.into_iter().collect())
    }

    /// Provisioned concurrency depends on other parts.
    fn check_provisioned(&self) -> Vec<Violation> {
        let Some(doc) = &self.provisioned else { return Vec::new() };
        let reserved = self.concurrency.as_ref().and_then(|it| it.reserved);
        below::<Provisioned>(check_host(doc, self.alias(), reserved))
    }

    /// The rules that a function breaks in what it needs on managed instances, and in what does not
    /// go with them.
    fn check_managed(&self, managed: bool) -> Vec<Violation> {
        let wrong = self.scaling_config.as_ref().and_then(|_| scaling::check_host(managed));
        let mut violations = below::<Scaling>(wrong.into_iter().collect());
        if managed && self.release.is_none() {
            let message = "only versions run on managed instances, and nobody publishes any";
            violations.push(Violation::new(&["capacityProviderConfig"], message, "add `release`"));
        }
        if managed && (self.concurrency.is_some() || self.provisioned.is_some()) {
            let message =
                "functions on managed instances have no concurrency to reserve or provision";
            violations.push(Violation::new(&["concurrency"], message, "use `scalingConfig`"));
        }
        violations
    }
}

fn taken<P: Part>(spec: &mut Map<String, Value>) -> Result<Option<P::Doc>, serde_json::Error> {
    member(spec, P::FIELD).map(serde_json::from_value).transpose()
}

/// Takes a member out, by its path. A member that has nothing left after that goes too.
fn member(spec: &mut Map<String, Value>, path: &str) -> Option<Value> {
    let Some((outer, inner)) = path.split_once('/') else { return spec.remove(path) };
    let within = spec.get_mut(outer)?.as_object_mut()?;
    let found = member(within, inner)?;
    if within.is_empty() {
        spec.remove(outer);
    }
    Some(found)
}

fn checked<P: Part>(doc: &P::Doc) -> Vec<Violation> {
    below::<P>(P::check(doc))
}

/// What a part says of itself, as seen from `spec`.
fn below<P: Part>(mut violations: Vec<Violation>) -> Vec<Violation> {
    for violation in &mut violations {
        let path = P::FIELD.split('/').map(ToOwned::to_owned);
        violation.path.splice(0..0, path);
    }
    violations
}
