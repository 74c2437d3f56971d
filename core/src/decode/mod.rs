//! Content codings off: identity, gzip, deflate, br, zstd, chained; incremental and bounded.
//!
//! In: a body's chunks as they pass. Out: decoded pieces, at once: whatever a flush of the encoder made
//! decodable comes out of the push that brought it. Invariants: the joined output depends on the bytes
//! alone, until it costs more than the bytes so far have earned (see `work`); a coding that lies (plain text
//! called gzip) is passed on as it is and told apart ([`Decoder::mislabelled`]); damage is an error value, and
//! what was decoded before it has been handed out (of br, most of it: see there).
//!
//! Memory, from the first byte of a coded body to the decoder's end (an identity decoder has none), each part
//! claimed from the [`Budget`] before it is allocated:
//!
//! | coding | held |
//! |---|---|
//! | gzip, deflate | 47 KiB: a window of 32 KiB, tables |
//! | br | a window as large as the stream needs, at most [`Limits::window`]; tables, mostly some 100 KiB, of a hostile stream up to 4 MiB |
//! | zstd | the last output, at most [`Limits::window`] and a half more; of the current block its literals and, where chunks cut it, its coded bytes (128 KiB each at most); 10 KiB of tables |
//!
//! None of it is allocated by a length that a header claims, but for br's window: its decoder takes as much
//! as the current metablock claims to give, where the budget has it.

mod deflate;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod gzip;
mod stage;
mod work;

#[cfg(feature = "brotli")]
mod brotli;
#[cfg(feature = "zstd")]
mod zstd;

use crate::budget::Budget;
use stage::Stage;
use work::Work;

/// A content coding (RFC 9110 §8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// None.
    Identity,
    /// `gzip`, `x-gzip`
    Gzip,
    /// `deflate`: zlib, or, from servers that misread the RFC, raw deflate.
    Deflate,
    /// `br`
    Brotli,
    /// `zstd`
    Zstd,
}

impl Coding {
    /// Reads one element of a `content-encoding` header, in any case. `None` for a coding not known here.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        const NAMES: [(&str, Coding); 6] = [
            ("identity", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("deflate", Coding::Deflate),
            ("br", Coding::Brotli),
            ("zstd", Coding::Zstd),
        ];
        let name = name.trim_ascii();
        NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes())).map(|&(_, coding)| coding)
    }
}

/// Why a body cannot be decoded, or no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// This build is without that coding.
    Unsupported(Coding),
    /// More codings one over the other than [`MAX_CODINGS`].
    TooMany,
    /// The bytes are not in that coding.
    Corrupt(Coding),
    /// The checksum at the end differs: what was handed out is not what was encoded.
    Checksum(Coding),
    /// The body ended before the coded stream did.
    Cut(Coding),
    /// The output has reached [`Limits::output`].
    TooLarge(Coding),
    /// Decoding on would cost more than a body of that size is worth.
    Work(Coding),
    /// The budget has not the memory that the next bytes need.
    Budget(Coding),
    /// The stream refers back further than [`Limits::window`], or to a dictionary that is not in it.
    Window(Coding),
}

/// Bounds of one body's decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that each coding of a body may give.
    pub output: u64,
    /// Bytes that a br or zstd stream may refer back. Those of gzip and deflate have 32 KiB at most.
    pub window: usize,
    /// What decoding may cost beside what the body's own bytes earn, in about bytes of ordinary text; an
    /// eighth of it in one push.
    pub work: u64,
}

impl Limits {
    /// Of a request: 1 MiB of window, which no client that codes a prompt needs more of.
    pub const REQUEST: Self = Self { window: 1 << 20, ..Self::RESPONSE };
    /// Of an answer: 8 MiB of window, which is what RFC 9659 lets a zstd content coding ask for, and more than
    /// encoders of br use unless told to.
    pub const RESPONSE: Self = Self { output: 256 << 20, window: 8 << 20, work: 4 << 20 };
}

/// Takes the content codings off one body.
///
/// ```
/// # use inferspan_core::budget::Budget;
/// # use inferspan_core::decode::{Decoder, Limits};
/// let mut decoder = Decoder::new([b"Identity".as_slice()], Limits::RESPONSE, &Budget::default())?;
/// let mut text = Vec::new();
/// decoder.push(b"{}", &mut |piece| text.extend_from_slice(piece))?;
/// decoder.finish()?;
/// assert_eq!(text, b"{}");
/// # Ok::<_, inferspan_core::decode::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    /// The codings in the order in which they come off, the last applied first: `len <= MAX_CODINGS`.
    stages: Vec<Stage>,
    work: Work,
    failed: Option<DecodeError>,
    /// `content-encoding` names a coding that is not known here: what comes of the others is tried as it is.
    unknown: bool,
}

impl Default for Decoder {
    /// For a body without a coding.
    fn default() -> Self {
        Self { stages: Vec::new(), work: Work::new(0), failed: None, unknown: false }
    }
}

impl Decoder {
    /// Begins with the values of a message's `content-encoding` headers, in order; each may be a list.
    ///
    /// # Errors
    /// [`DecodeError::Unsupported`], [`DecodeError::TooMany`].
    pub fn new<'a>(
        content_encoding: impl IntoIterator<Item = &'a [u8]>,
        limits: Limits,
        budget: &Budget,
    ) -> Result<Self, DecodeError> {
        let mut decoder = Self { work: Work::new(limits.work), ..Self::default() };
        for list in content_encoding {
            decoder.take_off(list, limits, budget)?;
        }
        Ok(decoder)
    }

    /// Takes off, before what is taken off so far, the codings of one list. Most bodies have none.
    #[cold]
    fn take_off(&mut self, list: &[u8], limits: Limits, budget: &Budget) -> Result<(), DecodeError> {
        for name in list.split(|&byte| byte == b',').filter(|name| !name.trim_ascii().is_empty()) {
            match Coding::parse(name) {
                // A charset, `none`, a dialect's name: mostly the body is in no coding.
                None => self.unknown = true,
                Some(Coding::Identity) => {}
                Some(_) if self.stages.len() == MAX_CODINGS => return Err(DecodeError::TooMany),
                Some(coding) => self.stages.insert(0, Stage::new(coding, limits, budget)?),
            }
        }
        Ok(())
    }

    /// Decodes the next chunk of the body; `out` is handed each piece as it comes.
    ///
    /// # Errors
    /// The first stands: later pushes give it again and nothing else.
    #[inline]
    pub fn push(&mut self, chunk: &[u8], out: &mut impl FnMut(&[u8])) -> Result<(), DecodeError> {
        if self.stages.is_empty() {
            out(chunk);
            return Ok(());
        }
        self.push_coded(chunk, out)
    }

    /// The body has ended. To be called once, last. A body without a byte is complete in any coding.
    ///
    /// # Errors
    /// [`DecodeError::Cut`], or the error that came before.
    pub fn finish(&mut self) -> Result<(), DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.stages.iter().try_for_each(Stage::finish)
    }

    /// Whether there is a coding to take off.
    #[must_use]
    pub fn is_coded(&self) -> bool {
        !self.stages.is_empty()
    }

    /// Whether the body was not in a coding that `content-encoding` named, or that one is not known, and so
    /// it is passed on as it is.
    #[must_use]
    pub fn mislabelled(&self) -> bool {
        self.unknown || self.stages.iter().any(Stage::is_mislabelled)
    }

    #[inline(never)]
    fn push_coded(&mut self, chunk: &[u8], out: &mut dyn FnMut(&[u8])) -> Result<(), DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Self { stages, work, failed, unknown: _ } = self;
        let result = work.push(chunk.len(), |work| run(stages, work, chunk, out));
        *failed = result.err();
        result
    }
}

/// Sends bytes through these codings, one after the other.
fn run(
    stages: &mut [Stage],
    work: &Work,
    bytes: &[u8],
    out: &mut dyn FnMut(&[u8]),
) -> Result<(), DecodeError> {
    match stages.split_first_mut() {
        Some((first, rest)) => first.push(bytes, work, &mut |piece| run(rest, work, piece, out)),
        None => {
            out(bytes);
            Ok(())
        }
    }
}

/// Where a coding hands its output; an error stops it.
type Out<'o> = dyn FnMut(&[u8]) -> Result<(), DecodeError> + 'o;

/// How many codings one over the other are taken off.
pub const MAX_CODINGS: usize = 2;

#[cfg(test)]
mod tests;
