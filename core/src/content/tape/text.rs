//! Texts and keys on their way to a tape; media are told apart and hashed as they pass.

use super::{MAX_KEY, Mode, Recorder};
use crate::json::lossy;
use crate::xxh64::Xxh64;

/// The text in progress, and where the value in progress began.
#[derive(Debug, Default)]
pub(super) struct Open {
    /// The value is wanted.
    pub(super) wanted: bool,
    /// Where its key stands, or it, if it has none.
    pub(super) key_at: usize,
    /// Where the text's bytes stand.
    pub(super) at: usize,
    /// Its key is one that media stand under.
    media_key: bool,
    probing: bool,
    media: Option<Box<Media>>,
}

/// Base64 of which nothing is kept but what it was.
#[derive(Debug, Default)]
struct Media {
    mime: String,
    hash: Xxh64,
    characters: u64,
    padding: u64,
}

impl Recorder {
    /// After the quote that begins a wanted text.
    pub(super) fn begin_text(&mut self) -> bool {
        let media_key = match self.keyed {
            // What a row asks for is no media, whatever its name.
            true => self.closers > 1 && MEDIA_KEYS.iter().any(|key| key.as_bytes() == self.token),
            // An element of a list of pictures.
            false => self.open.media_key,
        };
        if !self.begin(&[b's', 0, 0, 0, 0], 8) {
            return false;
        }
        self.open.at = self.tape.len();
        (self.open.media_key, self.open.probing, self.open.media) = (media_key, true, None);
        true
    }

    /// Within a key or a wanted text.
    pub(super) fn text<'i>(&mut self, byte: u8, rest: &'i [u8]) -> &'i [u8] {
        if self.escape.active() {
            let (decoded, after) = self.escaped(rest);
            if let Some(decoded) = decoded {
                self.take(decoded.bytes());
            }
            return after;
        }
        let after = rest.get(1..).unwrap_or_default();
        match byte {
            b'"' if self.mode == Mode::KeyText => {
                self.open.media_key = MEDIA_KEYS.iter().any(|key| key.as_bytes() == self.token);
                self.end_key();
                after
            }
            b'"' => {
                self.end_text(false);
                after
            }
            b'\\' => {
                self.escape.begin();
                after
            }
            _ => {
                let length = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                let (plain, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                self.take(plain);
                after
            }
        }
    }

    /// Decoded bytes of the key or text in progress.
    fn take(&mut self, mut bytes: &[u8]) {
        if self.mode == Mode::KeyText {
            let room = MAX_KEY.saturating_sub(self.token.len());
            self.token.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            return;
        }
        while self.open.probing && !bytes.is_empty() {
            let room = PROBED.saturating_sub(self.tape.len().saturating_sub(self.open.at)).max(1);
            let (few, more) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            if !self.keep(few) {
                return;
            }
            self.probe();
            bytes = more;
        }
        match &mut self.open.media {
            Some(media) => media.take(bytes),
            None => {
                self.keep(bytes);
            }
        }
    }

    /// Keeps bytes of the text as long as there is room; `false` once there is none. What goes for its sake depends
    /// on where the text stands alone, not on how it comes.
    fn keep(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let already = self.tape.len().saturating_sub(self.open.at);
            let allowed = self.slot.text.saturating_sub(already);
            if allowed == 0 || !self.make_room(1) {
                self.end_text(true);
                self.escape = crate::json::escape::Escape::default();
                self.mode = Mode::SkipText { escaped: false, depth: 0 };
                return false;
            }
            let fits = self.room().min(allowed).min(bytes.len());
            let (kept, rest) = bytes.split_at_checked(fits).unwrap_or((bytes, &[]));
            self.put(kept);
            bytes = rest;
        }
        true
    }

    /// Looks whether what has come of the text is the beginning of media.
    fn probe(&mut self) {
        let text = self.tape.get(self.open.at..).unwrap_or_default();
        let (mime, skip) = match memchr::memmem::find(text, BASE64_MARK) {
            Some(at) if text.starts_with(b"data:") => (text.get(5..at), at.saturating_add(BASE64_MARK.len())),
            _ if self.open.media_key && text.get(..ENOUGH).is_some_and(|text| text.iter().all(is_base64)) => {
                (None, 0)
            }
            _ => {
                self.open.probing = text.len() < PROBED;
                return;
            }
        };
        let mut media = Media { mime: lossy(mime.unwrap_or_default()).into_owned(), ..Media::default() };
        media.take(text.get(skip..).unwrap_or_default());
        self.tape.truncate(self.open.at);
        (self.open.media, self.open.probing) = (Some(Box::new(media)), false);
    }

    /// The text in progress ends; `cut`: not here, but no more of it is kept.
    pub(super) fn end_text(&mut self, cut: bool) {
        if let Some(media) = self.open.media.take() {
            self.tape.truncate(self.open.at.saturating_sub(TEXT_HEAD));
            self.put_media(&media);
        } else {
            self.put_text(cut);
        }
        self.open.probing = false;
        self.after_value();
    }

    fn put_media(&mut self, media: &Media) {
        let mime = media.mime.get(..media.mime.floor_char_boundary(64)).unwrap_or_default();
        if self.room() < mime.len().saturating_add(18) {
            self.tape.truncate(self.open.key_at);
            self.count();
            return;
        }
        self.put(&[b'm', u8::try_from(mime.len()).unwrap_or_default()]);
        self.put(mime.as_bytes());
        let size = media.characters.saturating_sub(media.padding).saturating_mul(3) / 4;
        self.put(&size.to_le_bytes());
        self.put(&media.hash.digest().to_le_bytes());
    }

    /// Fills in the text's length, and makes it UTF-8.
    fn put_text(&mut self, mut cut: bool) {
        let bytes = self.tape.get(self.open.at..).unwrap_or_default();
        if let Err(error) = std::str::from_utf8(bytes) {
            // The cut may have fallen into a character; anything else was no UTF-8.
            let whole = match error.error_len() {
                None if cut => bytes.get(..error.valid_up_to()).unwrap_or_default(),
                _ => bytes,
            };
            let fixed = String::from_utf8_lossy(whole).into_owned();
            self.tape.truncate(self.open.at);
            let room = self.room();
            let fits = fixed.get(..fixed.floor_char_boundary(room)).unwrap_or_default();
            cut |= fits.len() < fixed.len();
            self.put(fits.as_bytes());
        }
        if cut {
            self.count();
        }
        let length = self.tape.len().saturating_sub(self.open.at);
        let head = u32::try_from(length).unwrap_or_default() << 1 | u32::from(cut);
        let from = self.open.at.saturating_sub(4);
        if let Some(room) = self.tape.get_mut(from..self.open.at) {
            room.copy_from_slice(&head.to_le_bytes());
        }
    }
}

impl Media {
    fn take(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        let padding = bytes.iter().rev().take_while(|byte| **byte == b'=').count();
        self.characters = self.characters.saturating_add(bytes.len() as u64);
        self.padding = self.padding.saturating_add(padding as u64);
    }
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(*byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// Of the token of a text, before its bytes.
const TEXT_HEAD: usize = 5;
/// What follows the type in a data URL.
const BASE64_MARK: &[u8] = b";base64,";
/// So many characters of base64 under a key of media are no text.
const ENOUGH: usize = 64;
/// A data URL names its type within so many bytes.
const PROBED: usize = 128;
/// Members that hold media in base64.
const MEDIA_KEYS: &[&str] = &[
    "data",
    "bytes",
    "file_data",
    "b64_json",
    "partial_image_b64",
    "images",
    "result",
    "image",
    "audio",
    "url",
    "image_url",
    "blob",
];
