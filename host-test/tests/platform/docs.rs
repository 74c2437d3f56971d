//! What people read: links lead somewhere, and what stands in blocks of code is what it says it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use host_test::build;
use host_test::rig::instructions::blocks;
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
