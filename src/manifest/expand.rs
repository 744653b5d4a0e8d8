//! From documents to what each engine of a target should keep.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Body, Document};
use crate::{
    engine::{
        desired::{Desired, Location, Wanted},
        name::{Key, Name},
        policy::Policy,
    },
    kinds::{
        function::{
            Function,
            expand::Setting,
            image_ref::{ImageRef, Reference},
            spec::Spec,
        },
        image::{
            Image,
            spec::{Id, Spec as ImageSpec},
        },
    },
};

/// What one target's engines should keep.
pub struct Wishes {
    /// The functions.
    pub functions: Desired<Function>,
    /// The images that they want.
    pub images: Desired<Image>,
}

/// The documents of one moment.
#[derive(Clone, Copy)]
pub struct Documents<'a> {
    /// All of them, in order.
    pub all: &'a [Arc<Document>],
    /// The keys that stand at their last good version.
    pub frozen: &'a BTreeSet<Key>,
    /// Whether every file could be read.
    pub intact: bool,
}

/// What the documents ask for in one target.
pub fn expand(documents: Documents<'_>, setting: Setting<'_>) -> Wishes {
    let mut functions = BTreeMap::new();
    let mut images = BTreeMap::new();
    let target = &setting.place.target;
    for document in documents.all.iter().filter(|it| it.meta.targets.contains(target)) {
        let Body::Function(doc) = &document.body;
        // The reader has refused documents whose image cannot be read.
        let Ok(image) = ImageRef::parse(&doc.image) else { continue };
        let name = document.aws_name();
        let spec = Arc::new(Spec::of(&name, doc, &image, setting));
        images.insert(spec.image.reference.clone(), wanted_image(&image, &spec));
        let key = Key { target: target.clone(), kind: document.kind(), name: name.clone() };
        let location =
            Location { file: Arc::clone(&document.origin.file), line: document.origin.line };
        let wanted = Wanted {
            spec,
            policy: doc.policy.clone(),
            manifest: Some(location),
            frozen: documents.frozen.contains(&key),
        };
        functions.insert(name, wanted);
    }
    let intact = documents.intact;
    Wishes {
        functions: Desired { wanted: functions, intact },
        images: Desired { wanted: images, intact },
    }
}

fn wanted_image(image: &ImageRef, spec: &Spec) -> Wanted<Image> {
    let registry = spec.image.repository.split('/').next().unwrap_or_default();
    let id = match &image.reference {
        Reference::Tag(tag) => Id::Tag(tag.clone()),
        Reference::Digest(digest) => Id::Digest(digest.clone()),
    };
    let spec =
        ImageSpec { registry: registry.to_owned(), repository: image.repository.clone(), id };
    Wanted { spec: Arc::new(spec), policy: Policy::default(), manifest: None, frozen: false }
}

/// The targets that documents name, for a check against those that are declared.
pub fn targets(documents: &[Arc<Document>]) -> BTreeSet<Name> {
    documents.iter().flat_map(|it| it.meta.targets.iter().cloned()).collect()
}
