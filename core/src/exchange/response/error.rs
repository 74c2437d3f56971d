//! The provider's own word for an error, out of the many places where providers put it.

use crate::api::ErrorWord;

/// The candidates for an error's code, in one message.
#[derive(Debug, Default)]
pub(super) struct ErrorWords {
    /// There is an `error` object: only its own words count.
    object: bool,
    inner: Option<Candidate>,
    outer: Option<Candidate>,
}

#[derive(Debug)]
struct Candidate {
    rank: Rank,
    word: String,
}

/// Lower goes first.
type Rank = (/* a number */ bool, ErrorWord);

impl ErrorWords {
    /// An `error` that is an object was seen.
    pub(super) fn object(&mut self) {
        self.object = true;
    }

    /// A word inside the `error` object.
    pub(super) fn inner(&mut self, kind: ErrorWord, text: &str) {
        offer(&mut self.inner, (false, kind), text);
    }

    /// A number inside the `error` object.
    pub(super) fn inner_number(&mut self, kind: ErrorWord, digits: &str) {
        if kind == ErrorWord::Code {
            offer(&mut self.inner, (true, kind), digits);
        }
    }

    /// A word at the top.
    pub(super) fn outer(&mut self, kind: ErrorWord, text: &str) {
        offer(&mut self.outer, (false, kind), text);
    }

    /// A number at the top.
    pub(super) fn outer_number(&mut self, kind: ErrorWord, digits: &str) {
        if kind == ErrorWord::Code {
            offer(&mut self.outer, (true, kind), digits);
        }
    }

    /// The code, if any word was one. AWS's own type goes before what an `error` object says.
    pub(super) fn into_code(self) -> Option<String> {
        let aws = self.outer.as_ref().is_some_and(|outer| outer.rank.1 == ErrorWord::AwsType);
        let chosen = if self.object && !aws { self.inner } else { self.outer };
        chosen.map(|candidate| candidate.word)
    }
}

fn offer(known: &mut Option<Candidate>, rank: Rank, text: &str) {
    let word = match rank.1 {
        ErrorWord::AwsType => aws_type(text),
        ErrorWord::Type if text == "error" => "",
        _ => text,
    };
    let better = known.as_ref().is_none_or(|known| rank < known.rank);
    if !word.is_empty() && better {
        *known = Some(Candidate { rank, word: word.to_owned() });
    }
}

/// `com.amazon.coral.service#ValidationException:http://…` → `ValidationException`.
pub(super) fn aws_type(text: &str) -> &str {
    let name = text.rsplit_once('#').map_or(text, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_as_code_goes_before_the_type_and_a_number_after_all() {
        let mut words = ErrorWords::default();
        words.object();
        words.inner_number(ErrorWord::Code, "429");
        assert_eq!(code(&words), Some("429"));
        words.inner(ErrorWord::Status, "RESOURCE_EXHAUSTED");
        assert_eq!(code(&words), Some("RESOURCE_EXHAUSTED"));
        words.inner(ErrorWord::Type, "invalid_request_error");
        assert_eq!(code(&words), Some("invalid_request_error"));
        words.inner(ErrorWord::Code, "");
        assert_eq!(code(&words), Some("invalid_request_error"));
        words.inner(ErrorWord::Code, "invalid_api_key");
        words.inner(ErrorWord::ErrorType, "validation");
        assert_eq!(words.into_code().as_deref(), Some("invalid_api_key"));
    }

    #[test]
    fn the_bare_word_error_is_no_type() {
        let mut words = ErrorWords::default();
        words.outer(ErrorWord::Type, "error");
        assert_eq!(words.into_code(), None);
    }

    #[test]
    fn an_error_object_speaks_for_itself() {
        let mut words = ErrorWords::default();
        words.outer(ErrorWord::Code, "outer");
        words.object();
        assert_eq!(code(&words), None);
        words.inner(ErrorWord::Type, "inner");
        assert_eq!(words.into_code().as_deref(), Some("inner"));
    }

    #[test]
    fn an_aws_type_is_cut_to_its_name() {
        for text in ["ThrottlingException", "ThrottlingException:http://x/y", "a.b#ThrottlingException"] {
            assert_eq!(aws_type(text), "ThrottlingException", "{text}");
        }
    }

    fn code(words: &ErrorWords) -> Option<&str> {
        let chosen = if words.object { &words.inner } else { &words.outer };
        chosen.as_ref().map(|candidate| candidate.word.as_str())
    }
}
