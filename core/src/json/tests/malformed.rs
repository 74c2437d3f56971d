//! What is malformed, where that is found, and what passes nonetheless.

use super::super::JsonError;
use super::*;

/// Where the scanner gives up on a document, and why.
fn fails(document: &str) -> Option<(usize, JsonError)> {
    let paths = compile(&[("*", upto(9)), ("*.*", upto(9)), ("[]", upto(9)), ("", upto(9))]);
    match Scanner::new().push(&paths, document.as_bytes(), &mut Lines::default()) {
        Progress::Failed { consumed, error } => Some((consumed, error)),
        Progress::More | Progress::Done { .. } => None,
    }
}

#[test]
fn every_error() {
    for (document, consumed, error) in [
        ("<html>", 0, JsonError::ExpectedValue),
        ("{\"a\":}", 5, JsonError::ExpectedValue),
        ("[1,]", 3, JsonError::ExpectedValue),
        ("[,1]", 1, JsonError::ExpectedValue),
        ("]", 0, JsonError::ExpectedValue),
        ("\u{feff}\u{feff}1", 3, JsonError::ExpectedValue),
        ("{a:1}", 1, JsonError::ExpectedKey),
        ("{1:1}", 1, JsonError::ExpectedKey),
        ("{\"a\":1,}", 7, JsonError::ExpectedKey),
        ("{,", 1, JsonError::ExpectedKey),
        ("{\"a\" 1}", 5, JsonError::ExpectedColon),
        ("{\"a\",", 4, JsonError::ExpectedColon),
        ("{\"a\":1 \"b\"", 7, JsonError::ExpectedCommaOrEnd),
        ("{\"a\":1]", 6, JsonError::ExpectedCommaOrEnd),
        ("[1}", 2, JsonError::ExpectedCommaOrEnd),
        ("[1:2]", 2, JsonError::ExpectedCommaOrEnd),
        ("[nulll]", 5, JsonError::ExpectedCommaOrEnd),
        ("[nul]", 4, JsonError::Literal),
        ("[True]", 1, JsonError::ExpectedValue),
        ("[tRue]", 2, JsonError::Literal),
        ("[01]", 3, JsonError::Number),
        ("[1.]", 3, JsonError::Number),
        ("[-]", 2, JsonError::Number),
        ("[1e5e5]", 6, JsonError::Number),
        ("[\"\\x\"]", 3, JsonError::Escape),
        ("[\"\\u12g4\"]", 6, JsonError::Escape),
        ("{\"\\x\":1}", 3, JsonError::Escape),
    ] {
        assert_eq!(fails(document), Some((consumed, error)), "{document}");
    }
}

#[test]
fn a_failure_stays() {
    let paths = compile(&[("a", upto(9))]);
    let (mut scanner, mut lines) = (Scanner::new(), Lines::default());
    let error = JsonError::ExpectedValue;
    assert_eq!(scanner.push(&paths, b"{\"a\":x", &mut lines), Progress::Failed { consumed: 5, error });
    assert_eq!(scanner.push(&paths, b"1}", &mut lines), Progress::Failed { consumed: 0, error });
    assert_eq!(scanner.finish(&paths, &mut lines), Finish::Failed(error));
    assert_eq!(lines.0, Vec::<String>::new());
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let end = |document: &str| scan(&[("b", upto(9))], &[document.as_bytes()]).1;
    assert_eq!(end(&nested(512)), Finish::Complete);
    assert_eq!(end(&nested(513)), Finish::Failed(JsonError::TooDeep));
    assert_eq!(end(&nested(100_000)), Finish::Failed(JsonError::TooDeep));
}

#[test]
fn texts_pass_as_they_come() {
    let (lines, finish) = scan(&[("*", upto(9))], &[b"{\"a\":\"x\ny\",\"b\":\"\xff\",\"c\":\"\\ud83d\"}"]);
    assert_eq!(lines, ["* \"x\\ny\"", "* \"\u{fffd}\"", "* \"\u{fffd}\""]);
    assert_eq!(finish, Finish::Complete);
}

#[test]
fn of_what_is_skipped_only_texts_and_brackets_matter() {
    let document = r#"{"skip":{nonsense:01 "\x" [}],"too":"\x","a":"12\x","b":1}"#;
    assert_eq!(visits(&[("a", upto(1)), ("b", upto(1))], document), ["a \"1\"…", "b 1"]);
}

#[test]
fn errors_say_what_would_be_right() {
    assert_eq!(JsonError::ExpectedColon.to_string(), "expected `:` after an object's key");
}
