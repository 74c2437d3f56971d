//! Every recognised exchange ends in exactly one record that says how it ended, in every framing.

use host_test::rig::span::Span;
use host_test::sim::{Break, Close, Headers, Pieces};

use crate::framing::{self, Framing};
use crate::world::{flushed, proxy, span_of};

#[test]
fn completed() {
    for framing in framing::all() {
        for script in framing.whole.every_split() {
            whole(&framing, &span_of(&script));
        }
        for close in [
            Close::EmptyPiece,
            Close::Trailers(Headers::from([("x-checksum", "1")])),
            Close::EmptyPieceAndTrailers(Headers::from([("x-checksum", "1")])),
        ] {
            let script = framing.whole.clone().response_pieces(Pieces::of(1)).response_close(close);
            whole(&framing, &span_of(&script));
        }
    }
}

/// What the whole exchange says, whatever its cut.
fn whole(framing: &Framing, span: &Span) {
    ends_as(framing, span, "completed", None);
    assert_eq!(span.int("gen_ai.usage.input_tokens"), Some(11), "{}", framing.name);
    assert_eq!(span.int("gen_ai.usage.output_tokens"), Some(7), "{}", framing.name);
    assert_eq!(span.texts("gen_ai.response.finish_reasons").len(), 1, "{}", framing.name);
}

#[test]
fn a_final_message_completes_a_stream_whoever_hangs_up_afterwards() {
    for framing in framing::all().iter().filter(|framing| framing.name != "JSON") {
        let size = framing.whole.response.body.len();
        for with in [Break::ClientLeaves, Break::UpstreamCloses] {
            let span = span_of(&framing.whole.clone().breaks(with, size));
            ends_as(framing, &span, "completed", None);
        }
    }
}

#[test]
fn error_status() {
    for framing in framing::all() {
        let script =
            framing.whole.clone().respond(429, "application/json", r#"{"error":{"message":"Slow down"}}"#);
        ends_as(&framing, &span_of(&script), "error", Some("429"));
        // A client that knows the status need not wait for the body.
        ends_as(&framing, &span_of(&script.breaks(Break::ClientLeaves, 3)), "error", Some("429"));
    }
}

#[test]
fn error_inside_a_stream() {
    for framing in framing::all() {
        let Some(script) = &framing.error_inside else { continue };
        for script in script.every_split() {
            let span = span_of(&script);
            ends_as_with_error(&framing, &span, "error");
        }
    }
}

#[test]
fn client_gone() {
    for framing in framing::all() {
        for after in [0, framing.beginning] {
            let span = span_of(&framing.whole.clone().breaks(Break::ClientLeaves, after));
            ends_as(&framing, &span, "client_cancelled", None);
        }
        let span = span_of(&framing.whole.clone().breaks_before_response(Break::ClientLeaves));
        ends_as(&framing, &span, "client_cancelled", None);
    }
}

#[test]
fn upstream_reset() {
    for framing in framing::all() {
        for after in [0, framing.beginning] {
            let span = span_of(&framing.whole.clone().breaks(Break::UpstreamCloses, after));
            ends_as(&framing, &span, "upstream_reset", Some("upstream_reset"));
        }
    }
}

#[test]
fn timeout() {
    for framing in framing::all() {
        for after in [0, framing.beginning] {
            let span = span_of(&framing.whole.clone().breaks(Break::TimesOut, after));
            ends_as(&framing, &span, "timeout", Some("timeout"));
        }
    }
}

#[test]
fn truncated() {
    for framing in framing::all() {
        let mut script = framing.whole.clone();
        script.response.body.truncate(framing.beginning);
        ends_as_with_error(&framing, &span_of(&script), "truncated");
    }
}

#[test]
fn never_answered() {
    for framing in framing::all() {
        // In front of the router the filter sees the proxy's own answer, and is not deceived.
        for (with, outcome) in [
            (Break::UpstreamCloses, "no_response"),
            (Break::Refused, "no_response"),
            (Break::TimesOut, "timeout"),
        ] {
            let span = span_of(&framing.whole.clone().breaks_before_response(with));
            // The model is not among the facts where the proxy answers before it has read the request's body.
            assert_eq!(span.text("inferspan.outcome"), Some(outcome), "{}: {span:#?}", framing.name);
            assert_eq!(span.text("error.type"), Some(outcome), "{}: {span:#?}", framing.name);
        }
        // Behind the router it sees none.
        let mut proxy = proxy().upstream_filter().start().unwrap();
        proxy.run(&framing.whole.clone().breaks_before_response(Break::UpstreamCloses)).unwrap();
        let spans = flushed(&mut proxy).unwrap();
        assert_eq!(spans.len(), 1);
        ends_as_with_error(&framing, &spans[0], "no_response");
    }
}

#[test]
fn an_upstream_filter_records_once_too() {
    for framing in framing::all() {
        let mut proxy = proxy().upstream_filter().start().unwrap();
        proxy.run(&framing.whole.clone().response_pieces(Pieces::of(7))).unwrap();
        let spans = flushed(&mut proxy).unwrap();
        assert_eq!(spans.len(), 1);
        whole(&framing, &spans[0]);
    }
}

fn ends_as(framing: &Framing, span: &Span, outcome: &str, error: Option<&str>) {
    let name = framing.name;
    assert_eq!(span.text("inferspan.outcome"), Some(outcome), "{name}: {span:#?}");
    assert_eq!(span.text("error.type"), error, "{name}: {span:#?}");
    assert_eq!(span.is_error, error.is_some(), "{name}: {span:#?}");
    recognised(name, span);
}

fn ends_as_with_error(framing: &Framing, span: &Span, outcome: &str) {
    let name = framing.name;
    assert_eq!(span.text("inferspan.outcome"), Some(outcome), "{name}: {span:#?}");
    assert!(span.text("error.type").is_some() && span.is_error, "{name}: {span:#?}");
    recognised(name, span);
}

/// What was seen until the end is in the record.
fn recognised(name: &str, span: &Span) {
    assert_eq!(span.kind, 3, "{name}");
    assert!(span.text("gen_ai.operation.name").is_some(), "{name}: {span:#?}");
    assert!(span.text("gen_ai.request.model").is_some(), "{name}: {span:#?}");
}
