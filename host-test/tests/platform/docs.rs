//! What people read: links lead somewhere, and what stands in blocks of code is what it says it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host_test::build;
use host_test::rig::instructions::{blocks, commands};
use inferspan_core::config::Config;
use serde_json::Value;

/// The pages, all of them.
fn pages() -> Result<Vec<PathBuf>> {
    let root = build::workspace();
    let mut pages = Vec::new();
    for folder in ["", "docs", "envoy", "host-test", "core/tests/fixtures"] {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    ensure!(pages.len() > 12, "the pages are not where they were: {pages:?}");
    Ok(pages)
}

#[test]
fn links_lead_somewhere() -> Result<()> {
    for page in pages()? {
        let text = fs::read_to_string(&page)?;
        let folder = page.parent().context("a folder")?;
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { folder.join(file) };
            ensure!(target.exists(), "{}: nothing is at {link}", page.display());
            if !anchor.is_empty() && target.extension().is_some_and(|extension| extension == "md") {
                let known = anchors(&fs::read_to_string(&target)?);
                ensure!(known.contains(anchor), "{}: no heading gives {link}: {known:?}", page.display());
            }
        }
    }
    Ok(())
}

#[test]
fn blocks_of_code_are_what_they_say() -> Result<()> {
    let mut configurations = 0;
    for page in pages()? {
        for (language, block) in blocks(&fs::read_to_string(&page)?) {
            let at = || format!("{}:\n{block}", page.display());
            match language.as_str() {
                "json" => {
                    let value: Value = serde_json::from_str(&block).with_context(at)?;
                    if is_configuration(&page, &value) {
                        Config::parse(value.to_string().as_bytes())
                            .map_err(|why| anyhow::anyhow!("{}\nis refused: {why}", at()))?;
                        configurations += 1;
                    }
                }
                "yaml" => drop(serde_saphyr::from_str::<Value>(&block).with_context(at)?),
                _ => {}
            }
        }
    }
    ensure!(configurations > 4, "only {configurations} configurations are looked at");
    Ok(())
}

/// What a reader types is what a shell takes, and calls what there is a reason to call. Those of docs/getting-started.md for
/// Envoy and Envoy Gateway are also run (the targets `newcomer` and `meshes`).
#[test]
fn commands_are_such() -> Result<()> {
    let mut seen = 0;
    for page in pages()? {
        for command in commands(&fs::read_to_string(&page)?) {
            let at = || format!("{}: {command}", page.display());
            let checked = Command::new("bash").args(["-n", "-c", &command]).output()?;
            ensure!(checked.status.success(), "{}\n{}", at(), String::from_utf8_lossy(&checked.stderr));
            let program = command.split_whitespace().next().unwrap_or_default();
            ensure!(PROGRAMS.contains(&program), "{}: who has tried {program}?", at());
            // Files of the repository that it names are there; what is built is not.
            for word in command.split_whitespace().filter(|word| word.starts_with("envoy/")) {
                let is_made = word.ends_with(".wasm") || word.ends_with('/');
                ensure!(is_made || build::workspace().join(word).exists(), "{}: nothing is at {word}", at());
            }
            seen += 1;
        }
    }
    ensure!(seen > 30, "only {seen} commands are looked at");
    Ok(())
}

/// What commands begin with.
const PROGRAMS: &[&str] = &[
    // Run by `newcomer` and `meshes`.
    "rustup",
    "cargo",
    "sudo",
    "otelcol-contrib",
    "envoy",
    "curl",
    "sleep",
    "mkdir",
    "cp",
    "sed",
    "envoy-gateway",
    "envoy/envoy-gateway/secret",
    "echo",
    // There is no cluster and no container engine, and nothing is released, where tests run.
    "docker",
    "kubectl",
    "git",
    "sha256sum",
    // Sets what `up` prints.
    "export",
];

/// JSON on the pages for users is a configuration of the filter, but for the lines that it writes itself.
fn is_configuration(page: &Path, json: &Value) -> bool {
    page.parent().is_some_and(|folder| folder.ends_with("docs")) && json.get("trace_id").is_none()
}

/// What stands in `](…)` outside of code.
fn links(text: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            let ends = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            links.extend(ends.map(|(link, _)| link));
        }
    }
    links
}

/// The anchors that GitHub makes of a page's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings
        .map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-"))
        .collect()
}
