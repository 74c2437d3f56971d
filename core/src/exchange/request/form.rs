//! Requests that are forms (`multipart/form-data`): audio and images come with their parameters as fields.
//!
//! A field means what the member of the same name means in JSON, so it is looked up in the same tables.

use super::facts::Facts;
use crate::api::{RequestField, Table};
use crate::frame::{FormEvent, FrameEnd, Multipart};
use crate::json::{Field, Want};

/// A form in progress.
#[derive(Debug)]
pub(super) struct Form {
    multipart: Multipart,
    tables: &'static [Table<RequestField>],
    /// What the current field means and what came of its value; at most as many bytes as the field wants and
    /// one that tells whether there are more.
    current: Option<(RequestField, Vec<u8>)>,
}

impl Form {
    /// `None` if the content type is not that of a form.
    pub(super) fn new(content_type: &[u8], tables: &'static [Table<RequestField>]) -> Option<Self> {
        Some(Self { multipart: Multipart::new(content_type)?, tables, current: None })
    }

    pub(super) fn push(&mut self, bytes: &[u8], facts: &mut Facts) {
        let Self { multipart, tables, current } = self;
        multipart.push(bytes, &mut |event| match event {
            FormEvent::Part { name, file } => {
                if file {
                    facts.file();
                }
                *current = meaning(tables, name).filter(|_| !file).map(|field| (field, Vec::new()));
            }
            FormEvent::Data(data) => {
                if let Some((field, value)) = current {
                    let room = bound(*field).saturating_add(1).saturating_sub(value.len());
                    value.extend_from_slice(data.get(..room).unwrap_or(data));
                }
            }
            FormEvent::End => {
                if let Some((field, value)) = current.take() {
                    let whole = value.len() <= bound(field);
                    facts.form_field(field, value.get(..bound(field)).unwrap_or(&value), whole);
                }
            }
        });
    }

    /// See [`Multipart::is_excessive`].
    pub(super) fn is_excessive(&self) -> bool {
        self.multipart.is_excessive()
    }

    /// Whether the form was whole.
    pub(super) fn finish(&mut self) -> bool {
        self.multipart.finish() == FrameEnd::Clean
    }
}

/// A list may be sent as `name[]`.
fn meaning(tables: &[Table<RequestField>], name: &[u8]) -> Option<RequestField> {
    let name = name.strip_suffix(b"[]").unwrap_or(name);
    tables.iter().copied().flatten().find(|(path, _)| path.as_bytes() == name).map(|(_, field)| *field)
}

fn bound(field: RequestField) -> usize {
    match field.want() {
        Want::Value { text } => usize::from(text).max(MAX_NUMBER),
        Want::Pieces => 0,
    }
}

/// A number or a truth value is a text here.
const MAX_NUMBER: usize = 32;
