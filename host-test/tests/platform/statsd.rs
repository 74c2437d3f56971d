//! `envoy/statsd.yaml`: the filter's counters arrive at a StatsD server.

use anyhow::{Context, Result};
use host_test::rig::PATIENCE;
use host_test::rig::internet::Site;
use host_test::rig::stand::Case;
use tokio::net::UdpSocket;

use crate::world::{COLLECTOR, World, chat, completion};

#[tokio::test(flavor = "multi_thread")]
async fn counters_arrive_as_dogstatsd() -> Result<()> {
    let server = UdpSocket::bind(("127.0.0.1", 0)).await?;
    let site = Site::new("api.openai.com", "/v1/chat/completions", &completion("gpt-5-mini-2026-08-07", 41));
    let more = vec![("127.0.0.1:8125".to_owned(), server.local_addr()?)];
    let world = World::start_with("statsd.yaml", &[site], COLLECTOR, more).await?;
    let case = Case::new();
    assert_eq!(world.call(&case, "/v1/chat/completions", &chat("gpt-5-mini")).await?.0, 200);
    world.span(&case).await?;

    let mut wanted = vec![
        "envoy.wasmcustom.inferspan_exchanges_completed:1|c",
        "envoy.wasmcustom.inferspan_spans_exported:1|c",
    ];
    let receiving = async {
        let mut packet = [0; 2048];
        while !wanted.is_empty() {
            let length = server.recv(&mut packet).await?;
            let text = String::from_utf8_lossy(packet.get(..length).unwrap_or_default()).into_owned();
            wanted.retain(|counter| !text.lines().any(|line| line == *counter));
        }
        anyhow::Ok(())
    };
    let in_time = tokio::time::timeout(PATIENCE, receiving).await;
    in_time.with_context(|| format!("they do not come: {wanted:?}"))?
}
