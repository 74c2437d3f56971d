//! Wrong configurations, each beside what is said of it: `tests/config/wrong/NAME.json` and `NAME.txt`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use inferspan_core::config::Config;

#[test]
fn each_is_refused_with_what_would_be_right() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/wrong");
    let mut names: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    names.sort();
    assert!(names.len() >= 60, "there are {}", names.len());
    let mut wrong = Vec::new();
    for path in names {
        let expected = fs::read_to_string(path.with_extension("txt")).unwrap();
        let said = match Config::parse(&fs::read(&path).unwrap()) {
            Ok(_) => "it is taken".to_owned(),
            Err(errors) => errors.to_string(),
        };
        if said != expected.trim_end() {
            wrong.push(format!("{}\nsaid:     {said}\nexpected: {expected}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
