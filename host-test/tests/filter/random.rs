//! Random scripts by seed: whatever the cut, the pace and the end, one record, and traffic untouched.

use host_test::sim::{Fault, Pieces, Script, check_random};

use crate::framing;
use crate::world::{flushed, proxy, span_of, try_spans_of};

#[test]
fn two_hundred_random_scripts_leave_one_record_each() {
    let exchanges: Vec<_> = framing::all()
        .into_iter()
        .flat_map(|framing| [Some(framing.whole), framing.error_inside])
        .flatten()
        .collect();
    check_random(0, 200, &exchanges, |script| {
        let spans = try_spans_of(script).map_err(|fault| fault.to_string())?;
        match spans.as_slice() {
            [span] if span.text("inferspan.outcome").is_some() => Ok(()),
            spans => Err(format!("{} records: {spans:#?}", spans.len())),
        }
    })
    .unwrap();
}

#[test]
fn the_cut_changes_no_fact() {
    for framing in framing::all() {
        let facts = |script: &Script| {
            let mut attributes = span_of(script).attributes;
            attributes
                .retain(|key, _| !key.contains("time") && !key.contains("duration") && !key.contains("gap"));
            attributes
        };
        let whole = facts(&framing.whole);
        for seed in 0..20 {
            let script = framing
                .whole
                .clone()
                .request_pieces(Pieces::random(seed))
                .response_pieces(Pieces::random(seed + 100))
                .overlap(usize::try_from(seed % 3).unwrap());
            assert_eq!(facts(&script), whole, "{} at seed {seed}", framing.name);
        }
    }
}

#[test]
fn many_streams_at_once_do_not_mix() -> Result<(), Fault> {
    let framings = framing::all();
    let scripts: Vec<_> = framings
        .iter()
        .cycle()
        .take(40)
        .zip(0..)
        .map(|(framing, seed)| framing.whole.clone().response_pieces(Pieces::random(seed)))
        .collect();
    let mut proxy = proxy().workers(3).main_thread().start()?;
    proxy.run_interleaved(&scripts)?;
    let spans = flushed(&mut proxy)?;
    assert_eq!(spans.len(), scripts.len());
    assert!(spans.iter().all(|span| span.int("gen_ai.usage.output_tokens") == Some(7)));
    assert_eq!(proxy.counter("inferspan_exchanges_completed"), Some(40));
    assert_eq!(proxy.counter("inferspan_spans_exported"), Some(40));
    Ok(())
}
