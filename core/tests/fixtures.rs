//! Exchanges of every API, written from the formats, and the facts they must give at any cut of their bodies.
//! How a fixture reads is told in `fixtures/README.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fs;

use inferspan_core::api::Api;
use inferspan_core::exchange::Observer;
use support::{Cut, cases, folder};

#[test]
fn fixtures_give_their_facts_at_any_cut() {
    let observer = Observer::default();
    let mut wrong = Vec::new();
    for case in cases() {
        for cut in [Cut::Whole, Cut::Every(1), Cut::Every(3), Cut::Random(1), Cut::Random(2), Cut::Random(3)]
        {
            if let Some(difference) = case.difference(&observer, cut) {
                wrong.push(format!("{}, cut {cut:?}:{difference}", case.name));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Damage is told apart from what is whole the same way at any cut.
#[test]
fn damaged_fixtures_give_the_same_facts_at_any_cut() {
    let observer = Observer::default();
    let mut random = Random(7);
    for case in cases() {
        for round in 0..8 {
            let mut exchange = case.exchange.clone();
            damage(&mut exchange.request.body, &mut random);
            if let Some((response, _)) = &mut exchange.response {
                damage(&mut response.body, &mut random);
            }
            let whole = exchange.observe(&observer, Cut::Whole);
            for cut in [Cut::Every(1), Cut::Random(round)] {
                assert_eq!(exchange.observe(&observer, cut), whole, "{} {round} {cut:?}", case.name);
            }
        }
    }
}

/// A format without a fixture is a format that nobody checked.
#[test]
fn every_api_has_fixtures() {
    let folders: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    for api in Api::ALL {
        assert!(folders.iter().any(|folder| folder == api.name()), "no fixtures/{}", api.name());
    }
    for folder in folders {
        assert!(folder == "none" || Api::from_name(&folder).is_some(), "fixtures/{folder} is no API");
    }
}

/// Flips, cuts out, doubles or breaks off some bytes.
fn damage(body: &mut Vec<u8>, random: &mut Random) {
    if body.is_empty() {
        return;
    }
    let start = random.below(body.len());
    let end = body.len().min(start + 1 + random.below(20));
    match random.below(4) {
        0 => body[start] ^= 1 << random.below(8),
        1 => drop(body.drain(start..end)),
        2 => body.extend_from_within(start..end),
        _ => body.truncate(start),
    }
}

/// A linear congruential generator: the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
