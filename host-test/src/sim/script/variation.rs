//! What varies between scripts of one exchange, as a line that a failure prints and a command line takes back:
//!
//! `request=whole/last response=at:3,17/empty pace=0us overlap=0 ends=client_leaves@12`

use std::time::Duration;

use crate::sim::Headers;
use crate::sim::script::pieces::Pieces;
use crate::sim::script::{Break, Close, Message, Script};

impl Script {
    /// How the script cuts, paces, closes and breaks off its exchange. Trailers are those of [`Script::vary`],
    /// whatever they were.
    pub fn variation(&self) -> String {
        let message = |message: &Message| format!("{}/{}", message.pieces, close_name(&message.close));
        let mut line = format!(
            "request={} response={} pace={}us overlap={}",
            message(&self.request),
            message(&self.response),
            self.pace.as_micros(),
            self.overlap
        );
        if let Some((with, after)) = self.broken {
            let (name, _) = BREAKS.iter().find(|(_, b)| *b == with).unwrap_or(&BREAKS[0]);
            let place = after.map_or_else(|| "start".to_owned(), |after| after.to_string());
            line.push_str(&format!(" ends={name}@{place}"));
        }
        line
    }

    /// The same exchange, varied as such a line says; none where it is none.
    pub fn varied(&self, line: &str) -> Option<Self> {
        let mut script = Self { broken: None, ..self.clone() };
        for part in line.split_ascii_whitespace() {
            match part.split_once('=')? {
                ("request", how) => script.request.set(how)?,
                ("response", how) => script.response.set(how)?,
                ("pace", pace) => {
                    script.pace = Duration::from_micros(pace.strip_suffix("us")?.parse().ok()?);
                }
                ("overlap", pieces) => script.overlap = pieces.parse().ok()?,
                ("ends", how) => {
                    let (name, place) = how.split_once('@')?;
                    let (_, with) = BREAKS.iter().find(|(known, _)| *known == name)?;
                    let after = if place == "start" { None } else { Some(place.parse().ok()?) };
                    script.broken = Some((*with, after));
                }
                _ => return None,
            }
        }
        Some(script)
    }
}

impl Message {
    fn set(&mut self, how: &str) -> Option<()> {
        let (pieces, close) = how.split_once('/')?;
        self.pieces = Pieces::parse(pieces)?;
        self.close = match close {
            "last" => Close::LastPiece,
            "empty" => Close::EmptyPiece,
            "trailers" => Close::Trailers(trailers()),
            "empty+trailers" => Close::EmptyPieceAndTrailers(trailers()),
            _ => return None,
        };
        Some(())
    }
}

fn close_name(close: &Close) -> &'static str {
    match close {
        Close::LastPiece => "last",
        Close::EmptyPiece => "empty",
        Close::Trailers(_) => "trailers",
        Close::EmptyPieceAndTrailers(_) => "empty+trailers",
    }
}

/// The trailers of every script that varies.
pub(super) fn trailers() -> Headers {
    Headers::from([("x-trailer", "1")])
}

const BREAKS: [(&str, Break); 4] = [
    ("client_leaves", Break::ClientLeaves),
    ("upstream_closes", Break::UpstreamCloses),
    ("times_out", Break::TimesOut),
    ("refused", Break::Refused),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variation_can_be_typed() {
        let exchange = Script::post("/", "question").respond(200, "text/plain", "answer");
        for seed in 0..500 {
            let script = exchange.vary(seed);
            let line = script.variation();
            assert_eq!(exchange.varied(&line), Some(script), "{line}");
        }
        for wrong in ["request", "request=whole", "request=half/last", "pace=3", "ends=client_leaves", "x=1"]
        {
            assert_eq!(exchange.varied(wrong), None, "{wrong}");
        }
    }
}
