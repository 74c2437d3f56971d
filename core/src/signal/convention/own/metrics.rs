//! The metrics of ours, for what no convention counts. Told with every vocabulary:
//!
//! | metric | kind, unit | when |
//! |---|---|---|
//! | `inferspan.usage.cost` | counter, `{USD}` | the cost is known |
//! | `inferspan.usage.cache_read.input_tokens` | counter, `{token}` | the provider tells how many came from its cache |
//! | `inferspan.ratelimit.remaining_requests`, `.limit_requests` | gauge, `{request}` | the answer's headers tell |
//! | `inferspan.ratelimit.remaining_tokens`, `.limit_tokens` | gauge, `{token}` | the answer's headers tell |
//!
//! All have the provider and both models. A gauge is what the last answer told to this worker.

use crate::call::Call;
use crate::signal::AttributeSink;
use crate::signal::metric::{PointSink, Value, series};

/// What the call adds to the metrics.
pub(in super::super) fn points(call: &Call, sink: &mut dyn PointSink) {
    let response = &call.response;
    // Less than nothing is no limit.
    let told = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok());
    let counts = [
        (&CACHE_READ, call.usage.cache_read_tokens),
        (&REMAINING_REQUESTS, told(response.ratelimit_remaining_requests)),
        (&LIMIT_REQUESTS, told(response.ratelimit_limit_requests)),
        (&REMAINING_TOKENS, told(response.ratelimit_remaining_tokens)),
        (&LIMIT_TOKENS, told(response.ratelimit_limit_tokens)),
    ];
    if call.usage.cost.is_none() && counts.iter().all(|(_, count)| count.is_none()) {
        return;
    }
    sink.attributes(&mut |attributes| who(call, attributes));
    if let Some(cost) = call.usage.cost {
        sink.record(&COST, Value::Double(cost.usd));
    }
    for (series, count) in counts {
        if let Some(count) = count {
            sink.record(series, Value::Int(count));
        }
    }
}

fn who(call: &Call, attributes: &mut dyn AttributeSink) {
    attributes.text("gen_ai.provider.name", &call.provider);
    attributes.text_if("gen_ai.request.model", call.request.model.as_deref());
    attributes.text_if("gen_ai.response.model", call.response.model.as_deref());
}

series! {
    COST = "inferspan.usage.cost" "{USD}" SumDouble "What calls cost";
    CACHE_READ = "inferspan.usage.cache_read.input_tokens" "{token}" Sum
        "Input tokens served from the provider's cache";
    REMAINING_REQUESTS = "inferspan.ratelimit.remaining_requests" "{request}" Gauge
        "Requests that the provider's rate limit leaves";
    LIMIT_REQUESTS = "inferspan.ratelimit.limit_requests" "{request}" Gauge
        "Requests that the provider's rate limit allows";
    REMAINING_TOKENS = "inferspan.ratelimit.remaining_tokens" "{token}" Gauge
        "Tokens that the provider's rate limit leaves";
    LIMIT_TOKENS = "inferspan.ratelimit.limit_tokens" "{token}" Gauge
        "Tokens that the provider's rate limit allows";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Cost;
    use crate::signal::testing::{Points, bare_call};

    fn told(call: &Call) -> Vec<String> {
        let mut lines = Points::default();
        points(call, &mut lines);
        lines.0
    }

    #[test]
    fn a_call_of_which_nothing_is_known_adds_nothing() {
        assert_eq!(told(&bare_call()), [""; 0]);
    }

    #[test]
    fn cost_cache_and_limits_are_told_by_provider_and_models() {
        let mut call = bare_call();
        call.request.model = Some("m".into());
        call.response.model = Some("m-1".into());
        call.usage.cost = Some(Cost::reported(0.25));
        call.usage.cache_read_tokens = Some(128);
        call.response.ratelimit_remaining_requests = Some(499);
        call.response.ratelimit_limit_requests = Some(500);
        call.response.ratelimit_remaining_tokens = Some(0);
        call.response.ratelimit_limit_tokens = Some(200_000);
        let who = r#"gen_ai.provider.name="openai" gen_ai.request.model="m" gen_ai.response.model="m-1""#;
        let expected = [
            who,
            "inferspan.usage.cost 0.25",
            "inferspan.usage.cache_read.input_tokens 128",
            "inferspan.ratelimit.remaining_requests 499",
            "inferspan.ratelimit.limit_requests 500",
            "inferspan.ratelimit.remaining_tokens 0",
            "inferspan.ratelimit.limit_tokens 200000",
        ];
        assert_eq!(told(&call), expected);
    }
}
