//! Random scripts by seed, and the smallest one that still fails.

use std::fmt;
use std::time::Duration;

use crate::sim::script::variation::trailers;
use crate::sim::script::{Break, Close, Pieces, Script};
use crate::sim::world::Random;

/// A random script that failed, made as small as it still fails.
pub struct Failure {
    /// [`Script::vary`] with this seed, on the exchange of that name, is the script as it was; none where
    /// the environment told it.
    pub seed: Option<u64>,
    /// The smallest script found that fails.
    pub script: Box<Script>,
    /// Why that one fails.
    pub why: String,
}

/// Runs `count` random variations of `exchanges`, with the seeds from `first_seed` on. The first that fails is
/// shrunk and returned, with the command that runs it alone: the variable `SCRIPT` holds a script to run in
/// place of the random ones.
///
/// ```should_panic
/// # use host_test::sim::{Script, check_random};
/// let exchange = Script::post("/", "question").respond(200, "text/plain", "answer");
/// check_random(0, 200, &[exchange], |script| match script.steps().len() {
///     0..5 => Ok(()),
///     long => Err(format!("{long} steps are too long")),
/// })
/// .unwrap();
/// ```
pub fn check_random<E: fmt::Display>(
    first_seed: u64,
    count: u64,
    exchanges: &[Script],
    mut check: impl FnMut(&Script) -> Result<(), E>,
) -> Result<(), Failure> {
    if let Ok(told) = std::env::var(VARIABLE) {
        return run_alone(&told, exchanges, check);
    }
    for seed in first_seed..first_seed + count {
        let exchange =
            usize::try_from(Random::seeded(!seed).below(exchanges.len() as u64)).unwrap_or_default();
        let Some(plain) = exchanges.get(exchange) else { return Ok(()) };
        let script = plain.vary(seed);
        if let Err(why) = check(&script) {
            let (script, why) = shrink(script, why.to_string(), &mut check);
            return Err(Failure { seed: Some(seed), script: Box::new(script), why });
        }
    }
    Ok(())
}

fn run_alone<E: fmt::Display>(
    told: &str,
    exchanges: &[Script],
    mut check: impl FnMut(&Script) -> Result<(), E>,
) -> Result<(), Failure> {
    let (Some(first), script) = (exchanges.first(), named(told, exchanges)) else { return Ok(()) };
    let why = match script.as_ref().map(&mut check) {
        Some(Ok(())) => return Ok(()),
        Some(Err(why)) => why.to_string(),
        None => NO_SCRIPT.to_owned(),
    };
    Err(Failure { seed: None, script: Box::new(script.unwrap_or_else(|| first.clone())), why })
}

/// The script that [`Failure::command`] names.
fn named(told: &str, exchanges: &[Script]) -> Option<Script> {
    let (name, variation) = told.split_once(": ")?;
    exchanges.iter().find(|exchange| exchange.name == name)?.varied(variation)
}

impl Failure {
    /// What to type to run the smallest script alone.
    pub fn command(&self) -> String {
        let package = std::env::var("CARGO_PKG_NAME").unwrap_or_else(|_| "host-test".to_owned());
        // The harness names a test's thread after it.
        let thread = std::thread::current();
        let test = thread.name().unwrap_or_default();
        let Script { name, .. } = &*self.script;
        format!("{VARIABLE}='{name}: {}' cargo test -p {package} {test}", self.script.variation())
    }
}

impl Script {
    /// The same exchange, cut, paced, closed and broken off at random.
    #[must_use]
    pub fn vary(&self, seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let mut script = self.clone();
        script.request.pieces = pieces(&mut random);
        script.response.pieces = pieces(&mut random);
        script.request.close = close(&mut random);
        script.response.close = close(&mut random);
        script.pace = Duration::from_micros(random.below(5000));
        script.overlap = if random.below(4) == 0 { random.below(4) as usize } else { 0 };
        script.broken = match random.below(3) {
            0 => {
                let with = [Break::ClientLeaves, Break::UpstreamCloses, Break::TimesOut, Break::Refused];
                let with = with[random.below(4) as usize % 4];
                let inside = with != Break::Refused && random.below(4) > 0;
                let after = random.below(script.response.body.len() as u64 + 1) as usize;
                Some((with, inside.then_some(after)))
            }
            _ => None,
        };
        script
    }

    /// Scripts that are simpler by one step each, the simplest first.
    fn simpler(&self) -> Vec<Self> {
        let mut simpler = Vec::new();
        let mut offer = |change: &dyn Fn(&mut Self)| {
            let mut script = self.clone();
            change(&mut script);
            if script != *self {
                simpler.push(script);
            }
        };
        offer(&|script| script.broken = None);
        offer(&|script| script.overlap = 0);
        offer(&|script| script.pace = Duration::from_millis(1));
        offer(&|script| script.request.close = Close::LastPiece);
        offer(&|script| script.response.close = Close::LastPiece);
        offer(&|script| script.request.pieces = Pieces::whole());
        offer(&|script| script.response.pieces = Pieces::whole());
        for (of, places) in [
            (Of::Request, self.request.pieces.places(self.request.body.len())),
            (Of::Response, self.response.pieces.places(self.response.body.len())),
        ] {
            let set = |script: &mut Self, places: &[usize]| {
                let pieces = Pieces::at(places.iter().copied());
                match of {
                    Of::Request => script.request.pieces = pieces,
                    Of::Response => script.response.pieces = pieces,
                }
            };
            let (first, second) = places.split_at(places.len() / 2);
            offer(&|script| set(script, first));
            offer(&|script| set(script, second));
            if places.len() <= 32 {
                for without in 0..places.len() {
                    let left: Vec<_> =
                        places.iter().copied().enumerate().filter(|(at, _)| *at != without).collect();
                    offer(&|script| set(script, &left.iter().map(|(_, place)| *place).collect::<Vec<_>>()));
                }
            }
        }
        if let Some((with, Some(after))) = self.broken {
            offer(&|script| script.broken = Some((with, Some(after / 2))));
            offer(&|script| script.broken = Some((with, Some(after.saturating_sub(1)))));
        }
        simpler
    }
}

#[derive(Clone, Copy)]
enum Of {
    Request,
    Response,
}

/// Takes the first simpler script that fails, too, until there is none.
fn shrink<E: fmt::Display>(
    mut script: Script,
    mut why: String,
    check: &mut impl FnMut(&Script) -> Result<(), E>,
) -> (Script, String) {
    const MOST_STEPS: usize = 200;
    for _ in 0..MOST_STEPS {
        let failing = script.simpler().into_iter().find_map(|simpler| {
            let why = check(&simpler).err()?.to_string();
            Some((simpler, why))
        });
        match failing {
            Some(simpler) => (script, why) = simpler,
            None => break,
        }
    }
    (script, why)
}

fn pieces(random: &mut Random) -> Pieces {
    match random.below(4) {
        0 => Pieces::whole(),
        1 => Pieces::of(1 + random.below(64) as usize),
        _ => Pieces::random(random.next()),
    }
}

fn close(random: &mut Random) -> Close {
    match random.below(5) {
        0 => Close::Trailers(trailers()),
        1 => Close::EmptyPieceAndTrailers(trailers()),
        2 => Close::EmptyPiece,
        _ => Close::LastPiece,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, script, why } = self;
        let seed = seed.map(|seed| format!(", seed {seed}")).unwrap_or_default();
        writeln!(f, "{}{seed}: {why}", script.name)?;
        writeln!(f, "the smallest script that fails so: {script:#?}")?;
        write!(f, "to run it alone: {}", self.command())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}

/// Names a script to run in place of random ones.
const VARIABLE: &str = "SCRIPT";
const NO_SCRIPT: &str =
    "the variable SCRIPT should hold `NAME: VARIATION` with the name of one of the exchanges";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_script_shrinks_to_what_makes_it_fail() {
        let answer = "0123456789".repeat(30);
        let exchange = Script::post("/", "question").respond(200, "text/plain", answer).named("digits");
        let fails = |script: &Script| match script.response.pieces.places(300).contains(&17) {
            true => Err("cut at 17"),
            false => Ok(()),
        };
        let failure = check_random(0, 500, std::slice::from_ref(&exchange), fails).unwrap_err();
        assert_eq!(failure.script.response.pieces, Pieces::at([17]));
        assert_eq!(failure.script.request.pieces, Pieces::whole());
        assert_eq!((failure.script.broken, failure.script.overlap), (None, 0));
        let told = failure.to_string();
        assert!(told.starts_with(&format!("digits, seed {}: cut at 17", failure.seed.unwrap())), "{told}");
        assert!(told.contains("body: \"question\""), "bodies are text: {told}");
        let command = "SCRIPT='digits: request=whole/last response=at:17/last pace=1000us overlap=0' cargo test -p host-test \
                       sim::script::random::tests::a_failing_script_shrinks_to_what_makes_it_fail";
        assert!(told.ends_with(command), "{told}");
        let script =
            named("digits: request=whole/last response=at:17/last pace=1000us overlap=0", &[exchange]);
        assert_eq!(script, Some(*failure.script));
    }

    #[test]
    fn the_same_seed_is_the_same_script() {
        let exchange = Script::post("/", "question").respond(200, "text/plain", "answer");
        assert_eq!(exchange.vary(42), exchange.vary(42));
        assert!((0..20).any(|seed| exchange.vary(seed) != exchange.vary(42)));
    }
}
