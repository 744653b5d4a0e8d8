//! From documents to what each engine of a target should keep.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Body, Document,
    parts::FunctionParts,
    sites::{DocumentSettings, Documents, Sites},
};
use crate::{
    engine::{
        desired::{Desired, DesiredObject, FacetDesired, Spare},
        kind::Kind,
        name::{Key, Name},
        time::Mono,
    },
    kinds::{
        each_block, each_kind,
        facets::{FunctionSpec as FunctionFacetSpec, each_facet},
        function::{expand::Setting, image_ref::ImageRef, spec::Spec as FunctionSpec},
        image::spec::Spec as ImageSpec,
        part::{Part, Site},
        repository::spec::Spec as RepositorySpec,
    },
};

macro_rules! desired {
    ($($field:ident: $kind:ty;)*) => {
        /// What one target should keep, kind by kind.
        #[expect(missing_docs, reason = "named after the kinds")]
        pub struct DesiredState {
            $(pub $field: FacetDesired<Arc<<$kind as Kind>::Spec>>,)*
            pub intact: bool,
            pub read_at: Mono,
        }

        impl DesiredState {
            fn none(intact: bool, read_at: Mono) -> Self {
                Self { $($field: FacetDesired::default(),)* intact, read_at }
            }
        }
    };
}
each_kind!(desired);

/// What each engine of one target should keep.
#[expect(missing_docs, reason = "named after the resources")]
pub struct DesiredResources {
    pub images: Desired<Arc<ImageSpec>>,
    pub repositories: Desired<Arc<RepositorySpec>>,
    pub functions: Desired<FunctionFacetSpec>,
}

macro_rules! resources {
    ($($variant:ident($field:ident): $kind:ty;)*) => {
        impl From<DesiredState> for DesiredResources {
            fn from(desired: DesiredState) -> Self {
                let (intact, read_at) = (desired.intact, desired.read_at);
                let facets = vec![$(desired.$field.map(FunctionFacetSpec::$variant),)*];
                Self {
                    images: Desired::one(desired.images, intact, read_at),
                    repositories: Desired::one(desired.repositories, intact, read_at),
                    functions: Desired { facets, intact, read_at },
                }
            }
        }
    };
}
each_facet!(resources);

macro_rules! parts {
    ($($field:ident: $engine:ident, $part:ty;)*) => {
        impl FunctionParts {
            /// What is to be done about parts that no document asks for.
            fn spare(sites: &Arc<Sites>, desired: &mut DesiredState) {
                $(
                    let known = Arc::clone(sites);
                    let find = move |name: &Name| {
                        known.spare::<$part>(name, |parts| parts.$field.as_ref())
                    };
                    desired.$engine.spare = Spare::new(find);
                )*
            }

            /// Adds what they ask for. `host` is what the document says of everything in it: policy, labels,
            /// place in the manifest.
            fn desired(
                &self,
                site: &Site<'_>,
                host: &DesiredObject<Arc<FunctionSpec>>,
                desired: &mut DesiredState,
            ) {
                $(desired_part::<$part>(self.$field.as_ref(), site, host, &mut desired.$engine);)*
            }
        }
    };
}
each_block!(parts);

/// Works out what each engine of one target should keep, from the documents that name it.
pub fn expand(documents: Documents<'_>, setting: Setting<'_>) -> DesiredState {
    let mut desired = DesiredState::none(documents.intact, documents.read_at);
    let sites = Arc::new(Sites::of(documents, setting));
    sites.each(|site, doc, parts, settings| {
        // The reader has refused documents whose image cannot be read.
        let Ok(image) = ImageRef::parse(&doc.image) else { return };
        let name = site.function;
        // Tags that a new function is made with: by them its parts are ours from the start.
        let blocks = parts.tags(site);
        let spec = FunctionSpec { blocks, ..FunctionSpec::of(name, doc, &image, setting) };
        desired.images.wanted.extend(wanted_images(&spec));
        let wanted = settings.wanted(spec);
        parts.desired(site, &wanted, &mut desired);
        desired.functions.wanted.insert(name.clone(), wanted);
    });
    FunctionParts::spare(&sites, &mut desired);
    let target = &setting.place.target;
    for document in documents.all.iter().filter(|it| it.meta.targets.contains(target)) {
        let Body::Repository(doc) = &document.body else { continue };
        let name = document.aws_name();
        let key = Key { target: target.clone(), kind: document.kind(), name: name.clone() };
        let spec = RepositorySpec::of(&name, doc, setting.place, setting.owner);
        let settings = DocumentSettings::of(document, &doc.policy, documents.frozen.contains(&key));
        desired.repositories.wanted.insert(name, settings.wanted(spec));
    }
    desired
}

fn desired_part<P: Part>(
    doc: Option<&P::Doc>,
    site: &Site<'_>,
    host: &DesiredObject<Arc<FunctionSpec>>,
    desired: &mut FacetDesired<Arc<<P::Kind as Kind>::Spec>>,
) {
    let wanted = doc.map_or_else(|| P::guard(site), |it| P::wanted(it, site));
    desired.wanted.extend(wanted.into_iter().map(|(name, spec)| (name, host.with(Arc::new(spec)))));
}

/// The image objects that a function depends on. Nothing in a manifest describes them, so they have
/// no labels, no policy and no place of their own.
fn wanted_images(
    spec: &FunctionSpec,
) -> impl Iterator<Item = (Name, DesiredObject<Arc<ImageSpec>>)> {
    let names = std::iter::once(&spec.image.reference).chain(&spec.image.range);
    names.filter_map(|name| {
        let image = ImageSpec::of_reference(name.as_str())?;
        let wanted = DesiredObject {
            spec: Arc::new(image),
            policy: Arc::default(),
            labels: Arc::default(),
            manifest: None,
            frozen: false,
        };
        Some((name.clone(), wanted))
    })
}

/// The targets that documents name, for a check against those that are declared.
pub fn targets(documents: &[Arc<Document>]) -> BTreeSet<Name> {
    documents.iter().flat_map(|it| it.meta.targets.iter().cloned()).collect()
}
