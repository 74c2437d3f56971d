//! Scripts at work in a proxy, and the promise of a filter that only observes.

use crate::sim::exchange::StreamId;
use crate::sim::fault::{Fault, FaultKind};
use crate::sim::script::{Break, Script, Step};
use crate::sim::stream::Sent;
use crate::sim::{Headers, Proxy};

impl Proxy {
    /// Runs a script on the first worker. For an [observer](crate::sim::ProxyBuilder::observer), traffic that
    /// was changed is a fault.
    pub fn run(&mut self, script: &Script) -> Result<StreamId, Fault> {
        let stream = self.open();
        let mut run = Run::new(stream, script);
        while run.step(self)? {
            self.advance(script.pace)?;
        }
        run.check(self)?;
        Ok(stream)
    }

    /// Runs several scripts at the same time, a step of each in turn, spread over the workers.
    pub fn run_interleaved(&mut self, scripts: &[Script]) -> Result<Vec<StreamId>, Fault> {
        let workers = self.options.workers.max(1);
        let mut runs: Vec<_> = scripts
            .iter()
            .enumerate()
            .map(|(index, script)| Run::new(self.open_for(index % workers, 0), script))
            .collect();
        loop {
            let mut running = false;
            for run in &mut runs {
                if run.step(self)? {
                    running = true;
                    self.advance(run.script.pace)?;
                }
            }
            if !running {
                break;
            }
        }
        for run in &runs {
            run.check(self)?;
        }
        Ok(runs.iter().map(|run| run.stream).collect())
    }
}

/// A script at some step, with what it has fed the proxy so far.
struct Run<'a> {
    stream: StreamId,
    script: &'a Script,
    steps: std::vec::IntoIter<Step>,
    request: Sent,
    response: Sent,
    /// The response is the proxy's own, so what came from upstream says nothing of it.
    local: bool,
}

impl<'a> Run<'a> {
    fn new(stream: StreamId, script: &'a Script) -> Self {
        let steps = script.steps().into_iter();
        Self { stream, script, steps, request: Sent::default(), response: Sent::default(), local: false }
    }

    /// Takes the next step; false when there is none, or the stream is over.
    fn step(&mut self, proxy: &mut Proxy) -> Result<bool, Fault> {
        let Some(step) = self.steps.next() else { return Ok(false) };
        let (id, script) = (self.stream, self.script);
        match step {
            Step::RequestHeaders { end } => {
                self.request.headers = Some(script.request.headers.clone());
                self.request.complete = end;
                proxy.request_headers(id, script.request.headers.clone(), end)?;
            }
            Step::RequestPiece { bytes, end } => {
                let bytes = script.request.body.get(bytes).unwrap_or_default();
                self.request.body.extend_from_slice(bytes);
                self.request.complete = end;
                proxy.request_body(id, bytes, end)?;
            }
            Step::RequestTrailers(trailers) => {
                self.request.trailers = Some(trailers.clone());
                self.request.complete = true;
                proxy.request_trailers(id, trailers)?;
            }
            Step::ResponseHeaders { end } => {
                self.response.headers = Some(script.response.headers.clone());
                self.response.complete = end;
                proxy.response_headers(id, script.response.headers.clone(), end)?;
            }
            Step::ResponsePiece { bytes, end } => {
                let bytes = script.response.body.get(bytes).unwrap_or_default();
                self.response.body.extend_from_slice(bytes);
                self.response.complete = end;
                proxy.response_body(id, bytes, end)?;
            }
            Step::ResponseTrailers(trailers) => {
                self.response.trailers = Some(trailers.clone());
                self.response.complete = true;
                proxy.response_trailers(id, trailers)?;
            }
            Step::Break(with) => {
                self.local = self.response.headers.is_none() && with != Break::ClientLeaves;
                match with {
                    Break::ClientLeaves => proxy.client_leaves(id)?,
                    Break::UpstreamCloses => proxy.upstream_closes(id)?,
                    Break::TimesOut => proxy.upstream_times_out(id)?,
                    Break::Refused => proxy.upstream_refuses(id)?,
                }
            }
        }
        // What the client still sends after the end of its stream goes nowhere.
        Ok(!proxy.exchange_ended(id))
    }

    /// An observer lets through what it was shown, byte for byte.
    fn check(&self, proxy: &Proxy) -> Result<(), Fault> {
        let Some(may_write) = &proxy.options.observer else { return Ok(()) };
        let exchange = proxy.exchange(self.stream);
        let request = differs(&self.request, exchange.upstream(), may_write);
        let response = match self.local {
            true => None,
            false => differs(&self.response, exchange.downstream(), &[]),
        };
        let what = match (request, response) {
            (Some(what), _) => format!("the request's {what}"),
            (None, Some(what)) => format!("the response's {what}"),
            (None, None) => return Ok(()),
        };
        Err(proxy.fault(self.stream, FaultKind::Changed(what)))
    }
}

/// What differs between what came in and what went out, but for headers that may be written.
fn differs(fed: &Sent, left: &Sent, may_write: &[String]) -> Option<String> {
    let plain = |headers: &Option<Headers>| {
        let mut headers = headers.clone();
        for name in may_write {
            if let Some(headers) = &mut headers {
                headers.remove(name);
            }
        }
        headers
    };
    if plain(&fed.headers) != plain(&left.headers) {
        return Some(format!("headers: {:?} came, {:?} left", fed.headers, left.headers));
    }
    if fed.body != left.body {
        let same = fed.body.iter().zip(&left.body).take_while(|(came, left)| came == left).count();
        let (came, left) = (fed.body.len(), left.body.len());
        return Some(format!("body: {came} bytes came, {left} left, the same up to byte {same}"));
    }
    if fed.trailers != left.trailers {
        return Some(format!("trailers: {:?} came, {:?} left", fed.trailers, left.trailers));
    }
    (fed.complete != left.complete)
        .then(|| format!("end: complete is {} where it came, {} where it left", fed.complete, left.complete))
}
