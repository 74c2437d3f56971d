//! What the JSON scanner holds while a large document passes: by a counting allocator, beyond the chunk.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use inferspan_core::json::{Field, Finish, Paths, Position, Scanner, Value, Visitor, Want};

/// Counts what is allocated, and remembers the most there was since [`Counting::watch`].
struct Counting {
    held: AtomicUsize,
    peak: AtomicUsize,
}

#[global_allocator]
static ALLOCATOR: Counting = Counting { held: AtomicUsize::new(0), peak: AtomicUsize::new(0) };

impl Counting {
    /// The most that `work` had allocated at any time beyond what was there before it.
    fn peak_of<T>(&self, work: impl FnOnce() -> T) -> (T, usize) {
        let before = self.held.load(Ordering::SeqCst);
        self.peak.store(before, Ordering::SeqCst);
        let done = work();
        (done, self.peak.load(Ordering::SeqCst) - before)
    }

    fn add(&self, size: usize) {
        let held = self.held.fetch_add(size, Ordering::SeqCst) + size;
        self.peak.fetch_max(held, Ordering::SeqCst);
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.add(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        self.held.fetch_sub(layout.size(), Ordering::SeqCst);
        unsafe { System.dealloc(memory, layout) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fact {
    Id,
    Content,
    Arguments,
    Tokens,
}

impl Field for Fact {
    fn want(self) -> Want {
        match self {
            Self::Id => Want::Value { text: 256 },
            Self::Content | Self::Tokens => Want::Value { text: 0 },
            Self::Arguments => Want::Pieces,
        }
    }
}

/// Keeps numbers, not texts.
#[derive(Debug, Default, PartialEq)]
struct Facts {
    id_bytes: usize,
    has_content: bool,
    argument_bytes: usize,
    tokens: Option<u64>,
}

impl Visitor<Fact> for Facts {
    fn visit(&mut self, fact: Fact, _: &Position<'_>, value: Value<'_>) {
        match (fact, value) {
            (Fact::Id, Value::Text(text)) => self.id_bytes = text.bytes.len(),
            (Fact::Content, Value::Text(text)) => self.has_content = !text.whole,
            (Fact::Arguments, Value::Piece(piece)) => self.argument_bytes += piece.len(),
            (Fact::Tokens, Value::Number(number)) => self.tokens = number.as_u64(),
            _ => {}
        }
    }
}

const MEGABYTE: usize = 1 << 20;

/// One event of 10 MB: a long text that is skipped, one wanted in pieces, a long number, a long key, many
/// small values, deep nesting, and at last the usage.
fn event() -> String {
    let text = "Lorem \\\"ipsum\\\" \\u20ac\\n".repeat(3 * MEGABYTE / 23);
    let arguments = "{\\\"x\\\":1},".repeat(2 * MEGABYTE / 11);
    let id = "i".repeat(MEGABYTE);
    let many = "{\"key\":[1,2.5,null,\"x\"]},".repeat(3 * MEGABYTE / 26);
    let digits = "7".repeat(MEGABYTE);
    let key = "k".repeat(MEGABYTE);
    let deep = "[".repeat(500) + &"]".repeat(500);
    format!(
        "{{\"id\":\"{id}\",\"digits\":{digits},\"{key}\":{deep},\"content\":\"{text}\",\"many\":[{many}null],\
         \"arguments\":\"{arguments}\",\"usage\":{{\"tokens\":12}}}}"
    )
}

#[test]
fn a_document_of_10_mb_passes_in_a_few_hundred_bytes() {
    let event = event();
    assert!(event.len() > 10 * MEGABYTE, "{}", event.len());
    let paths = Paths::compile(&[&[
        ("id", Fact::Id),
        ("digits", Fact::Tokens),
        ("content", Fact::Content),
        ("many[].key", Fact::Tokens),
        ("arguments", Fact::Arguments),
        ("usage.tokens", Fact::Tokens),
    ]])
    .unwrap();
    for chunk in [16 * 1024, 61] {
        let ((facts, finish), peak) = ALLOCATOR.peak_of(|| {
            let (mut scanner, mut facts) = (Scanner::new(), Facts::default());
            for chunk in event.as_bytes().chunks(chunk) {
                scanner.push(&paths, chunk, &mut facts);
            }
            let finish = scanner.finish(&paths, &mut facts);
            (facts, finish)
        });
        assert_eq!(finish, Finish::Complete);
        let argument_bytes = 2 * MEGABYTE / 11 * 8;
        assert_eq!(facts, Facts { id_bytes: 256, has_content: true, argument_bytes, tokens: Some(12) });
        // The longest thing held is the kept part of the id, 256 bytes; a vector doubles as it grows.
        assert!(peak <= 768, "{peak} bytes with chunks of {chunk}");
    }
}
