//! The same bytes give the same visits, however they are cut.

use super::super::fuzz::{Scan, scan};
use super::super::paths::MAX_PATH;
use super::*;

/// Small documents that have every kind of token, or break off or are wrong in every one.
const SMALL: &[&str] = &[
    r#"{"a":[1,-2.5e+3,"x"],"b":null}"#,
    " [true , false,null ] ",
    r#""\u00e9\n\ud83d\ude00\\""#,
    r#"["\ud83d","\ud83dx","\ud83d\n","\ud83d\ud83d\ude00"]"#,
    r#"{"\u0061":{"":""}}"#,
    r#"[[[[[["deep\"]"]]]]]]"#,
    "\u{feff}[\"né€😀\"]",
    "1234567890",
    "  ",
    "",
    "[01]",
    "[1.]",
    "tru",
    "trub",
    "{\"a\":1,}",
    "{\"a\" 1}",
    "[\"\\x\"]",
    "[\"\\u00zz\"]",
    "\u{feff}\u{feff}",
    "[1]]",
    "{}{}",
];

#[test]
fn every_cut_into_three() {
    for document in SMALL.iter().map(|document| document.as_bytes()) {
        for want in [upto(0), upto(1), upto(4), upto(15), Want::Pieces] {
            let whole = whole(want, document);
            for first in 0..=document.len() {
                for second in first..=document.len() {
                    let pieces = [&document[..first], &document[first..second], &document[second..]];
                    let split = scan(want, document, pieces.into_iter());
                    assert_eq!(split, whole, "{pieces:?}");
                }
            }
        }
    }
}

#[test]
fn one_byte_at_a_time_with_gaps() {
    for document in SMALL.iter().map(|document| document.as_bytes()) {
        let pieces = document.chunks(1).flat_map(|byte| [byte, b""]);
        assert_eq!(scan(upto(4), document, pieces), whole(upto(4), document));
    }
}

#[test]
fn every_cut_of_the_bound() {
    // The text ends a byte before, at, and a byte behind each bound.
    for length in 0..15 {
        let document = format!("\"{}\"", "x".repeat(length));
        for bound in 0..15 {
            for cut in 0..=document.len() {
                let (first, second) = document.split_at(cut);
                let pieces = [first.as_bytes(), second.as_bytes()];
                let split = scan(upto(bound), document.as_bytes(), pieces.into_iter());
                assert_eq!(split, whole(upto(bound), document.as_bytes()), "{pieces:?} at {bound}");
            }
        }
    }
}

#[test]
fn the_deepest_path_in_the_deepest_document() {
    let path: &'static str = Box::leak("[]".repeat(MAX_PATH).into_boxed_str());
    let document = "[".repeat(400) + &"]".repeat(400);
    let pieces: Vec<_> = document.as_bytes().chunks(1).collect();
    let (lines, finish) = super::scan(&[(path, upto(0))], &pieces);
    assert_eq!(finish, Finish::Complete);
    assert_eq!(
        lines,
        [format!("{path} {} [", "[0]".repeat(16)), format!("{path} {} ] of 1", "[0]".repeat(16))]
    );
}

fn whole(want: Want, document: &[u8]) -> Scan {
    scan(want, document, std::iter::once(document))
}
