//! A client and an upstream that speak HTTP/1 byte by byte, and take a step only when the probe has logged the
//! callback of the last one: so the pieces that Envoy shows are the scenario's.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use host_test::sim::{Break, Script, Step};

use crate::envoy::{Envoy, PATIENCE, probe_line};
use crate::scenario::{Broken, By, End, Place, Scenario};

/// A connection, and what was read from it so far.
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    at_end: bool,
}

/// A listener on a free port; its connections come out of the channel.
pub(crate) fn serve() -> (SocketAddr, Receiver<Connection>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if sender.send(Connection::new(stream.unwrap())).is_err() {
                break;
            }
        }
    });
    (address, receiver)
}

/// What the probe's callee answers.
pub(crate) fn answer_call(mut connection: Connection) {
    connection.read_until(|bytes| bytes.ends_with(b"\r\n\r\n"));
    connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ncalled");
}

/// Takes the scenario's steps, and says what both ends received.
pub(crate) fn run(envoy: &Envoy, listener: SocketAddr, scenario: &Scenario, start: usize) -> Vec<String> {
    let script = scenario.script();
    let client = Connection::new(TcpStream::connect(listener).unwrap());
    let gzip =
        (scenario.place == Place::Decompressor).then(|| GzEncoder::new(Vec::new(), Compression::default()));
    let mut run =
        Run { envoy, scenario, script: &script, start, client, upstream: None, gzip, taken: Vec::new() };
    for step in script.steps() {
        run.step(&step);
        if run.is_over() {
            break;
        }
    }
    run.wait("on_delete", 1);
    if scenario.probe.contains("call-in-log") {
        run.wait_for_answer();
    }
    run.ends()
}

struct Run<'a> {
    envoy: &'a Envoy,
    scenario: &'a Scenario,
    script: &'a Script,
    /// Where the scenario begins in Envoy's log.
    start: usize,
    client: Connection,
    upstream: Option<Connection>,
    /// What the response is encoded with.
    gzip: Option<GzEncoder<Vec<u8>>>,
    /// The callbacks that the steps so far have led to.
    taken: Vec<&'static str>,
}

impl Run<'_> {
    fn step(&mut self, step: &Step) {
        let answers = matches!(step, Step::ResponseHeaders { .. } | Step::ResponsePiece { .. });
        if answers && self.scenario.probe.starts_with("reply") {
            // The probe has answered itself.
            return self.wait("on_delete", 1);
        }
        let callback = match step {
            Step::RequestHeaders { .. } => {
                let scenario = self.scenario;
                let first = format!("{} {} HTTP/1.1", scenario.request.method, scenario.request.path);
                let mut headers = vec![("host".to_owned(), "probe.example".to_owned())];
                headers.extend(scenario.request_headers());
                self.client.write(&head(&first, &headers));
                "on_request_headers"
            }
            Step::RequestPiece { bytes, .. } => {
                if self.scenario.reaches_upstream() {
                    // What is readable of the upstream depends on whether it is connected.
                    self.connected_upstream();
                }
                let bytes = self.script.request.body.get(bytes.clone()).unwrap();
                self.client.write(&piece(bytes, self.scenario.request.end));
                "on_request_body"
            }
            Step::RequestTrailers(_) => {
                self.client.write(LAST_CHUNK_AND_TRAILERS);
                "on_request_trailers"
            }
            Step::ResponseHeaders { .. } => {
                let first = format!("HTTP/1.1 {} Status", self.scenario.status());
                let headers = self.scenario.response_headers();
                let resets = self.resets();
                let upstream = self.connected_upstream();
                if !resets {
                    upstream.read_until(is_whole);
                }
                upstream.write(&head(&first, &headers));
                "on_response_headers"
            }
            Step::ResponsePiece { bytes, .. } => {
                let plain = self.script.response.body.get(bytes.clone()).unwrap();
                let bytes = match &mut self.gzip {
                    Some(gzip) => compressed(gzip, plain, bytes.end == self.script.response.body.len()),
                    None => plain.to_vec(),
                };
                let written = piece(&bytes, self.scenario.response.end);
                self.connected_upstream().write(&written);
                "on_response_body"
            }
            // They are the decompressor's.
            Step::ResponseTrailers(_) if self.scenario.place == Place::Decompressor => "on_response_trailers",
            Step::ResponseTrailers(_) => {
                self.connected_upstream().write(LAST_CHUNK_AND_TRAILERS);
                "on_response_trailers"
            }
            Step::Break(with) => {
                match with {
                    Break::ClientLeaves => {
                        self.connected_upstream();
                        self.client.read_until(|bytes| self.scenario.is_due(bytes));
                        self.client.close();
                    }
                    Break::UpstreamCloses if self.resets() => {
                        self.connected_upstream();
                        // Closing what has unread bytes is a reset.
                        self.upstream = None;
                    }
                    Break::UpstreamCloses => {
                        let upstream = self.connected_upstream();
                        upstream.read_until(is_whole);
                        upstream.close();
                    }
                    // The route sees to both.
                    Break::TimesOut => {
                        self.connected_upstream();
                    }
                    Break::Refused => {}
                }
                "on_delete"
            }
        };
        if callback == "on_request_headers" && self.scenario.probe == "call" {
            self.wait_for_answer();
        }
        self.taken.push(callback);
        let count = self.taken.iter().filter(|taken| **taken == callback).count();
        self.wait(callback, count);
    }

    fn resets(&self) -> bool {
        matches!(self.scenario.broken, Some(Broken { by: By::UpstreamReset, .. }))
    }

    /// Waits until a callback has come that often, or the stream is over.
    fn wait(&self, callback: &str, count: usize) {
        let what = format!("{callback} in {}", self.scenario.name);
        self.envoy.log.wait(self.start, &what, |lines| {
            let lines: Vec<_> = lines.iter().filter_map(|line| probe_line(line)).collect();
            let calls = lines.iter().filter(|line| line.contains(&format!(" {callback}["))).count();
            // The callback has returned: its last line is there.
            let seen =
                lines.last().is_some_and(|line| !line.contains("   ") || line.contains("filter_state"));
            is_over(&lines) || (callback != "on_delete" && calls >= count && seen)
        });
    }

    /// The answer of a call that outlives the stream.
    fn wait_for_answer(&self) {
        let what = format!("the answer of a call in {}", self.scenario.name);
        self.envoy.log.wait(self.start, &what, |lines| lines.iter().any(|line| line.contains(" status: ")));
    }

    fn is_over(&self) -> bool {
        let mut over = false;
        self.envoy.log.look(self.start, |lines| {
            over = is_over(&lines.iter().filter_map(|line| probe_line(line)).collect::<Vec<_>>());
        });
        over
    }

    /// The upstream's end of this scenario's request.
    fn connected_upstream(&mut self) -> &mut Connection {
        let path = format!(" {} HTTP/1.1\r\n", self.scenario.request.path);
        let name = &self.scenario.name;
        self.upstream.get_or_insert_with(|| {
            loop {
                let mut connection = self
                    .envoy
                    .upstream
                    .recv_timeout(PATIENCE)
                    .unwrap_or_else(|_| panic!("Envoy does not call the upstream in {name}"));
                connection.read_until(|bytes| bytes.windows(4).any(|end| end == b"\r\n\r\n"));
                // One that belongs to an earlier scenario came to nothing.
                if String::from_utf8_lossy(&connection.read).contains(&path) {
                    return connection;
                }
            }
        })
    }

    /// What both ends received.
    fn ends(mut self) -> Vec<String> {
        let left = self.taken.last() == Some(&"on_delete") && self.client.at_end;
        if !left {
            let bodiless = self.scenario.request.method == "HEAD" || self.scenario.status() == 204;
            self.client
                .read_until(|bytes| if bodiless { split_head(bytes).is_some() } else { is_whole(bytes) });
        }
        if self.resets() {
            return vec!["upstream got what it did not read".to_owned(), self.client_got()];
        }
        let upstream = self.upstream.take().map(|mut upstream| {
            upstream.read_until(is_whole);
            body(&upstream.read)
        });
        vec![
            format!("upstream got {:?}", String::from_utf8_lossy(&upstream.unwrap_or_default())),
            self.client_got(),
        ]
    }

    fn client_got(&self) -> String {
        let status = self.client.read.get(9..12).unwrap_or(b"none").escape_ascii();
        format!("client got {status} {:?}", String::from_utf8_lossy(&body(&self.client.read)))
    }
}

fn is_over(lines: &[&str]) -> bool {
    lines.iter().any(|line| line.ends_with(" deleted"))
}

const LAST_CHUNK_AND_TRAILERS: &[u8] = b"0\r\nx-trailer: last\r\n\r\n";

fn head(first: &str, headers: &[(String, String)]) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{first}\r\n{headers}\r\n").into_bytes()
}

/// The bytes of a piece of a gzip body; an empty one is the last chunk's.
fn compressed(gzip: &mut GzEncoder<Vec<u8>>, plain: &[u8], last: bool) -> Vec<u8> {
    if plain.is_empty() {
        return Vec::new();
    }
    gzip.write_all(plain).unwrap();
    if last {
        gzip.try_finish().unwrap();
    } else {
        gzip.flush().unwrap();
    }
    std::mem::take(gzip.get_mut())
}

fn piece(bytes: &[u8], end: End) -> Vec<u8> {
    match end {
        End::Length => bytes.to_vec(),
        End::Chunked | End::Trailers if bytes.is_empty() => b"0\r\n\r\n".to_vec(),
        End::Chunked | End::Trailers => {
            [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
        }
    }
}

/// Whether a message is there to its end.
fn is_whole(message: &[u8]) -> bool {
    let Some((head, rest)) = split_head(message) else { return false };
    match content_length(&head) {
        Some(length) => rest.len() >= length,
        None if head.contains("transfer-encoding: chunked") => {
            let last_chunk = rest.starts_with(b"0\r\n") || rest.windows(5).any(|end| end == b"\r\n0\r\n");
            last_chunk && rest.ends_with(b"\r\n\r\n")
        }
        None => true,
    }
}

/// Whether as much of a message is there: its head, and that many bytes of its body.
pub(crate) fn is_there(message: &[u8], bytes: usize) -> bool {
    split_head(message).is_some() && body(message).len() >= bytes
}

/// The body of a message as far as it is there.
fn body(message: &[u8]) -> Vec<u8> {
    let Some((head, mut rest)) = split_head(message) else { return Vec::new() };
    if content_length(&head).is_some() {
        return rest.to_vec();
    }
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|end| end == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap_or_default();
        let chunk = &rest[end + 2..];
        let size = size.min(chunk.len());
        body.extend_from_slice(&chunk[..size]);
        rest = chunk.get(size + 2..).unwrap_or_default();
        if size == 0 {
            break;
        }
    }
    body
}

fn split_head(message: &[u8]) -> Option<(String, &[u8])> {
    let end = message.windows(4).position(|end| end == b"\r\n\r\n")?;
    Some((String::from_utf8_lossy(&message[..end]).to_ascii_lowercase(), &message[end + 4..]))
}

fn content_length(head: &str) -> Option<usize> {
    head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, read: Vec::new(), at_end: false }
    }

    fn write(&mut self, bytes: &[u8]) {
        // The other side may have gone: then the probe's log says what became of the stream.
        let _ = self.stream.write_all(bytes);
    }

    /// Reads until what was read is enough, or the other side has ended.
    fn read_until(&mut self, enough: impl Fn(&[u8]) -> bool) {
        let mut buffer = [0; 4096];
        while !self.at_end && !enough(&self.read) {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.at_end = true,
                Ok(count) => self.read.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => self.at_end = true,
                Err(error) => {
                    panic!("waited in vain for more than {:?}: {error}", self.read.escape_ascii().to_string())
                }
            }
        }
    }

    /// Takes what is there, and leaves.
    fn close(&mut self) {
        self.stream.set_nonblocking(true).unwrap();
        let mut rest = Vec::new();
        // Nothing more at the moment is an error, too.
        let _ = self.stream.read_to_end(&mut rest);
        self.read.extend(rest);
        // The other side may have gone.
        let _ = self.stream.shutdown(Shutdown::Both);
        self.at_end = true;
    }
}
