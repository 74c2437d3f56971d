//! `cargo page`: builds the page into `target/page`.
//!
//! - `engine.js`: the filter's core for a browser's worker, its wasm packed into it; a running `inferspan` serves it;
//! - `index.html`: the whole page in one file, the engine with it, which works from a disk and from any host. What it
//!   may load is nothing; which scripts it may run is said by their hashes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no directory above")?;
    let target = web.parent().context("no directory above")?.join("target");
    let engine = engine(web, &target.join("web"))?;
    let page = page(&web.join("page"), &engine)?;
    let out = target.join("page");
    fs::create_dir_all(&out)?;
    fs::write(out.join("engine.js"), &engine)?;
    fs::write(out.join("index.html"), &page)?;
    println!("{}: {} bytes", out.join("index.html").display(), page.len());
    ensure!(page.len() < MOST_BYTES, "the page is {} bytes, more than {MOST_BYTES}", page.len());
    Ok(())
}

/// The engine as a script: wasm-bindgen's bindings, and the wasm as a text, packed.
fn engine(web: &Path, target: &Path) -> Result<String> {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--locked", "--package", "inferspan-web"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(target)
        .current_dir(web)
        .status()
        .context("run cargo")?;
    ensure!(built.success(), "the engine does not build; if {TARGET} is missing: rustup target add {TARGET}");
    let bound = target.join("bound");
    Bindgen::new()
        .input_path(target.join(TARGET).join("release/inferspan_web.wasm"))
        .no_modules(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&bound)?;
    let bindings = fs::read_to_string(bound.join("inferspan_web.js"))?;
    let wasm = fs::read(bound.join("inferspan_web_bg.wasm"))?;
    let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    packed.write_all(&wasm)?;
    let packed = BASE64_STANDARD.encode(packed.finish()?);
    Ok(format!("{bindings}\nconst ENGINE = \"{packed}\";\n"))
}

/// The page with all that it names in place of the names.
fn page(directory: &Path, engine: &str) -> Result<String> {
    let read = |name: &str| -> Result<String> {
        let path: PathBuf = directory.join(name);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let mut page = read("index.html")?;
    let style = read("page.css")?;
    replace(&mut page, "<link rel=\"stylesheet\" href=\"page.css\">", &format!("<style>{style}</style>"))?;
    let mut script = String::new();
    while let Some(begin) = page.find(SCRIPT) {
        let rest = page.get(begin + SCRIPT.len()..).unwrap_or_default();
        let name = rest.split('"').next().unwrap_or_default().to_owned();
        script.push_str(&read(&name)?);
        replace(&mut page, &format!("{SCRIPT}{name}\" defer></script>\n"), "")?;
    }
    let data = |name: &str, text: &str| -> Result<String> {
        ensure!(!text.contains("</script"), "{name} would end its element");
        Ok(format!("<script type=\"text/plain\" id=\"{name}\">{text}</script>\n"))
    };
    ensure!(!script.contains("</script"), "a script would end its element");
    let scripts = format!(
        "{}{}<script>{script}</script>\n</body>",
        data("engine.js", engine)?,
        data("worker.js", &read("worker.js")?)?
    );
    replace(&mut page, "</body>", &scripts)?;
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    let policy = format!(
        "<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src \
         'sha256-{}' blob: 'wasm-unsafe-eval'; style-src 'sha256-{}'; worker-src blob:; img-src data:; base-uri 'none'; \
         form-action 'none'\">",
        hash(&script),
        hash(&style)
    );
    replace(&mut page, "<meta charset=\"utf-8\">", &policy)?;
    Ok(page)
}

fn replace(page: &mut String, what: &str, by: &str) -> Result<()> {
    ensure!(page.matches(what).count() == 1, "{what} does not stand in the page once");
    *page = page.replacen(what, by, 1);
    Ok(())
}

const TARGET: &str = "wasm32-unknown-unknown";
const SCRIPT: &str = "<script src=\"";
const MOST_BYTES: usize = 1_000_000;
