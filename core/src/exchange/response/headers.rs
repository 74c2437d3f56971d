//! What an answer's headers say: how to read its body, what stands there in the body's place, and, whatever the
//! API, the id to quote to the provider's support, the state of the rate limit, a gateway's cache.

use super::draft::Draft;
use super::error::aws_type;
use crate::api::Spec;
use crate::call::Response;
use crate::headers::Headers;
use crate::json::{self, Number};

/// What the reading of the body needs to know.
#[derive(Debug, Default)]
pub(super) struct Head<'h> {
    pub(super) status: Option<u16>,
    pub(super) content_type: Option<&'h [u8]>,
    pub(super) content_length: Option<u64>,
    /// Of what the parts of an event stream add up to.
    pub(super) part_type: Option<&'h [u8]>,
}

/// Reads them: facts into the response, counts and the error's code that stand there into the draft.
pub(super) fn read<'h>(
    headers: &Headers<'h>,
    spec: &Spec,
    draft: &mut Draft,
    response: &mut Response,
) -> Head<'h> {
    let mut head = Head::default();
    let mut request_id = Ranked::default();
    let mut cache = None;
    let mut cost = None;
    for (name, value) in headers.iter() {
        let Some(header) = known(name) else {
            let count = spec.count_headers.iter().find(|(known, _)| known.as_bytes() == name);
            if let Some((_, count)) = count
                && let Some(value) = integer(value)
            {
                draft.counts.set(*count, AFTER_BODY, value);
            }
            continue;
        };
        match header {
            Header::Status => head.status = integer(value).and_then(|status| u16::try_from(status).ok()),
            Header::ContentType => _ = head.content_type.get_or_insert(value),
            Header::PartType => head.part_type = Some(value),
            Header::ContentLength => head.content_length = integer(value),
            Header::AwsErrorType => {
                let code = aws_type(&lossy(value, MAX_CODE)).to_owned();
                draft.header_error = Some(code).filter(|code| !code.is_empty());
            }
            Header::RequestId(rank) => request_id.offer(rank, value),
            Header::RemainingRequests => keep_first(&mut response.ratelimit_remaining_requests, value),
            Header::RemainingTokens => keep_first(&mut response.ratelimit_remaining_tokens, value),
            Header::LimitRequests => keep_first(&mut response.ratelimit_limit_requests, value),
            Header::LimitTokens => keep_first(&mut response.ratelimit_limit_tokens, value),
            Header::RetryAfter => keep_first(&mut response.retry_after, value),
            Header::CacheStatus => cache = cache.or(cache_status(value)),
            // LiteLLM names the key of a cached answer, and names none otherwise.
            Header::CacheKey => cache = cache.or(Some("hit".to_owned())),
            Header::Cost => cost = cost.or_else(|| usd(value)),
        }
    }
    response.status = head.status;
    response.provider_request_id = request_id.text();
    response.cache_status = cache;
    // What an answer from the cache would have cost is no cost. What the body tells comes later, and replaces this.
    if let Some(usd) = cost.filter(|_| !response.is_from_cache()) {
        draft.counts.set_cost(usd);
    }
    head
}

/// What a header means.
#[derive(Clone, Copy)]
enum Header {
    Status,
    ContentType,
    ContentLength,
    /// What the parts of SageMaker's event stream add up to.
    PartType,
    /// The error's code, behind a `#` if there is one.
    AwsErrorType,
    /// The provider's id of the request; the lower rank is the better known to its support.
    RequestId(u8),
    RemainingRequests,
    RemainingTokens,
    LimitRequests,
    LimitTokens,
    /// In seconds; a date says nothing here.
    RetryAfter,
    /// `HIT`, `MISS` … of a gateway. A CDN's (`x-cache`, `cf-cache-status`) says nothing of an LLM.
    CacheStatus,
    /// There only on a hit.
    CacheKey,
    /// In USD, as a gateway reckons it.
    Cost,
}

/// What a header of that name means; `None` where nobody here reads it.
fn known(name: &[u8]) -> Option<Header> {
    Some(match name {
        b":status" => Header::Status,
        b"content-type" => Header::ContentType,
        b"content-length" => Header::ContentLength,
        b"x-amzn-sagemaker-content-type" => Header::PartType,
        b"x-amzn-errortype" => Header::AwsErrorType,
        b"x-request-id" => Header::RequestId(0),
        b"request-id" => Header::RequestId(1),
        b"x-amzn-requestid" => Header::RequestId(2),
        b"apim-request-id" => Header::RequestId(3),
        b"opc-request-id" => Header::RequestId(4),
        // OpenAI and those who followed.
        b"x-ratelimit-remaining-requests" => Header::RemainingRequests,
        b"x-ratelimit-remaining-tokens" => Header::RemainingTokens,
        b"x-ratelimit-limit-requests" => Header::LimitRequests,
        b"x-ratelimit-limit-tokens" => Header::LimitTokens,
        b"anthropic-ratelimit-requests-remaining" => Header::RemainingRequests,
        b"anthropic-ratelimit-tokens-remaining" => Header::RemainingTokens,
        b"anthropic-ratelimit-requests-limit" => Header::LimitRequests,
        b"anthropic-ratelimit-tokens-limit" => Header::LimitTokens,
        // Mistral, which limits by the month too.
        b"x-ratelimit-remaining-req-minute" => Header::RemainingRequests,
        b"x-ratelimit-remaining-tokens-minute" => Header::RemainingTokens,
        b"x-ratelimit-limit-req-minute" => Header::LimitRequests,
        b"x-ratelimit-limit-tokens-minute" => Header::LimitTokens,
        b"retry-after" => Header::RetryAfter,
        // Cloudflare AI Gateway, Helicone, Portkey, LiteLLM.
        b"cf-aig-cache-status" => Header::CacheStatus,
        b"helicone-cache" => Header::CacheStatus,
        b"x-portkey-cache-status" => Header::CacheStatus,
        b"x-litellm-cache-key" => Header::CacheKey,
        b"x-litellm-response-cost" => Header::Cost,
        b"pydantic-ai-gateway-price-estimate" => Header::Cost,
        _ => return None,
    })
}

/// The value of the lowest rank.
#[derive(Default)]
struct Ranked<'a>(Option<(u8, &'a [u8])>);

impl<'a> Ranked<'a> {
    fn offer(&mut self, rank: u8, value: &'a [u8]) {
        if !value.is_empty() && self.0.is_none_or(|(known, _)| rank < known) {
            self.0 = Some((rank, value));
        }
    }

    fn text(&self) -> Option<String> {
        self.0.map(|(_, value)| lossy(value, MAX_ID))
    }
}

/// Only whole numbers count.
fn keep_first<T: std::str::FromStr>(kept: &mut Option<T>, value: &[u8]) {
    if kept.is_none() {
        *kept = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok());
    }
}

fn cache_status(value: &[u8]) -> Option<String> {
    Some(lossy(value.trim_ascii(), MAX_WORD).to_ascii_lowercase()).filter(|status| !status.is_empty())
}

fn lossy(value: &[u8], most: usize) -> String {
    json::lossy(value.get(..most).unwrap_or(value)).into_owned()
}

/// `0.0043` or `0.0043USD`.
fn usd(value: &[u8]) -> Option<f64> {
    let value = value.trim_ascii();
    Number::parse(value.strip_suffix(b"USD").unwrap_or(value))?.as_f64()
}

fn integer(value: &[u8]) -> Option<u64> {
    Number::parse(value.trim_ascii())?.as_u64()
}

/// Rank of the counts.
const AFTER_BODY: u8 = 1;
/// Longest texts that are kept, in bytes.
const MAX_CODE: usize = 256;
const MAX_ID: usize = 256;
const MAX_WORD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(headers: &[(&str, &str)]) -> Response {
        let pairs: Vec<(&[u8], &[u8])> = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        let mut response = Response::default();
        read(&Headers::new(&pairs), &Spec::DEFAULT, &mut Draft::default(), &mut response);
        response
    }

    #[test]
    fn the_best_known_request_id_wins() {
        let id = |headers: &[(&str, &str)]| facts(headers).provider_request_id;
        assert_eq!(id(&[("request-id", "req_1")]).as_deref(), Some("req_1"));
        assert_eq!(id(&[("apim-request-id", "a"), ("x-request-id", "x")]).as_deref(), Some("x"));
        assert_eq!(id(&[("x-amzn-requestid", "z"), ("x-request-id", "")]).as_deref(), Some("z"));
        assert_eq!(id(&[("x-kong-request-id", "k"), ("cf-ray", "r")]), None);
    }

    #[test]
    fn rate_limits_of_each_family() {
        let openai = facts(&[
            ("x-ratelimit-limit-requests", "5000"),
            ("x-ratelimit-remaining-requests", "4999"),
            ("x-ratelimit-limit-tokens", "800000"),
            ("x-ratelimit-remaining-tokens", "799000"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]);
        assert_eq!(
            (openai.ratelimit_limit_requests, openai.ratelimit_remaining_requests),
            (Some(5000), Some(4999))
        );
        assert_eq!(
            (openai.ratelimit_limit_tokens, openai.ratelimit_remaining_tokens),
            (Some(800_000), Some(799_000))
        );

        let anthropic = facts(&[
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-input-tokens-remaining", "1"),
            ("anthropic-ratelimit-tokens-remaining", "48000"),
            ("retry-after", "59"),
        ]);
        assert_eq!(anthropic.ratelimit_remaining_requests, Some(49));
        assert_eq!(anthropic.ratelimit_remaining_tokens, Some(48_000));
        assert_eq!(anthropic.retry_after, Some(59));

        let mistral = facts(&[
            ("x-ratelimit-remaining-tokens-month", "1999999999"),
            ("x-ratelimit-remaining-tokens-minute", "374000"),
            ("x-ratelimit-remaining-req-minute", "239"),
        ]);
        assert_eq!(mistral.ratelimit_remaining_tokens, Some(374_000));
        assert_eq!(mistral.ratelimit_remaining_requests, Some(239));
    }

    #[test]
    fn what_is_no_whole_number_says_nothing() {
        let response = facts(&[
            ("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"),
            ("x-ratelimit-remaining-requests", "unlimited"),
        ]);
        assert_eq!(response.retry_after, None);
        assert_eq!(response.ratelimit_remaining_requests, None);
    }

    #[test]
    fn a_gateway_tells_the_cost_but_none_of_an_answer_from_its_cache() {
        let cost = |headers: &[(&str, &str)]| {
            let pairs: Vec<(&[u8], &[u8])> =
                headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
            let mut draft = Draft::default();
            read(&Headers::new(&pairs), &Spec::DEFAULT, &mut draft, &mut Response::default());
            draft.counts.usage(Default::default()).cost.map(|cost| cost.usd)
        };
        let name = "x-litellm-response-cost";
        assert_eq!(cost(&[(name, "2.85e-05")]), Some(0.000_028_5));
        assert_eq!(cost(&[(name, "0.5"), ("x-litellm-cache-key", "9f1")]), None);
        assert_eq!(cost(&[("pydantic-ai-gateway-price-estimate", "0.0043USD")]), Some(0.0043));
        for nothing in ["None", "", "-0.5", "nan", "1e999"] {
            assert_eq!(cost(&[(name, nothing)]), None, "{nothing}");
        }
    }

    #[test]
    fn the_caches_of_gateways_count_and_those_of_networks_do_not() {
        let cache = |name: &str, value: &str| facts(&[(name, value)]).cache_status;
        assert_eq!(cache("cf-aig-cache-status", "HIT").as_deref(), Some("hit"));
        assert_eq!(cache("helicone-cache", "MISS").as_deref(), Some("miss"));
        assert_eq!(cache("x-portkey-cache-status", "SEMANTIC HIT").as_deref(), Some("semantic hit"));
        assert_eq!(cache("x-litellm-cache-key", "a1b2").as_deref(), Some("hit"));
        assert_eq!(cache("x-cache", "Miss from cloudfront"), None);
        assert_eq!(cache("cf-cache-status", "DYNAMIC"), None);
    }
}
