//! Content of calls, in a build that captures none.

use std::convert::Infallible;
use std::sync::Arc;

#[path = "content/secret.rs"]
mod secret;

pub use secret::Secret;

use crate::api::Api;
use crate::budget::Budget;
use crate::call::Operation;
use crate::sampling::Sampler;

/// What is captured: nothing.
#[derive(Clone, Copy, Debug)]
pub struct Settings(Infallible);

impl Settings {
    pub(crate) fn calls(&self) -> &Sampler {
        match self.0 {}
    }

    pub(crate) fn is_sampled_only(&self) -> bool {
        match self.0 {}
    }
}

/// What was captured of a call: nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(Infallible);

impl Content {
    /// There are none.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        match self.0 {}
        #[expect(unreachable_code, reason = "the iterator's type must be known")]
        std::iter::empty()
    }

    pub(crate) fn is_told(&self, _: bool) -> bool {
        match self.0 {}
    }

    pub(crate) fn has_tools(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn has_output(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn truncated(&self) -> u32 {
        match self.0 {}
    }

    pub(crate) fn redactions(&self) -> u32 {
        match self.0 {}
    }

    /// There are none.
    pub fn openinference(&self, _: &mut dyn FnMut(&str, &str)) {
        match self.0 {}
    }
}

/// What is asked for of an answer: nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'s> {
    pub(crate) settings: &'s Settings,
    #[expect(dead_code, reason = "there is no tap that reads it")]
    pub(crate) increments: bool,
}

/// Takes nothing of a request's body.
#[derive(Debug)]
pub(crate) struct RequestTap(Infallible);

/// Takes nothing of an answer's body.
#[derive(Debug)]
pub(crate) struct AnswerTap(Infallible);

impl RequestTap {
    pub(crate) fn new(settings: &Settings, _: &Budget) -> Option<Box<Self>> {
        match settings.0 {}
    }

    pub(crate) fn asks_for_increments(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn push(&mut self, _: &[u8]) {
        match self.0 {}
    }
}

impl AnswerTap {
    pub(crate) fn new(asked: Asked<'_>, _: Api, _: &Budget) -> Option<Box<Self>> {
        match asked.settings.0 {}
    }

    pub(crate) fn characters(&self, _: &Settings) -> Option<u64> {
        match self.0 {}
    }

    pub(crate) fn stream(&mut self) {
        match self.0 {}
    }

    pub(crate) fn begin(&mut self) {
        match self.0 {}
    }

    pub(crate) fn push(&mut self, _: &[u8]) {
        match self.0 {}
    }

    pub(crate) fn ignore(&mut self) {
        match self.0 {}
    }

    pub(crate) fn end(&mut self) {
        match self.0 {}
    }

    pub(crate) fn cut(&mut self) {
        match self.0 {}
    }
}

pub(crate) fn finish(
    settings: &Arc<Settings>,
    _: Option<Box<RequestTap>>,
    _: Option<Box<AnswerTap>>,
    _: Operation,
    _: &[String],
    _: bool,
) -> Option<Box<Content>> {
    match settings.0 {}
}
