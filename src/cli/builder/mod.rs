//! What builds, keeps and runs images on this machine: docker, podman or buildah.

pub(super) mod build;
pub(super) mod container;
