//! Attributes of an operator's own, from each place that they may come from.

use host_test::sim::{ProxyBuilder, Script};

use crate::world::{flushed, proxy};

const ANSWER: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],
    "stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#;

fn call() -> Script {
    let body = r#"{"model":"claude-sonnet-4-5","max_tokens":9,"metadata":{"user_id":"user-7"},
        "messages":[{"role":"user","content":"Hi"}]}"#;
    Script::post("/v1/messages", body)
        .request_header(":authority", "api.anthropic.com")
        .request_header("x-user", "alice")
        .respond(200, "application/json", ANSWER)
}

/// What the span of the call tells under these names.
fn told<const N: usize>(builder: ProxyBuilder, names: [&str; N]) -> [Option<String>; N] {
    let mut proxy = builder.start().unwrap();
    for script in [call(), call().request_pieces(host_test::sim::Pieces::of(1))] {
        proxy.run(&script).unwrap();
    }
    let spans = flushed(&mut proxy).unwrap();
    let [whole, cut] = [0, 1].map(|at| names.map(|name| spans[at].text(name).map(str::to_owned)));
    assert_eq!(whole, cut, "however it is cut");
    whole
}

#[test]
fn attributes_come_from_the_body_headers_and_what_is_always_the_same() {
    let configuration = r#"{"hash_key":"0123456789abcdef","attributes":[
        {"name":"user.id","body":["user","metadata.user_id"]},
        {"name":"user.hash","header":"x-user","hash":true},
        {"name":"team","value":"search"}
    ]}"#;
    assert_eq!(
        told(proxy().configuration(configuration), ["user.id", "user.hash", "team"]),
        [Some("user-7".into()), Some("fdbf8b1cacd3d578e062d0e41104357d".into()), Some("search".into())]
    );
}

#[test]
fn attributes_come_from_envoys_metadata() {
    let configuration = r#"{"hash_key":"0123456789abcdef","attributes":[
        {"name":"user.id","metadata":["dynamic","envoy.filters.http.jwt_authn","payload","sub"]},
        {"name":"user.hash","metadata":["dynamic","envoy.filters.http.jwt_authn","payload","sub"],"hash":true},
        {"name":"tenant","metadata":["route","acme","tenant"]},
        {"name":"tier","metadata":["cluster","acme","tier"]},
        {"name":"zone","metadata":["endpoint","acme","zone"]},
        {"name":"beta","metadata":["dynamic","acme","beta"]},
        {"name":"share","metadata":["dynamic","acme","share"]},
        {"name":"list","metadata":["dynamic","acme","list"]},
        {"name":"gen_ai.conversation.id","metadata":["dynamic","acme","thread"]},
        {"name":"missing","metadata":["dynamic","acme","missing"]}
    ]}"#;
    let dynamic = |key| ["metadata", "filter_metadata", "acme", key];
    let builder = proxy()
        .configuration(configuration)
        .attribute(
            &["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", "payload", "sub"],
            "alice",
        )
        .attribute(&["xds", "route_metadata", "filter_metadata", "acme", "tenant"], 42_f64.to_le_bytes())
        .attribute(&["xds", "cluster_metadata", "filter_metadata", "acme", "tier"], "gold")
        .attribute(&["xds", "upstream_host_metadata", "filter_metadata", "acme", "zone"], "z-1")
        .attribute(&dynamic("beta"), [1])
        .attribute(&dynamic("share"), 0.25_f64.to_le_bytes())
        .attribute(&dynamic("list"), [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, b'a', 0, b'b', 0])
        .attribute(&dynamic("thread"), "t-1");
    let names = [
        "user.id",
        "user.hash",
        "tenant",
        "tier",
        "zone",
        "beta",
        "share",
        "list",
        "gen_ai.conversation.id",
        "missing",
    ];
    let expected = [
        Some("alice"),
        Some("fdbf8b1cacd3d578e062d0e41104357d"),
        Some("42"),
        Some("gold"),
        Some("z-1"),
        Some("true"),
        Some("0.25"),
        None,
        Some("t-1"),
        None,
    ];
    assert_eq!(told(builder, names), expected.map(|value| value.map(str::to_owned)));
}
