//! What a browser loads. The files are part of this program; the engine, which reads files in the browser, is there
//! where it has been built (`cargo page`): beside this program, or in the checkout that it was built in.

use std::borrow::Cow;
use std::env;
use std::fs;
use std::path::PathBuf;

use host_test::build;

/// A file's type and content, by its path.
pub(super) fn get(path: &str) -> Option<(&'static str, Cow<'static, [u8]>)> {
    if path == ENGINE {
        return Some(("application/javascript", Cow::Owned(engine()?)));
    }
    let (_, kind, content) = FILES.iter().find(|(name, ..)| *name == path)?;
    Some((kind, Cow::Borrowed(content.as_bytes())))
}

fn engine() -> Option<Vec<u8>> {
    let beside = env::current_exe().ok().map(|executable| executable.with_file_name(ENGINE));
    let built: PathBuf = build::target_dir().join("page").join(ENGINE);
    beside.into_iter().chain([built]).find_map(|file| fs::read(file).ok())
}

const ENGINE: &str = "engine.js";

macro_rules! files {
    ($($path:literal $name:literal $kind:literal;)*) => {
        const FILES: &[(&str, &str, &str)] =
            &[$(($path, $kind, include_str!(concat!("../../../web/page/", $name)))),*];
    };
}

files! {
    "" "index.html" "text/html; charset=utf-8";
    "page.css" "page.css" "text/css; charset=utf-8";
    "facts.js" "facts.js" "text/javascript; charset=utf-8";
    "format.js" "format.js" "text/javascript; charset=utf-8";
    "store.js" "store.js" "text/javascript; charset=utf-8";
    "elements.js" "elements.js" "text/javascript; charset=utf-8";
    "waterfall.js" "waterfall.js" "text/javascript; charset=utf-8";
    "list.js" "list.js" "text/javascript; charset=utf-8";
    "detail.js" "detail.js" "text/javascript; charset=utf-8";
    "totals.js" "totals.js" "text/javascript; charset=utf-8";
    "export.js" "export.js" "text/javascript; charset=utf-8";
    "live.js" "live.js" "text/javascript; charset=utf-8";
    "offline.js" "offline.js" "text/javascript; charset=utf-8";
    "telemetry.js" "telemetry.js" "text/javascript; charset=utf-8";
    "worker.js" "worker.js" "text/javascript; charset=utf-8";
    "page.js" "page.js" "text/javascript; charset=utf-8";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_that_the_page_names_is_there() {
        let (_, page) = get("").unwrap();
        let page = String::from_utf8(page.into_owned()).unwrap();
        let named = page.split("<script src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let named: Vec<_> = named.collect();
        assert!(named.len() > 5, "{named:?}");
        for name in named {
            assert!(get(name).is_some(), "{name}");
        }
        assert!(get("page.rs").is_none());
    }
}
