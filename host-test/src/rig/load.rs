//! Calls at a steady rate, on connections that stay open, and who answers them as fast as they come.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::PATIENCE;
use super::provider::Scenario;
use super::stand::Case;

/// Calls that are being made. Dropped, no more are.
#[derive(Debug)]
pub struct Load {
    callers: Vec<JoinHandle<Vec<Call>>>,
    enough: Arc<AtomicBool>,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its trace, which has no other call.
    pub trace_id: String,
    /// Whether it was answered to the end.
    pub answered: bool,
    /// When it ended.
    pub ended: Instant,
}

impl Load {
    /// Makes so many calls a second, fewer where the server is slower, on so many connections, until told to stop or
    /// nobody listens any more.
    pub fn start(server: SocketAddr, per_second: u32, connections: u32) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let interval = Duration::from_secs(connections.into()) / per_second;
        let now = Instant::now();
        let callers = (0..connections).map(|number| {
            let first = now + interval * number / connections;
            tokio::spawn(call_on(server, first, interval, Arc::clone(&enough)))
        });
        Self { callers: callers.collect(), enough }
    }

    /// Makes no more calls, waits for those under way, and returns all.
    pub async fn stop(self) -> Result<Vec<Call>> {
        self.enough.store(true, Ordering::Relaxed);
        self.ended().await
    }

    /// Waits until nobody listens any more, and returns all calls.
    pub async fn ended(mut self) -> Result<Vec<Call>> {
        let mut calls = Vec::new();
        for caller in &mut self.callers {
            let of_caller = tokio::time::timeout(PATIENCE, caller).await;
            calls.extend(of_caller.context("a call does not end")??);
        }
        Ok(calls)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
    }
}

/// The calls of one connection, or of one after the other where the server closes them.
async fn call_on(
    server: SocketAddr,
    first: Instant,
    interval: Duration,
    enough: Arc<AtomicBool>,
) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut open: Option<Connection> = None;
    let mut next = first;
    loop {
        sleep_until(next).await;
        if enough.load(Ordering::Relaxed) {
            return calls;
        }
        // What the server is too slow for is not made up for.
        next = (next + interval).max(Instant::now());
        let mut connection = match open.take() {
            Some(connection) => connection,
            None => match Connection::open(server).await {
                Ok(connection) => connection,
                Err(_) => return calls,
            },
        };
        let case = Case::new();
        let answer = connection.call(&case).await;
        calls.push(Call { trace_id: case.trace_id, answered: answer.is_ok(), ended: Instant::now() });
        if let Ok(Answered { goes_on: true }) = answer {
            open = Some(connection);
        }
    }
}

/// A connection that knows one request and reads no more of an answer than where it ends: a client made for everything
/// would take more of a machine than what is tested.
struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// A whole answer with a 2xx came.
struct Answered {
    /// Another request may follow.
    goes_on: bool,
}

impl Connection {
    async fn open(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::new() })
    }

    /// Makes an ordinary call of OpenAI's chat completions.
    async fn call(&mut self, case: &Case) -> Result<Answered> {
        let Case { id, trace_id, span_id } = case;
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com\r\ncontent-type: application/json\r\n\
             x-simulate: {}\r\nx-case: {id}\r\ntraceparent: 00-{trace_id}-{span_id}-01\r\n\
             content-length: {}\r\n\r\n{BODY}",
            Scenario::Answer.name(),
            BODY.len(),
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer.clear();
        while !ends(&self.answer) {
            ensure!(self.stream.read_buf(&mut self.answer).await? > 0, "the server hangs up");
        }
        ensure!(self.answer.starts_with(b"HTTP/1.1 2"), "an error");
        let (head, _) = parts(&self.answer).unwrap_or_default();
        Ok(Answered { goes_on: !head.contains("connection: close") })
    }
}

/// Whether an answer is whole.
fn ends(answer: &[u8]) -> bool {
    let Some((head, body)) = parts(answer) else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    match length.and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => body.ends_with("0\r\n\r\n"),
    }
}

/// Head and body of a message, once the head is whole.
fn parts(message: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(message).ok()?.split_once("\r\n\r\n")
}

/// A provider that gives every request the same answer, at once: what [`super::provider`] does for each takes longer than
/// what Envoy does. Dropped, it is gone.
#[derive(Debug)]
pub struct Canned {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Canned {
    /// Starts one on a free port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            // Dropped with this task, and with it every connection.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer_all(stream));
            }
        });
        Ok(Self { address, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer_all(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
    let mut request = Vec::new();
    loop {
        request.clear();
        while !ends(&request) {
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        stream.write_all(answer.as_bytes()).await?;
    }
}

const BODY: &str = r#"{"model":"gpt-5-mini","messages":[{"role":"user","content":"Hi"}]}"#;
const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1781000000,"model":"gpt-5-mini-2026-08-07","choices":[{"index":0,"message":{"role":"assistant","content":"Hello. What can I do for you?","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":148,"completion_tokens":97,"total_tokens":245,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},"service_tier":"default","system_fingerprint":null}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_where_its_head_says() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n";
        for (message, whole) in [
            (head.to_owned(), false),
            (format!("{head}\r\nab"), false),
            (format!("{head}\r\nabc"), true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n".to_owned(), false),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n".to_owned(), true),
        ] {
            assert_eq!(ends(message.as_bytes()), whole, "{message:?}");
        }
    }
}
