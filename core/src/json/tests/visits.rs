//! What is visited of well-formed documents.

use super::super::{Scanner, Text};
use super::*;

#[test]
fn a_stream_event() {
    let paths = [
        ("id", upto(64)),
        ("choices", upto(0)),
        ("choices[].index", upto(0)),
        ("choices[].delta.content", upto(0)),
        ("choices[].finish_reason", upto(32)),
        ("usage.prompt_tokens", upto(0)),
    ];
    let event = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[
        {"index":0,"delta":{"content":" Hel"},"logprobs":null,"finish_reason":null},
        {"index":1,"delta":{"content":""},"logprobs":null,"finish_reason":"stop"}],
        "usage":{"completion_tokens":2,"prompt_tokens":12}}"#;
    assert_eq!(
        visits(&paths, event),
        [
            "id \"chatcmpl-1\"",
            "choices [",
            "choices[].index [0] 0",
            "choices[].delta.content [0] \"\"…",
            "choices[].finish_reason [0] null",
            "choices[].index [1] 1",
            "choices[].delta.content [1] \"\"",
            "choices[].finish_reason [1] \"stop\"",
            "choices ] of 2",
            "usage.prompt_tokens 12",
        ]
    );
}

#[test]
fn every_kind_of_value() {
    let document = r#"{"a":null,"b":true,"c":false,"d":-1.50e+2,"e":"x","f":{},"g":[]}"#;
    assert_eq!(
        visits(&[("*", upto(9))], document),
        ["* null", "* true", "* false", "* -1.50e+2", "* \"x\"", "* {", "* } of 0", "* [", "* ] of 0"]
    );
}

#[test]
fn what_python_writes_for_no_number_costs_itself_alone() {
    let paths = [("a", upto(9)), ("b[]", upto(9)), ("c", upto(9))];
    for word in ["NaN", "Infinity", "-Infinity"] {
        let document =
            format!(r#"{{"a":{word},"x":{word} ,"b":[{word}, 1,{word}],"y":{{"z":{word}}},"c":2}}"#);
        assert_eq!(visits(&paths, &document), ["b[] [1] 1", "c 2"], "{word}");
        let bytes: Vec<&[u8]> = document.as_bytes().chunks(1).collect();
        assert_eq!(scan(&paths, &bytes).0, ["b[] [1] 1", "c 2"], "{word}, a byte at a time");
    }
    assert_eq!(visits(&[("", upto(9))], "NaN"), Vec::<String>::new());
}

/// The kept part ends before, within and after a character that two escapes make, or one that is half.
#[test]
fn a_text_is_cut_inside_a_surrogate_pair() {
    let document = r#"{"a":"ab\ud83d\ude00\ud83dcd","b":1}"#;
    for (bound, kept) in [
        (1, "\"a\"…"),
        (2, "\"ab\"…"),
        (3, "\"ab\"…"),
        (5, "\"ab\"…"),
        (6, "\"ab\u{1F600}\"…"),
        (8, "\"ab\u{1F600}\"…"),
        (9, "\"ab\u{1F600}\u{FFFD}\"…"),
        (11, "\"ab\u{1F600}\u{FFFD}cd\""),
    ] {
        let expected = [format!("a {kept}"), "b 1".to_owned()];
        let paths = [("a", upto(bound)), ("b", upto(0))];
        assert_eq!(visits(&paths, document), expected, "{bound} bytes");
        let bytes: Vec<&[u8]> = document.as_bytes().chunks(1).collect();
        assert_eq!(scan(&paths, &bytes).0, expected, "{bound} bytes, a byte at a time");
    }
}

#[test]
fn the_document_itself() {
    assert_eq!(visits(&[("", upto(9))], "[1,{},[]]"), [" [", " ] of 3"]);
    assert_eq!(visits(&[("", upto(9))], "\"text\""), [" \"text\""]);
    assert_eq!(visits(&[("", upto(9))], "null"), [" null"]);
    assert_eq!(visits(&[("[].x", upto(9))], r#"[{"x":1},{"y":1},{"x":2}]"#), ["[].x [0] 1", "[].x [2] 2"]);
}

#[test]
fn arrays_in_arrays() {
    let paths = [("input", upto(0)), ("input[]", upto(9)), ("input[][]", upto(9))];
    assert_eq!(
        visits(&paths, r#"{"input":[[7,8],"a",[9]]}"#),
        [
            "input [",
            "input[] [0] [",
            "input[][] [0][0] 7",
            "input[][] [0][1] 8",
            "input[] [0] ] of 2",
            "input[] [1] \"a\"",
            "input[] [2] [",
            "input[][] [2][0] 9",
            "input[] [2] ] of 1",
            "input ] of 3",
        ]
    );
}

#[test]
fn a_path_that_meets_another_shape() {
    let paths = [("stop", upto(9)), ("stop[]", upto(9)), ("stop.x.y", upto(9))];
    assert_eq!(visits(&paths, r#"{"stop":"a"}"#), ["stop \"a\""]);
    assert_eq!(visits(&paths, r#"{"stop":["a"]}"#), ["stop [", "stop[] [0] \"a\"", "stop ] of 1"]);
    assert_eq!(visits(&paths, r#"{"stop":{"x":["y"]}}"#), ["stop {", "stop } of 1"]);
    assert_eq!(visits(&[("stop.x", upto(9))], r#"{"stop":[{"x":1}]}"#), Vec::<String>::new());
}

#[test]
fn what_nobody_wants_is_passed_over() {
    let document =
        r#"{"skip":{"usage":{"n":1},"s":"}]\"\\","t":[[],{"u":"{["}]},"also":"\\\"","usage":{"n":2}}"#;
    assert_eq!(visits(&[("usage.n", upto(0))], document), ["usage.n 2"]);
}

#[test]
fn a_text_is_kept_up_to_its_bound() {
    let document = r#"{"a":"12345678"}"#;
    assert_eq!(visits(&[("a", upto(0))], document), ["a \"\"…"]);
    assert_eq!(visits(&[("a", upto(7))], document), ["a \"1234567\"…"]);
    assert_eq!(visits(&[("a", upto(8))], document), ["a \"12345678\""]);
    assert_eq!(visits(&[("a", upto(9))], document), ["a \"12345678\""]);
}

#[test]
fn the_bound_counts_decoded_bytes() {
    let document = r#"{"a":"\n\u00e9\ud83d\ude00!"}"#;
    assert_eq!(visits(&[("a", upto(1))], document), ["a \"\\n\"…"]);
    assert_eq!(visits(&[("a", upto(3))], document), ["a \"\\né\"…"]);
    // Cut inside a character.
    assert_eq!(visits(&[("a", upto(5))], document), ["a \"\\né\"…"]);
    assert_eq!(visits(&[("a", upto(7))], document), ["a \"\\né😀\"…"]);
    assert_eq!(visits(&[("a", upto(8))], document), ["a \"\\né😀!\""]);
}

#[test]
fn a_cut_text_is_reported_before_it_ends() {
    let paths = compile(&[("a", upto(3))]);
    let (mut scanner, mut lines) = (Scanner::new(), Lines::default());
    scanner.push(&paths, br#"{"a":"123"#, &mut lines);
    assert_eq!(lines.0, Vec::<String>::new(), "the text may end here");
    scanner.push(&paths, b"4", &mut lines);
    assert_eq!(lines.0, ["a \"123\"…"]);
    assert_eq!(scanner.push(&paths, br#"5\"6"}"#, &mut lines), Progress::Done { consumed: 6 });
    assert_eq!(lines.0.len(), 1);
}

#[test]
fn a_text_in_pieces() {
    let paths = [("a", Want::Pieces), ("b[]", Want::Pieces)];
    assert_eq!(
        visits(&paths, r#"{"a":"one\ntwo\u20ac","b":["","x",1]}"#),
        ["a  one\ntwo€", "b[] [0] ", "b[] [1] x", "b[] [2] 1"]
    );
}

#[test]
fn keys_match_as_they_are_meant() {
    let paths = [("model", upto(9)), ("kä", upto(9))];
    assert_eq!(
        visits(&paths, r#"{"\u006dod\u0065l":1,"k\u00e4":2,"kä":3,"Model":4}"#),
        ["model 1", "kä 2", "kä 3"]
    );
    let longer = format!(r#"{{"{}":1,"\u006d{}":2,"":3}}"#, "model".repeat(100), "odel".repeat(100));
    assert_eq!(visits(&paths, &longer), Vec::<String>::new());
}

#[test]
fn a_repeated_key_is_visited_each_time() {
    assert_eq!(visits(&[("a", upto(9))], r#"{"a":1,"a":2}"#), ["a 1", "a 2"]);
}

#[test]
fn whitespace_stands_anywhere() {
    let document = "\t\r\n {\n \"a\" \t:\r [ 1 , 2 ] , \"b\" : { } }";
    assert_eq!(
        visits(&[("a[]", upto(9)), ("b", upto(9))], document),
        ["a[] [0] 1", "a[] [1] 2", "b {", "b } of 0"]
    );
}

#[test]
fn one_byte_order_mark_may_precede_the_value() {
    assert_eq!(visits(&[("a", upto(9))], "\u{feff}{\"a\":1}"), ["a 1"]);
}

#[test]
fn a_number_longer_than_any_count_is_passed_over() {
    let digits = "1".repeat(65);
    assert_eq!(visits(&[("*", upto(9))], &format!(r#"{{"a":{digits},"b":2}}"#)), ["* 2"]);
    assert_eq!(visits(&[("*", upto(9))], &format!(r#"{{"a":{},"b":2}}"#, &digits[1..])).len(), 2);
}

#[test]
fn nothing_is_taken_beyond_the_value() {
    let paths = compile(&[("a", upto(9))]);
    for (input, consumed) in
        [(r#" {"a":1} {"#, 8), ("[]]", 2), ("\"x\"\"", 3), ("true,", 4), ("12 ", 2), ("12]", 2)]
    {
        let progress = Scanner::new().push(&paths, input.as_bytes(), &mut Lines::default());
        assert_eq!(progress, Progress::Done { consumed }, "{input}");
    }
}

#[test]
fn a_number_at_the_top_ends_with_the_input() {
    assert_eq!(scan(&[("", upto(0))], &[b" 4", b"2"]), (vec![" 42".to_owned()], Finish::Complete));
    assert_eq!(scan(&[("", upto(0))], &[b"4", b"2 "]), (vec![" 42".to_owned()], Finish::Complete));
    assert_eq!(scan(&[("", upto(0))], &[b"-"]), (vec![], Finish::Cut));
}

#[test]
fn the_end_of_the_input() {
    let finish = |input: &str| scan(&[("a", upto(9))], &[input.as_bytes()]).1;
    for nothing in ["", " \n", "\u{feff}", "\u{feff} "] {
        assert_eq!(finish(nothing), Finish::Empty, "{nothing:?}");
    }
    for part in ["{", "{\"", "{\"a\"", "{\"a\":", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":1", "[", "tru"] {
        assert_eq!(finish(part), Finish::Cut, "{part}");
    }
    assert_eq!(finish("{}"), Finish::Complete);
}

#[test]
fn what_came_before_a_cut_stays_visited() {
    let (lines, finish) = scan(&[("*", upto(9))], &[br#"{"a":1,"b":"x","c":"unfini"#]);
    assert_eq!((lines.join(", ").as_str(), finish), ("* 1, * \"x\"", Finish::Cut));
}

#[test]
fn one_scanner_reads_value_after_value() {
    let paths = compile(&[("a", upto(9))]);
    let (mut scanner, mut lines) = (Scanner::new(), Lines::default());
    for document in [r#"{"a":1}"#, r#"{"a":"cut"#, r#"{"a":[}"#, r#"{"a":"\ud83d"#, r#"{"a":2}"#] {
        scanner.push(&paths, document.as_bytes(), &mut lines);
        scanner.reset();
    }
    assert_eq!(lines.0, ["a 1", "a [", "a 2"]);
}

#[test]
fn nothing_is_taken_after_the_end() {
    let paths = compile(&[("a", upto(9))]);
    let mut scanner = Scanner::new();
    scanner.push(&paths, b"{}", &mut Lines::default());
    assert_eq!(scanner.push(&paths, b"{}", &mut Lines::default()), Progress::Done { consumed: 0 });
}

#[test]
fn members_beyond_a_bound_are_passed_over() {
    let bounded = |unit: &str, begin: &str, end: &str| {
        let document = format!("{begin}{}{unit}{end}", format!("{unit},").repeat(39_999));
        let paths = [("a", upto(9)), ("a[].x", upto(9)), ("a.x", upto(9)), ("b", upto(9))];
        let whole = scan(&paths, &[document.as_bytes()]);
        let pieces: Vec<&[u8]> = document.as_bytes().chunks(7).collect();
        assert!(whole == scan(&paths, &pieces), "{unit}");
        assert_eq!(whole.1, Finish::Complete, "{unit}");
        whole.0
    };
    for unit in ["1", "\"\"", "{}", "{\"\":1}", "[[\"]\"]]"] {
        let lines = bounded(unit, "{\"a\":[", "],\"b\":2}");
        assert_eq!(lines, ["a [", "a ] of 32768", "b 2"], "{unit}");
    }
    let lines = bounded("{\"x\":1}", "{\"a\":[", "],\"b\":2}");
    assert_eq!(lines.len(), 32_768 + 3);
    assert_eq!(lines[32_768..], ["a[].x [32767] 1", "a ] of 32768", "b 2"]);
    let lines = bounded("\"x\":\"}\"", "{\"a\":{", "},\"b\":2}");
    assert_eq!(lines[32_768..], ["a.x \"}\"", "a } of 32768", "b 2"]);
}

#[test]
fn a_scanner_is_small() {
    assert!(size_of::<Scanner>() <= 320, "{}", size_of::<Scanner>());
}

#[test]
fn texts_as_strings() {
    let text = |bytes, whole| Text { bytes, whole }.to_string_lossy().into_owned();
    assert_eq!(text("né".as_bytes(), true), "né");
    assert_eq!(text(b"n\xc3", false), "n");
    assert_eq!(text(b"\xf0\x9f\x98", false), "");
    assert_eq!(text(b"n\xc3", true), "n\u{fffd}");
    assert_eq!(text(b"\xff\xc3", false), "\u{fffd}");
    assert_eq!(text(b"\xff", false), "\u{fffd}");
}
