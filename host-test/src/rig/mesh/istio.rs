//! Of Istio: what its agent fetches filters with, and `istioctl`.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::rig::{cache, go};

/// The module, by the commit of its release.
const MODULE: &str = "istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad";

/// Versions that the module's own `go.mod` has by replacement, which holds for nobody else.
const ALSO: [&str; 4] = [
    "istio.io/api@v1.31.1",
    "istio.io/client-go@v1.31.1",
    "github.com/envoyproxy/go-control-plane/envoy@v1.37.1-0.20260729145720-a2d8c7492908",
    "github.com/envoyproxy/go-control-plane/contrib@v1.36.1-0.20260729145720-a2d8c7492908",
];

/// A program that fetches a filter as Istio's agent does: `puller DIRECTORY URL SHA256` prints where it is then, or why
/// not.
pub fn puller(progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    built("puller", ".", Some(include_str!("puller.go")), progress)
}

/// `istioctl`: what the variable `ISTIOCTL` names, one on `PATH`, or one built here.
pub fn istioctl(progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let named = env::var_os("ISTIOCTL").filter(|named| !named.is_empty()).map(PathBuf::from);
    match named.or_else(|| cache::on_path("istioctl")) {
        Some(binary) => Ok(binary),
        None => built("istioctl", "istio.io/istio/istioctl/cmd/istioctl", None, progress),
    }
}

fn built(
    binary: &str,
    package: &str,
    source: Option<&str>,
    progress: &mut dyn FnMut(&str),
) -> Result<PathBuf> {
    let is_whole = |place: &Path| place.join(binary).is_file();
    let make = |place: &Path| go::build(place, binary, (MODULE, package), &ALSO, source, progress);
    let place = cache::made("istio", binary, is_whole, make);
    place.map(|place| place.join(binary)).with_context(|| {
        format!("no {binary} to be had: it is built with Go (on Debian: apt install golang-go)")
    })
}
