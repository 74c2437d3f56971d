//! Reading of URL paths: their segments from the end, percent-encoding, Google's verbs.
//!
//! Empty segments are skipped: `//openai/deployments`, which an SDK sends, is `/openai/deployments`.

/// The path of a request's target: without query, fragment and slashes at its end.
pub(super) fn of_target(target: &[u8]) -> &[u8] {
    let mut path = memchr::memchr2(b'?', b'#', target).and_then(|end| target.get(..end)).unwrap_or(target);
    while let Some(shorter) = path.strip_suffix(b"/") {
        path = shorter;
    }
    path
}

/// The last segment; empty for the root.
pub(super) fn last_segment(path: &[u8]) -> &[u8] {
    segments_back(path).next().unwrap_or_default()
}

/// Whether the path's last segments are those of `end`, where `*` stands for any one, `**` for
/// one or more.
pub(super) fn ends_with(path: &[u8], end: &str) -> bool {
    fits(segments_back(path), end.as_bytes())
}

/// Whether the path's first segments are those of `start`, where `*` stands for any one.
pub(super) fn starts_with(path: &[u8], start: &str) -> bool {
    let mut segments = segments(path);
    words(start)
        .all(|word| segments.next().is_some_and(|segment| word == "*" || is(segment, word.as_bytes())))
}

/// Whether the whole path is like this: `*` stands for any one segment, `**` for any number of them.
pub(super) fn is_like(path: &[u8], glob: &str) -> bool {
    let words: Vec<&str> = words(glob).collect();
    let segments: Vec<&[u8]> = segments(path).collect();
    // What the words so far fit: `fits[n]`, the first `n` segments.
    let mut fits = vec![false; segments.len().saturating_add(1)];
    if let Some(none) = fits.first_mut() {
        *none = true;
    }
    for word in words {
        let mut before = std::mem::take(&mut fits).into_iter();
        let mut last = before.next().unwrap_or(false);
        fits.push(word == "**" && last);
        for (segment, next) in segments.iter().zip(before) {
            let fit = match word {
                "**" => next || fits.last().copied().unwrap_or(false),
                _ => last && (word == "*" || is(segment, word.as_bytes())),
            };
            fits.push(fit);
            last = next;
        }
    }
    fits.last().copied().unwrap_or(false)
}

/// What of a path stands before its last segment, to be held against many ends.
pub(super) struct BeforeLast<'a> {
    before: &'a [u8],
    /// It has no empty segment, so that its last segments are its last bytes.
    plain: bool,
}

impl<'a> BeforeLast<'a> {
    /// Of this path, whose last segment is so long.
    pub(super) fn of(path: &'a [u8], last: usize) -> Self {
        let before = path.get(..path.len().saturating_sub(last)).unwrap_or_default();
        let before = before.strip_suffix(b"/").unwrap_or(before);
        Self { before, plain: !before.ends_with(b"/") && !before.windows(2).any(|pair| pair == b"//") }
    }

    /// Whether its last segments are those of `end`; `*` is any one, `**` one or more, `v*` a version's.
    pub(super) fn ends_with(&self, end: &str) -> bool {
        let end = end.as_bytes();
        if self.plain && !end.contains(&b'*') {
            let split =
                self.before.len().checked_sub(end.len()).and_then(|at| self.before.split_at_checked(at));
            return split.is_some_and(|(before, last)| {
                is(last, end) && (end.is_empty() || matches!(before, [] | [.., b'/']))
            });
        }
        fits(segments_back(self.before), end)
    }
}

fn fits<'a>(mut segments: impl Iterator<Item = &'a [u8]>, end: &[u8]) -> bool {
    let mut wanted = end.rsplit(|&b| b == b'/').filter(|wanted| !wanted.is_empty());
    while let Some(word) = wanted.next() {
        let Some(segment) = segments.next() else { return false };
        let fits = match word {
            b"*" => true,
            b"**" => wanted.next().is_none_or(|word| segments.any(|segment| is(segment, word))),
            b"v*" => matches!(segment, [b'v', b'0'..=b'9', ..]),
            _ => is(segment, word),
        };
        if !fits {
            return false;
        }
    }
    true
}

/// Servers differ in whether case matters in a path; no two paths of APIs differ in case alone. Nearly all are equal as they
/// are, or in length not even alike.
pub(super) fn is(segment: &[u8], word: &[u8]) -> bool {
    segment.len() == word.len() && (segment == word || segment.eq_ignore_ascii_case(word))
}

fn words(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('/').filter(|word| !word.is_empty())
}

fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&b| b == b'/').filter(|segment| !segment.is_empty())
}

fn segments_back(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.rsplit(|&b| b == b'/').filter(|segment| !segment.is_empty())
}

/// Whether a segment is this word.
pub(super) fn has_segment(path: &[u8], word: &[u8]) -> bool {
    path.split(|&b| b == b'/').any(|segment| is(segment, word))
}

/// Whether these segments stand in it, one after the other.
pub(super) fn has_segments(path: &[u8], words: &[&str]) -> bool {
    let mut rest: &[u8] = path;
    loop {
        if words.iter().zip(segments(rest)).filter(|(word, segment)| is(segment, word.as_bytes())).count()
            == words.len()
        {
            return true;
        }
        match split_once(rest, b'/') {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
}

/// The path without parameters (`;…`) and with its encoded slashes as slashes. `None` if it has neither.
pub(super) fn plain(path: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr2(b';', b'%', path)?;
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b';', _) => {
                tail.iter().position(|&b| b == b'/').and_then(|at| tail.get(at..)).unwrap_or_default()
            }
            (b'%', [b'2', b'f' | b'F', after @ ..]) => {
                plain.push(b'/');
                after
            }
            _ => {
                plain.push(*first);
                tail
            }
        };
    }
    Some(of_target(&plain).to_vec()).filter(|plain| plain != path)
}

/// What follows the first segment that is this word, without the slash between; `None` if nothing does.
pub(super) fn after_segment<'a>(path: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let mut rest = path;
    loop {
        let (segment, after) = split_once(rest, b'/')?;
        if is(segment, word) {
            return Some(after);
        }
        rest = after;
    }
}

/// `{resource}:{verb}` taken apart at its last colon, which may be encoded.
pub(super) fn split_verb(segment: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr::memchr2(b':', b'%', segment)?;
    let plain = segment.iter().rposition(|&b| b == b':').map(|at| (at, 1));
    let encoded = segment.windows(3).rposition(|three| three.eq_ignore_ascii_case(b"%3A"));
    let (at, length) = plain.max(encoded.map(|at| (at, 3)))?;
    Some((segment.get(..at)?, segment.get(at.checked_add(length)?..)?))
}

/// What stands before and after the first `separator`.
pub(super) fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    // Segments are short: a call of `memchr` costs more than it saves.
    let at = bytes.iter().position(|&b| b == separator)?;
    Some((bytes.get(..at)?, bytes.get(at.checked_add(1)?..)?))
}

/// Percent-decoded, at most 512 bytes of it; what is no UTF-8 becomes U+FFFD.
pub(super) fn decode(segment: &[u8]) -> String {
    let mut decoded = Vec::with_capacity(segment.len().min(MAX_DECODED));
    let mut rest = segment;
    while let [first, tail @ ..] = rest {
        if decoded.len() >= MAX_DECODED {
            break;
        }
        let hex = |b: &u8| char::from(*b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                decoded.push(hex(high).unwrap_or(0) << 4 | hex(low).unwrap_or(0));
                rest = after;
            }
            _ => decoded.push(*first),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

const MAX_DECODED: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_matched_by_segments() {
        assert!(ends_with(b"/proxy/v1/chat/completions", "chat/completions"));
        assert!(ends_with(b"/v1//chat/completions/", "chat/completions"));
        assert!(!ends_with(b"/v1/xchat/completions", "chat/completions"));
        assert!(ends_with(b"/a/b/c", "a/*/c"));
        assert!(!ends_with(b"/c", "a/*/c"));
        assert!(BeforeLast::of(b"/model/arn/x/y/converse", 8).ends_with("model/**"));
        assert!(!BeforeLast::of(b"/model/converse", 8).ends_with("model/**"));
        assert!(BeforeLast::of(b"/v1/messages", 8).ends_with("v*"));
        assert!(BeforeLast::of(b"/v1beta/messages", 8).ends_with("v*"));
        assert!(!BeforeLast::of(b"/v1/threads/t/messages", 8).ends_with("v*"));
        assert!(!BeforeLast::of(b"/vendor/messages", 8).ends_with("v*"));
        assert_eq!(last_segment(b"/"), b"");
        assert_eq!(last_segment(b""), b"");
    }

    #[test]
    fn verbs() {
        assert_eq!(
            split_verb(b"gemini-pro:generateContent"),
            Some((&b"gemini-pro"[..], &b"generateContent"[..]))
        );
        assert_eq!(
            split_verb(b"gemini-pro%3AgenerateContent"),
            Some((&b"gemini-pro"[..], &b"generateContent"[..]))
        );
        assert_eq!(split_verb(b"a%3Ab:c"), Some((&b"a%3Ab"[..], &b"c"[..])));
        assert_eq!(split_verb(b"completions"), None);
    }

    #[test]
    fn what_follows_a_segment() {
        assert_eq!(after_segment(b"/model/x/converse", b"model"), Some(&b"x/converse"[..]));
        assert_eq!(after_segment(b"/models/model/x", b"model"), Some(&b"x"[..]));
        assert_eq!(after_segment(b"/x/model", b"model"), None);
    }

    #[test]
    fn percent_decoding() {
        assert_eq!(decode(b"claude-v1%3A0"), "claude-v1:0");
        assert_eq!(decode(b"arn%3aaws%2Fx%"), "arn:aws/x%");
        assert_eq!(decode(b"100%zz%4"), "100%zz%4");
        assert_eq!(decode(b"%ff"), "\u{fffd}");
        assert_eq!(decode(&[b'a'; 2000]).len(), 512);
    }
}
