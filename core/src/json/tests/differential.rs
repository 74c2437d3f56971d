//! The scanner sees what `serde_json` sees.

use proptest::prelude::*;

use super::super::fuzz::{check, fuzz_scanner};

proptest! {
    #[test]
    fn documents_agree_with_serde_json(document in document(), bound in 0..16_u16, seed: u64) {
        serde_json::from_str::<serde_json::Value>(&document).expect("the generator makes JSON");
        check(document.as_bytes(), bound, seed);
    }

    /// One byte changed, removed or doubled: mostly malformed, sometimes in a way that is easily missed.
    #[test]
    fn damaged_documents_agree_too(
        document in document(),
        at: prop::sample::Index,
        damage in prop_oneof![Just(None), prop::sample::select(&b"{}[]\",:\\ 0-e.tnu\xc3\xff\n"[..]).prop_map(Some)],
        doubled: bool,
        bound in 0..16_u16,
        seed: u64,
    ) {
        let mut document = document.into_bytes();
        let at = at.index(document.len());
        let kept = document[at];
        document.splice(at..=at, damage.into_iter().chain(doubled.then_some(kept)));
        check(&document, bound, seed);
    }

    #[test]
    fn any_bytes_hold_the_invariants(data: Vec<u8>) {
        fuzz_scanner(&data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Large documents, cut at random.
    #[test]
    fn large_documents_agree_with_serde_json(
        documents in prop::collection::vec(document(), 200..400),
        text in "[a-z \u{e9}\u{20ac}]{20000}",
        seeds in prop::array::uniform2(any::<u64>()),
    ) {
        let document = format!("[{},\"{text}\"]", documents.join(",\n"));
        for seed in seeds {
            check(document.as_bytes(), 15, seed);
        }
    }
}

/// Any document of JSON, in any notation.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        "-?(0|[1-9][0-9]{0,18})",
        "-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?",
        text(),
    ];
    leaf.prop_recursive(7, 60, 6, |value| {
        prop_oneof![
            (prop::collection::vec(value.clone(), 0..6), space()).prop_map(|(members, space)| format!(
                "[{space}{}{space}]",
                members.join(&format!("{space},{space}"))
            )),
            (prop::collection::vec((text(), value), 0..6), space()).prop_map(|(members, space)| {
                let members: Vec<_> =
                    members.iter().map(|(key, value)| format!("{key}{space}:{space}{value}")).collect();
                format!("{{{space}{}{space}}}", members.join(&format!("{space},{space}")))
            }),
        ]
    })
}

/// A text with its quotes, some of it escaped.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[ -!#-\\[\\]-~]{0,20}",
        1 => "[\u{80}-\u{10ffff}]{0,4}",
        1 => "\\\\[\"\\\\/bfnrt]",
        // A unit that is no surrogate, or a pair of them.
        1 => "\\\\u([0-9a-cA-C][0-9a-fA-F]{3}|[dD][0-7][0-9a-f]{2}|d[89ab][0-9a-f]{2}\\\\u[dD][c-f][0-9a-f]{2})",
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t")]
}
