//! What a `Function` document describes besides the function itself.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Wishes;
use crate::{
    engine::{
        desired::{Desired, Wanted},
        kind::Kind,
        tags::Tags,
    },
    kinds::{
        block::manages::key,
        document::Breach,
        each_block,
        function::Function,
        part::{Part, Site},
    },
};

macro_rules! parts {
    ($($field:ident: $engine:ident, $part:ty;)*) => {
        /// Every part, as it is written; `None`: not managed.
        #[derive(Clone, PartialEq, Default)]
        #[expect(missing_docs, reason = "named after the members of `spec`")]
        pub struct Parts {
            $(pub $field: Option<<$part as Part>::Doc>,)*
        }

        impl Parts {
            /// Takes the parts out of a `spec`; `None` if one cannot be read.
            pub(super) fn take(spec: &mut Map<String, Value>) -> Option<Self> {
                Some(Self { $($field: taken::<$part>(spec).ok()?,)* })
            }

            /// Every rule that they break.
            pub(super) fn check(&self) -> Vec<Breach> {
                let mut breaches = Vec::new();
                $(breaches.extend(self.$field.iter().flat_map(checked::<$part>));)*
                breaches
            }

            /// The tags that say of the parts of a new function what they will be.
            pub(super) fn tags(&self, site: &Site<'_>) -> Tags {
                let all = [$(self.$field.as_ref().and_then(|it| <$part as Part>::note(it, site))),*];
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

            /// Adds what they ask for. `host` is what the document says of everything in it: policy, labels,
            /// place in the manifest.
            pub(super) fn wish(
                &self,
                site: &Site<'_>,
                host: &Wanted<Function>,
                wishes: &mut Wishes,
            ) {
                $(wish::<$part>(self.$field.as_ref(), (site, host), &mut wishes.$engine);)*
            }
        }
    };
}
each_block!(parts);

fn taken<P: Part>(spec: &mut Map<String, Value>) -> Result<Option<P::Doc>, serde_json::Error> {
    spec.remove(P::FIELD).map(serde_json::from_value).transpose()
}

fn checked<P: Part>(doc: &P::Doc) -> Vec<Breach> {
    let mut breaches = P::check(doc);
    for breach in &mut breaches {
        breach.path.insert(0, P::FIELD.to_owned());
    }
    breaches
}

fn wish<P: Part>(
    doc: Option<&P::Doc>,
    (site, host): (&Site<'_>, &Wanted<Function>),
    desired: &mut Desired<P::Kind>,
) {
    let add = |sheet: &mut BTreeMap<_, _>, wishes: Vec<(_, <P::Kind as Kind>::Spec)>| {
        sheet.extend(wishes.into_iter().map(|(name, spec)| (name, host.with(spec))));
    };
    let wanted = doc.map_or_else(|| P::guard(site), |it| P::wanted(it, site));
    add(&mut desired.wanted, wanted);
    add(&mut desired.spare, P::spare(doc, site));
}
