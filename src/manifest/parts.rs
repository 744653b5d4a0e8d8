//! The blocks that a `Function` document describes besides the function itself.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Wishes;
use crate::{
    engine::{desired::Wanted, kind::Kind, name::Name, place::Place, policy::Adopt, tags::Tags},
    kinds::{
        block::{
            At, Block, Of, Spec,
            manages::{hash, key},
        },
        document::Breach,
        each_block,
    },
};

macro_rules! parts {
    ($($field:ident: $engine:ident, $block:ty;)*) => {
        /// Every block, as it is written; `None`: not managed.
        #[derive(Clone, PartialEq, Default)]
        #[expect(missing_docs, reason = "named after the members of `spec`")]
        pub struct Parts {
            $(pub $field: Option<<$block as Block>::Doc>,)*
        }

        impl Parts {
            /// Takes the blocks out of a `spec`; `None` if one cannot be read.
            pub(super) fn take(spec: &mut Map<String, Value>) -> Option<Self> {
                Some(Self { $($field: taken::<$block>(spec).ok()?,)* })
            }

            /// Every rule that they break.
            pub(super) fn check(&self) -> Vec<Breach> {
                let mut breaches = Vec::new();
                $(breaches.extend(self.$field.iter().flat_map(checked::<$block>));)*
                breaches
            }

            /// The tags that say of the blocks of a new function what they will be.
            pub(super) fn tags(&self, place: &Place) -> Tags {
                let all = [$(self.$field.as_ref().map(|it| tag::<$block>(it, place))),*];
                all.into_iter().flatten().collect()
            }

            /// How many there are.
            pub(super) fn count(&self) -> usize {
                [$(self.$field.is_some()),*].into_iter().filter(|it| *it).count()
            }

            /// Adds what they ask for.
            pub(super) fn wish(&self, host: &Host<'_>, wishes: &mut Wishes) {
                $(
                    let desired = &mut wishes.$engine;
                    host.wish::<$block>(
                        self.$field.as_ref(),
                        (&mut desired.wanted, &mut desired.spare),
                    );
                )*
            }
        }
    };
}
each_block!(parts);

fn taken<B: Block>(spec: &mut Map<String, Value>) -> Result<Option<B::Doc>, serde_json::Error> {
    spec.remove(B::FIELD).map(serde_json::from_value).transpose()
}

fn checked<B: Block>(doc: &B::Doc) -> Vec<Breach> {
    let mut breaches = B::check(doc);
    for breach in &mut breaches {
        breach.path.insert(0, B::FIELD.to_owned());
    }
    breaches
}

fn tag<B: Block>(doc: &B::Doc, place: &Place) -> (String, String) {
    (key(B::FIELD), hash(&B::fields(&B::config(doc, place))))
}

/// The function that the blocks hang on.
pub(super) struct Host<'a> {
    pub(super) name: &'a Name,
    pub(super) owner: &'a str,
    pub(super) place: &'a Place,
    /// What the document says of everything in it: policy, labels, place in the manifest.
    pub(super) wanted: &'a Wanted<crate::kinds::function::Function>,
}

/// Where wishes of one kind go, and where those go that only take away.
type Sheets<'a, B> = (&'a mut BTreeMap<Name, Wanted<Of<B>>>, &'a mut BTreeMap<Name, Wanted<Of<B>>>);

impl Host<'_> {
    fn wish<B: Block>(&self, doc: Option<&B::Doc>, (wanted, spare): Sheets<'_, B>)
    where
        Of<B>: Kind<Spec = Spec<B>>,
    {
        let spec = Spec {
            owner: self.owner.to_owned(),
            at: At { function: self.name.clone(), qualifier: None },
            config: doc.map(|it| B::config(it, self.place)),
            adopts: self.wanted.policy.adopt != Adopt::No,
        };
        let sheet = if doc.is_some() { wanted } else { spare };
        sheet.insert(self.name.clone(), self.wanted.with(spec));
    }
}
