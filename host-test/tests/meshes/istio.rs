//! What Istio's agent fetches, and what `istioctl` says of `envoy/istio`.

use std::process::Command;

use anyhow::{Result, ensure};
use host_test::build;
use host_test::rig::mesh::istio;
use host_test::rig::stand;

use crate::registry::{Registry, said};

#[tokio::test(flavor = "multi_thread")]
async fn its_agent_pulls_the_filter_out_of_each_image() -> Result<()> {
    let puller = tokio::task::spawn_blocking(|| istio::puller(&mut |line| eprintln!("{line}"))).await??;
    let wasm = stand::wasm().await?;
    let registry = Registry::start(&wasm, "1.2.3").await?;
    let tags: Vec<&str> = registry.images.iter().map(|(tag, _)| tag.as_str()).collect();
    assert_eq!(tags, ["1.2.3", "1.2.3-artifact"]);
    let pull = |tag: &str, digest: &str| {
        let directory = tempfile::tempdir()?;
        let url = format!("oci://{}/inferspan/inferspan:{tag}", registry.address);
        let path = said(Command::new(&puller).arg(directory.path()).args([&url, digest]))?;
        anyhow::Ok(std::fs::read(path.lines().last().unwrap_or_default())?)
    };
    let filter = std::fs::read(&wasm)?;
    for (tag, digest) in &registry.images {
        // `sha256` of a WasmPlugin is that of the image's manifest; without one nothing is compared.
        ensure!(pull(tag, digest)? == filter, "another filter comes out of {tag}");
        ensure!(pull(tag, "")? == filter, "another filter comes out of {tag}");
    }
    let of_the_filter = said(Command::new("sha256sum").arg(&wasm))?;
    let of_the_filter = of_the_filter.split(' ').next().unwrap_or_default();
    let refused = pull("1.2.3", of_the_filter).map(drop).unwrap_err().to_string();
    ensure!(refused.contains("does not match"), "{refused}");
    Ok(())
}

#[test]
fn istioctl_takes_the_resources() -> Result<()> {
    let istioctl = istio::istioctl(&mut |line| eprintln!("{line}"))?;
    let file = build::workspace().join("envoy/istio/inferspan.yaml");
    let output = Command::new(istioctl).arg("validate").arg("-f").arg(&file).output()?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    ensure!(output.status.success() && said.contains("is valid") && !said.contains("arning"), "{said}");
    Ok(())
}
