//! `packaging/`: what a release is made of. That Istio and Envoy Gateway take the images is the target `meshes`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host_test::build;
use host_test::rig::stand;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn an_image_holds_the_filter_and_nothing_of_this_machine() -> Result<()> {
    let wasm = stand::wasm().await?;
    let directory = tempfile::tempdir()?;
    let made = |name: &str| {
        let archive = directory.path().join(name);
        let said = python("image.py", &[&wasm, Path::new("1.2.3"), &archive])?;
        anyhow::Ok((said, fs::read(archive)?))
    };
    let (images, archive) = made("one.tar")?;
    assert!(made("two.tar")? == (images.clone(), archive), "made twice it is the same");

    run(Command::new("tar").arg("xf").arg(directory.path().join("one.tar")).arg("-C").arg(directory.path()))?;
    let blobs = directory.path().join("blobs/sha256");
    for blob in fs::read_dir(&blobs)? {
        let blob = blob?;
        assert_eq!(digest(&blob.path())?, blob.file_name().to_string_lossy());
    }
    let document = |path: &Path| anyhow::Ok(serde_json::from_slice::<Value>(&fs::read(path)?)?);
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().and_then(|text| text.strip_prefix("sha256:"));
        anyhow::Ok(blobs.join(digest.context("a digest")?))
    };
    let index = document(&directory.path().join("index.json"))?;
    let mut named = String::new();
    for image in index["manifests"].as_array().context("manifests")? {
        let tag = image["annotations"]["org.opencontainers.image.ref.name"].as_str().context("a tag")?;
        named.push_str(&format!("{tag} {}\n", image["digest"].as_str().context("a digest")?));
        let manifest = document(&blob(image)?)?;
        let layers = manifest["layers"].as_array().context("layers")?;
        for one in layers.iter().chain([&manifest["config"]]) {
            assert_eq!(Some(fs::metadata(blob(one)?)?.len()), one["size"].as_u64(), "{one}");
        }
        match tag {
            // The last layer is an archive with plugin.wasm: the "compat" form of Istio's fetcher and Envoy Gateway's.
            "1.2.3" => {
                let [layer] = layers.as_slice() else { anyhow::bail!("{manifest}") };
                assert_eq!(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
                run(Command::new("tar").arg("xzf").arg(blob(layer)?).arg("-C").arg(directory.path()))?;
                assert_eq!(digest(&directory.path().join("plugin.wasm"))?, digest(&wasm)?);
            }
            // Two layers, one of which is the filter: the "oci" form.
            "1.2.3-artifact" => {
                let [_, layer] = layers.as_slice() else { anyhow::bail!("{manifest}") };
                assert_eq!(layer["mediaType"], "application/vnd.module.wasm.content.layer.v1+wasm");
                assert_eq!(digest(&blob(layer)?)?, digest(&wasm)?);
            }
            other => anyhow::bail!("nobody asked for {other}"),
        }
    }
    assert_eq!(named, images, "what is printed is what is in it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bill_of_materials_has_what_is_linked() -> Result<()> {
    let wasm = stand::wasm().await?;
    let bill: Value = serde_json::from_str(&python("sbom.py", &[&wasm])?)?;
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    let subject = &bill["metadata"]["component"];
    assert_eq!(subject["hashes"][0]["content"], digest(&wasm)?);
    assert_eq!(subject["version"], env!("CARGO_PKG_VERSION"));
    let components = bill["components"].as_array().context("components")?;
    let names: BTreeSet<&str> = components.iter().filter_map(|one| one["name"].as_str()).collect();
    for linked in ["memchr", "zlib-rs", "brotli-decompressor", "rust-std"] {
        ensure!(names.contains(linked), "{linked} is missing: {names:?}");
    }
    for other in ["tokio", "wasmtime", "serde_json", "syn", "inferspan-core"] {
        ensure!(!names.contains(other), "{other} is not linked, or our own: {names:?}");
    }
    for one in components {
        ensure!(one["licenses"][0]["expression"].is_string() && one["version"].is_string(), "{one}");
    }
    Ok(())
}

/// `git tag` starts it, and what it calls is there.
#[test]
fn the_release_builds_what_it_checks() -> Result<()> {
    let workflow = fs::read_to_string(build::workspace().join(".github/workflows/release.yml"))?;
    let workflow: Value = serde_saphyr::from_str(&workflow)?;
    assert_eq!(workflow["on"]["push"]["tags"][0], "v*");
    let steps = workflow["jobs"]["release"]["steps"].as_array().context("steps")?;
    let scripts: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    for script in [".ci/run", "packaging/reproducible", "packaging/build"] {
        ensure!(build::workspace().join(script).is_file(), "{script} is not there");
        ensure!(scripts.iter().any(|run| run.contains(script)), "{script} is not run");
    }
    ensure!(scripts.iter().any(|run| run.contains("check advisories")), "advisories are not looked at");
    for script in scripts {
        run(Command::new("bash").args(["-n", "-c", script]))?;
    }
    for script in ["packaging/reproducible", "packaging/build"] {
        run(Command::new("bash").arg("-n").arg(build::workspace().join(script)))?;
    }
    Ok(())
}

fn python(script: &str, arguments: &[&Path]) -> Result<String> {
    run(Command::new("python3").arg(build::workspace().join("packaging").join(script)).args(arguments))
}

fn digest(file: &Path) -> Result<String> {
    let said = run(Command::new("sha256sum").arg(file))?;
    Ok(said.split(' ').next().unwrap_or_default().to_owned())
}

/// What a command says on its standard output.
fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("run {:?}", command.get_program()))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
