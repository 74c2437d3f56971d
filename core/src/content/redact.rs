//! Redaction: what must not leave is replaced in texts, by kind, by an operator's patterns, and by the names of members.
//!
//! In: a whole text, put together from however many pieces and deltas. Out: the text with each match replaced, and how
//! many there were. A text whose end is missing is shortened first ([`without_tail`]), so that nothing is shown of a
//! secret that the bound cut: a beginning alone would match nothing.

mod kinds;
mod pattern;

pub use pattern::{Pattern, PatternError};

use super::Secret;
use kinds::Finder;

/// What is replaced.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    kinds: Vec<Secret>,
    patterns: Vec<Pattern>,
    fields: Vec<String>,
}

impl Redactor {
    /// Replaces these kinds, what these patterns match, and members of these names in what tools are called with and
    /// give, whatever their case.
    #[must_use]
    pub fn new(kinds: Vec<Secret>, patterns: Vec<Pattern>, fields: Vec<String>) -> Self {
        Self { kinds, patterns, fields }
    }

    /// The text with what must not leave replaced, and how often; `None` where there is nothing of it.
    #[must_use]
    pub fn apply(&self, text: &str) -> Option<(String, u32)> {
        let (mut out, mut count, mut shown, mut at) = (String::new(), 0_u32, 0_usize, 0_usize);
        let finder = Finder::new(&self.kinds, text);
        let mut known = finder.find(0);
        let mut patterns: Vec<_> =
            self.patterns.iter().map(|pattern| (pattern, pattern.find(text, 0))).collect();
        while at <= text.len() {
            if known.is_some_and(|(from, ..)| from < at) {
                known = finder.find(at);
            }
            let mut first = known;
            for (pattern, found) in &mut patterns {
                if found.is_some_and(|(from, _)| from < at) {
                    *found = pattern.find(text, at);
                }
                if let Some((from, to)) = *found
                    && first
                        .is_none_or(|(earliest, end, _)| from < earliest || (from == earliest && to > end))
                {
                    first = Some((from, to, "pattern"));
                }
            }
            let Some((from, to, name)) = first else { break };
            out.push_str(text.get(shown..from).unwrap_or_default());
            out.push_str("[REDACTED:");
            out.push_str(name);
            out.push(']');
            count = count.saturating_add(1);
            // A match that is empty would be found for ever.
            at = to.max(from.saturating_add(1));
            shown = to;
        }
        if count == 0 {
            return None;
        }
        out.push_str(text.get(shown..).unwrap_or_default());
        Some((out, count))
    }

    /// Whether the value of such a member is not shown.
    pub(super) fn hides(&self, key: &str) -> bool {
        self.fields.iter().any(|field| field.eq_ignore_ascii_case(key))
    }

    /// A text whose end is missing without what might be the beginning of an operator's pattern.
    pub(super) fn without_guard<'t>(&self, text: &'t str) -> &'t str {
        if self.patterns.is_empty() {
            return text;
        }
        without_tail(
            text.get(..text.floor_char_boundary(text.len().saturating_sub(GUARD))).unwrap_or_default(),
        )
    }
}

/// A text whose end is missing without what might be a secret's beginning: its last word, and what stands before that
/// as long as it may be a part of a number written in groups.
pub(super) fn without_tail(text: &str) -> &str {
    let mut kept = text;
    loop {
        // No secret has letters beyond ASCII, and not all languages have words with spaces between.
        let word = kept.trim_end_matches(|c: char| c.is_ascii() && !c.is_ascii_whitespace());
        let before = word.trim_end();
        kept = before;
        let last = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        if last.is_empty() || !is_group(last) {
            return kept;
        }
    }
}

/// Whether a word may be a group of a card's, an account's or a phone's number.
fn is_group(word: &str) -> bool {
    word.len() <= 12
        && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b"+-()./".contains(&b))
        && (word.bytes().any(|b| b.is_ascii_digit()) || word.len() <= 4)
}

/// So many bytes at the end of a text that was cut may be what an operator's pattern begins with.
const GUARD: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all() -> Redactor {
        Redactor::new(Secret::ALL.to_vec(), Vec::new(), Vec::new())
    }

    /// The text as it leaves.
    fn shown(text: &str) -> String {
        all().apply(text).map_or_else(|| text.to_owned(), |(text, _)| text)
    }

    #[test]
    fn each_kind_is_replaced_and_what_is_around_it_stays() {
        for (text, expected) in [
            ("mail ann.lee+x@mail.example.co.uk.", "mail [REDACTED:email]."),
            ("<bob@example.com>", "<[REDACTED:email]>"),
            ("call +49 30 1234567 now", "call [REDACTED:phone] now"),
            ("call (555) 123-4567", "call [REDACTED:phone]"),
            ("555-123-4567", "[REDACTED:phone]"),
            ("card 4111 1111 1111 1111, exp 12/27", "card [REDACTED:credit_card], exp 12/27"),
            ("card 5500-0000-0000-0004.", "card [REDACTED:credit_card]."),
            ("378282246310005", "[REDACTED:credit_card]"),
            ("IBAN DE89 3704 0044 0532 0130 00 is mine", "IBAN [REDACTED:iban] is mine"),
            ("GB82WEST12345698765432", "[REDACTED:iban]"),
            ("key sk-proj-abcdefghij0123456789_-x!", "key [REDACTED:api_key]!"),
            ("AKIAIOSFODNN7EXAMPLE", "[REDACTED:api_key]"),
            ("ghp_abcdefghijklmnopqrst0123456789abcd", "[REDACTED:api_key]"),
            ("Authorization: Bearer abcdef0123456789.x/y", "Authorization: [REDACTED:api_key]"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "[REDACTED:jwt]"),
            (
                "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nb",
                "a\n[REDACTED:private_key]\nb",
            ),
            ("-----BEGIN PRIVATE KEY-----\nMIIE without its end", "[REDACTED:private_key]"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for text in [
            "an @ sign, user@host, @mention, a@b",
            "4111 1111 1111 1112",
            "order 1234567890123",
            "2024-01-02 10:15:30",
            "version 1.2.3, 10.0.0.1, 3.14159265358979",
            "DE88370400440532013000",
            "sk-short, task-0123456789abcdefghij",
            "eyJhbGciOiJIUzI1NiJ9",
            "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn each_is_counted() {
        let (text, count) = all().apply("a@example.com, b@example.com and 4111111111111111").unwrap();
        assert_eq!(text, "[REDACTED:email], [REDACTED:email] and [REDACTED:credit_card]");
        assert_eq!(count, 3);
    }

    #[test]
    fn only_the_kinds_that_are_asked_for() {
        let redactor = Redactor::new(vec![Secret::Phone], Vec::new(), Vec::new());
        assert_eq!(redactor.apply("a@example.com"), None);
        assert_eq!(Redactor::default().apply("a@example.com 4111111111111111"), None);
    }

    #[test]
    fn patterns_of_an_operator() {
        let patterns = ["EMP-[0-9]{6}", "(?i)project\\s+(falcon|eagle)"];
        let patterns = patterns.iter().map(|source| Pattern::new(source).unwrap()).collect();
        let redactor = Redactor::new(vec![Secret::Email], patterns, Vec::new());
        let (text, count) = redactor.apply("EMP-123456 on Project  Eagle, a@b.de, EMP-12345").unwrap();
        assert_eq!(text, "[REDACTED:pattern] on [REDACTED:pattern], [REDACTED:email], EMP-12345");
        assert_eq!(count, 3);
    }

    #[test]
    fn a_text_without_its_end_shows_no_beginning_of_a_secret() {
        for (text, expected) in [
            ("my key is sk-proj-abc", "my key is"),
            ("write to john.doe@exam", "write to"),
            ("card 4111 1111 1111 1", "card"),
            ("IBAN DE89 3704 00", ""),
            ("call +49 30 12", "call"),
            ("token eyJhbGciOiJIUzI1NiJ9.eyJz", "token"),
            ("one", ""),
            ("two words ", "two words"),
            ("\u{79c1}\u{306f}jane@exam", "\u{79c1}\u{306f}"),
        ] {
            assert_eq!(without_tail(text), expected);
        }
    }

    proptest! {
        /// A secret that is cut anywhere leaves nothing of itself behind that is worth having.
        #[test]
        fn no_cut_shows_a_secret_s_beginning(before in "[a-z ]{0,20}", at in 1_usize..64) {
            for secret in [
                "sk-proj-abcdefghij0123456789abcdef",
                "jane.roe@example.com",
                "4111 1111 1111 1111",
                "DE89 3704 0044 0532 0130 00",
                "+49 170 1234567",
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
            ] {
                let cut = secret.get(..at).unwrap_or(secret);
                let text = format!("{before} {cut}");
                let kept = without_tail(&text);
                prop_assert!(text[..before.len() + 1].starts_with(kept), "{kept:?} of {text:?}");
            }
        }

        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            let _ = all().apply(&text);
        }
    }
}
