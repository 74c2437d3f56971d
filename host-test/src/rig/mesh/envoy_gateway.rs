//! Envoy Gateway, which runs without Kubernetes, too.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::rig::{cache, go};

const VERSION: &str = "1.9.1";

/// What the variable `ENVOY_GATEWAY` names, `envoy-gateway` on `PATH`, a copy built earlier, or one built now.
pub fn find(progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let named = env::var_os("ENVOY_GATEWAY").filter(|named| !named.is_empty()).map(PathBuf::from);
    if let Some(binary) = named.or_else(|| cache::on_path("envoy-gateway")) {
        return Ok(binary);
    }
    let is_whole = |place: &Path| place.join("envoy-gateway").is_file();
    let place = cache::made("envoy-gateway", VERSION, is_whole, |place| {
        progress(&format!("building Envoy Gateway {VERSION} with Go, once; it takes many minutes"));
        let package = format!("github.com/envoyproxy/gateway/cmd/envoy-gateway@v{VERSION}");
        let mut install = std::process::Command::new("go");
        install.args(["install", &package]).env("PATH", go::path(progress)?).env("GOBIN", place);
        go::run(&mut install).map(drop)
    });
    place.map(|place| place.join("envoy-gateway")).context(
        "no Envoy Gateway to be had: set ENVOY_GATEWAY to its path, put it on PATH, or make `go` work here (on Debian: \
         apt install golang-go)",
    )
}
