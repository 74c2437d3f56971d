//! Every row of every table matters: taken out, some fixture gives other facts.
//!
//! A row that no fixture needs is untested, or says nothing. Rows that cannot be noticed stand in
//! [`UNNOTICED`], each with its reason. A table that several formats share is one table: its row must matter to
//! one of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::LazyLock;

pub(super) use support::Case;
use support::{Cut, cases};

use super::{Api, Spec, Table, Tables, common_response};
use crate::exchange::Observer;

/// Rows that no exchange can show: the table, a format that has it (none for the tables of errors, which all
/// have), the row's path or name, why.
const UNNOTICED: &[(&str, &str, &str, &str)] = &[
    ("response", "gemini_cli", "response.candidates[].content.parts[].thought", THOUGHT),
    ("response", "gemini_generate", "candidates[].content.parts[].thought", THOUGHT),
];
const THOUGHT: &str = "tells reasoning from what is visible, which only times show (`tests/course.rs`)";

#[test]
fn every_row_of_a_request_table_is_noticed() {
    let rows = rows(|spec| spec.request.to_vec(), |spec, tables| Spec { request: leak(tables), ..spec });
    check("request", &rows);
}

#[test]
fn every_row_of_a_response_table_is_noticed() {
    let rows = rows(|spec| spec.response.to_vec(), |spec, tables| Spec { response: leak(tables), ..spec });
    check("response", &rows);
}

#[test]
fn every_name_of_a_message_is_noticed() {
    let rows = rows(|spec| vec![spec.messages], |spec, tables| Spec { messages: tables[0], ..spec });
    check("messages", &rows);
}

#[test]
fn every_row_of_the_tables_of_errors_is_noticed() {
    let in_stream = common_response::IN_STREAM_ERROR.to_vec();
    let body = common_response::ERROR_BODY.concat();
    let mut unnoticed = Vec::new();
    let mut look = |table, path, in_stream: &[_], body: &[_]| {
        let tables = Tables::with_errors(in_stream, body);
        let observer = Observer::with_tables(tables);
        let listed = UNNOTICED.iter().any(|(of, _, row, _)| *of == table && *row == path);
        if listed == CASES.iter().any(|case| differs(case, &observer)) {
            unnoticed.push(format!("{table}: {path}"));
        }
    };
    for at in 0..in_stream.len() {
        look("in a stream", in_stream[at].0, &without(&in_stream, at), &body);
    }
    for at in 0..body.len() {
        look("in the body of an error", body[at].0, &in_stream, &without(&body, at));
    }
    assert!(unnoticed.is_empty(), "not needed by a fixture, or needed and listed:\n{}", unnoticed.join("\n"));
}

/// One row of a table, and the formats that have it, without it.
struct Row {
    name: &'static str,
    without: Vec<(Api, &'static Spec)>,
}

/// The rows of the tables that `of` gives; `with` puts others in their place.
fn rows<F: Copy + Debug + 'static>(
    of: impl Fn(&Spec) -> Vec<Table<F>>,
    with: impl Fn(Spec, Vec<Table<F>>) -> Spec,
) -> Vec<Row> {
    let mut users: BTreeMap<String, Vec<(Api, usize)>> = BTreeMap::new();
    for &api in Api::ALL {
        for (place, table) in of(api.spec()).iter().enumerate() {
            users.entry(format!("{table:?}")).or_default().push((api, place));
        }
    }
    let mut rows = Vec::new();
    for users in users.values() {
        let (api, place) = users[0];
        let table = of(api.spec())[place];
        for at in 0..table.len() {
            let shorter = leak(without(table, at));
            let spec = |&(api, place): &(Api, usize)| {
                let mut tables = of(api.spec());
                tables[place] = shorter;
                (api, &leak(vec![with(*api.spec(), tables)])[0])
            };
            rows.push(Row { name: table[at].0, without: users.iter().map(spec).collect() });
        }
    }
    rows
}

fn check(table: &str, rows: &[Row]) {
    let mut wrong = Vec::new();
    for Row { name, without } in rows {
        let listed = UNNOTICED.iter().any(|(of, api, row, _)| {
            *of == table && row == name && without.iter().any(|(user, _)| user.name() == *api)
        });
        let noticed = without.iter().any(|&(api, spec)| {
            INSTEAD.set(Some((api, spec)));
            let observer = Observer::default();
            CASES.iter().filter(|case| case.api == api.name()).any(|case| differs(case, &observer))
        });
        INSTEAD.set(None);
        let users: Vec<&str> = without.iter().map(|(api, _)| api.name()).collect();
        match (noticed, listed) {
            (false, false) => wrong.push(format!("{}: {name}: no fixture needs it", users.join(", "))),
            (true, true) => {
                wrong.push(format!("{}: {name}: a fixture needs it, so unlist it", users.join(", ")))
            }
            _ => {}
        }
    }
    for (_, api, row, _) in UNNOTICED.iter().filter(|(of, ..)| *of == table) {
        let is_it =
            |known: &Row| known.name == *row && known.without.iter().any(|(user, _)| user.name() == *api);
        if !rows.iter().any(is_it) {
            wrong.push(format!("{api}: {row}: is listed, and there is no such row"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows of {} for the {table}:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

/// The specification that a test puts in the place of this format's.
pub(super) fn instead_of(api: Api) -> Option<&'static Spec> {
    INSTEAD.get().filter(|(of, _)| *of == api).map(|(_, spec)| spec)
}

thread_local! {
    static INSTEAD: Cell<Option<(Api, &'static Spec)>> = const { Cell::new(None) };
}

pub(super) static CASES: LazyLock<Vec<Case>> = LazyLock::new(cases);

fn differs(case: &Case, observer: &Observer) -> bool {
    case.difference(observer, Cut::Whole).is_some()
}

fn without<T: Copy>(rows: &[T], at: usize) -> Vec<T> {
    let mut rows = rows.to_vec();
    rows.remove(at);
    rows
}

fn leak<T>(rows: Vec<T>) -> &'static [T] {
    Box::leak(rows.into())
}
