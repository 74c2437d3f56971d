//! OTLP/JSON, made from the protobuf that stands in the queue when it is sent.
//!
//! A transcoder over a table of the messages (`schema`): no tree is built, and the wire decides the order.
//! By the OTLP specification, ids are in hexadecimal and enums are numbers; all else is proto3's JSON mapping.
//! Whatever the bytes, the JSON is valid: text that is no UTF-8 has U+FFFD in its place, and what does not fit the
//! table is left out, as is what is nested too deeply. Of a field that is told again though it is no list, the first
//! counts; a writer tells none again.

mod schema;

use std::io::Write;

use super::outbox::Signal;
use super::proto::{Value, read_field};
use crate::json::lossy;
use schema::{Field, Kind, Message};

/// An export request of the signal (`ExportTraceServiceRequest` …) in JSON.
#[must_use]
pub fn to_json(signal: Signal, request: &[u8]) -> Vec<u8> {
    let schema = match signal {
        Signal::Traces => &schema::TRACES,
        Signal::Metrics => &schema::METRICS,
        Signal::Logs => &schema::LOGS,
    };
    let mut out = Vec::with_capacity(request.len().saturating_mul(USUAL_GROWTH));
    write_message(schema, request, MAX_DEPTH, &mut out);
    out
}

/// Writes an object. Up to `depth` messages may be nested in it.
fn write_message(schema: &Message, message: &[u8], depth: usize, out: &mut Vec<u8>) {
    let mut seen = 0_u64;
    let mut rest = message;
    out.push(b'{');
    let begin = out.len();
    while let Some((number, value, after)) = read_field(rest) {
        let field_on = std::mem::replace(&mut rest, after);
        let bit = u32::try_from(number).ok().and_then(|number| 1_u64.checked_shl(number)).unwrap_or(0);
        if seen & bit != 0 {
            continue;
        }
        let Some(field) = schema.0.iter().find(|field| u64::from(field.number) == number) else { continue };
        seen |= bit;
        let before = out.len();
        out.extend_from_slice(if before > begin { b",\"" } else { b"\"" });
        out.extend_from_slice(field.name.as_bytes());
        out.extend_from_slice(b"\":");
        let written = match field.repeated {
            true => write_list(field, field_on, depth, out),
            false => write_value(field, value, depth, out),
        };
        if !written {
            out.truncate(before);
        }
    }
    out.push(b'}');
}

/// Writes the array of all values of the field in what there is of its message. Gives whether there is one.
fn write_list(field: &Field, mut message: &[u8], depth: usize, out: &mut Vec<u8>) -> bool {
    out.push(b'[');
    let begin = out.len();
    while let Some((number, value, rest)) = read_field(message) {
        message = rest;
        if number != u64::from(field.number) {
            continue;
        }
        match (&field.kind, value) {
            (Kind::Double | Kind::Fixed64, Value::Bytes(packed)) => {
                for bytes in packed.as_chunks().0 {
                    write_entry(field, Value::Fixed64(u64::from_le_bytes(*bytes)), depth, begin, out);
                }
            }
            _ => write_entry(field, value, depth, begin, out),
        }
    }
    let any = out.len() > begin;
    out.push(b']');
    any
}

/// Writes one entry of the array that begins there.
fn write_entry(field: &Field, value: Value<'_>, depth: usize, begin: usize, out: &mut Vec<u8>) {
    let before = out.len();
    if before > begin {
        out.push(b',');
    }
    if !write_value(field, value, depth, out) {
        out.truncate(before);
    }
}

/// Gives whether the value was one of the field's kind; else what was written is to be taken back.
fn write_value(field: &Field, value: Value<'_>, depth: usize, out: &mut Vec<u8>) -> bool {
    // Writing into a `Vec` does not fail.
    let _ = match (&field.kind, value) {
        (Kind::Message(schema), Value::Bytes(message)) => {
            let Some(depth) = depth.checked_sub(1) else { return false };
            write_message(schema, message, depth, out);
            Ok(())
        }
        (Kind::Text, Value::Bytes(text)) => {
            write_text(text, out);
            Ok(())
        }
        (Kind::Id, Value::Bytes(id)) => {
            write_id(id, out);
            Ok(())
        }
        (Kind::Bytes, Value::Bytes(bytes)) => {
            write_base64(bytes, out);
            Ok(())
        }
        (Kind::Bool, Value::Varint(value)) => write!(out, "{}", value != 0),
        // As it is read: the upper half says nothing.
        (Kind::Int32, Value::Varint(value)) => write!(out, "{}", value as i32),
        (Kind::Uint32, Value::Varint(value)) => write!(out, "{}", value as u32),
        (Kind::Uint32, Value::Fixed32(value)) => write!(out, "{value}"),
        (Kind::Int64, Value::Varint(value) | Value::Fixed64(value)) => write!(out, "\"{}\"", value as i64),
        (Kind::Fixed64, Value::Fixed64(value)) => write!(out, "\"{value}\""),
        (Kind::Double, Value::Fixed64(bits)) => match f64::from_bits(bits) {
            value if value.is_finite() => write!(out, "{value:?}"),
            value if value.is_nan() => out.write_all(b"\"NaN\""),
            value if value > 0.0 => out.write_all(b"\"Infinity\""),
            _ => out.write_all(b"\"-Infinity\""),
        },
        _ => return false,
    };
    true
}

/// Writes an id in hexadecimal digits.
pub(super) fn write_id(id: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in id {
        out.extend([byte >> 4, byte & 15].map(hex));
    }
    out.push(b'"');
}

/// Writes a text; what is no UTF-8 in it as U+FFFD.
pub(super) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    let text = lossy(text);
    let mut rest = text.as_bytes();
    out.push(b'"');
    while let Some(at) = rest.iter().position(|byte| matches!(byte, ..0x20 | b'"' | b'\\')) {
        let Some((plain, [special, after @ ..])) = rest.split_at_checked(at) else { break };
        out.extend_from_slice(plain);
        match special {
            b'"' | b'\\' => out.extend([b'\\', *special]),
            _ => out.extend([b'\\', b'u', b'0', b'0', hex(special >> 4), hex(special & 15)]),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn hex(digit: u8) -> u8 {
    HEX.get(usize::from(digit)).copied().unwrap_or(b'0')
}

fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for group in bytes.chunks(3) {
        let bits = group.iter().zip([16, 8, 0]).fold(0_u32, |bits, (byte, at)| bits | u32::from(*byte) << at);
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = BASE64.get((bits >> shift) as usize & 63);
            // So many bytes take one character more.
            out.push(digit.filter(|_| place <= group.len()).copied().unwrap_or(b'='));
        }
    }
    out.push(b'"');
}

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Messages in messages; what we write is not nested half as deeply.
const MAX_DEPTH: usize = 32;
/// How many times as long JSON usually is.
const USUAL_GROWTH: usize = 3;

#[cfg(test)]
mod tests;
