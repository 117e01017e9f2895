//! Several samples of a prompt in one request (`n`), so that the server reads the prompt once.
//!
//! The choices of a request follow from one seed, so that a sample cannot be drawn again by itself; that
//! is why this is off unless it is asked for, part of the plan, and told of each sample.

use std::hash::{BuildHasher, RandomState};

use tasks::{
    BackendError, Completion, Remark, Request, SampleSeed, SharedRequest, Terms, TokenMeter,
};
use tokio::sync::oneshot;

use super::asking::n_prompt_tokens;
use super::dialect::probe_request;
use super::exchange::{Answer, Line, Watch};
use super::lobby::{Lot, Party, Prompt, Role};
use super::{RemoteBackend, Sharing};

/// Choices that a probe asks for.
const N_PROBED: usize = 2;

/// What became of a sample that would have shared its request.
pub(super) enum Ended {
    /// It has an answer.
    Answered(Box<Completion>),
    /// The terms said no.
    NotSent,
}

impl Ended {
    /// The answer, if there is one.
    pub(super) fn completion(self) -> Option<Completion> {
        match self {
            Self::Answered(completion) => Some(*completion),
            Self::NotSent => None,
        }
    }
}

impl RemoteBackend {
    /// Asks in a request that other samples of the prompt may share; nothing where this sample is to ask
    /// alone.
    pub(super) async fn ask_together(
        &self,
        request: &Request,
        meter: &TokenMeter,
        terms: Terms<'_>,
    ) -> Result<Option<Ended>, BackendError> {
        if self.lobby.most() < 2 {
            return Ok(None);
        }
        // What differs between samples is the seed alone.
        let nobodys = Request { seed: SampleSeed(0), ..request.clone() };
        let prompt = Prompt::of(&self.post(&nobodys, 1).body);
        while self.lobby.most() > 1 {
            match self.lobby.join(prompt) {
                Role::Leader(party) => return self.lead(party, request, (meter, terms)).await,
                Role::Follower(lot) => match lot.await {
                    Ok(Lot::Answer(completion)) => return Ok(Some(Ended::Answered(completion))),
                    Ok(Lot::Alone) => return Ok(None),
                    // Whoever led has left without an answer.
                    Err(_) => (),
                },
            }
        }
        Ok(None)
    }

    async fn lead(
        &self,
        party: Party<'_>,
        request: &Request,
        (meter, terms): (&TokenMeter, Terms<'_>),
    ) -> Result<Option<Ended>, BackendError> {
        party.gather().await;
        let n_samples = || (party.n_others() + 1).min(self.lobby.most());
        let pass = self.enter(n_prompt_tokens(&self.post(request, 1)), n_samples).await?;
        if !(terms.may_send)() {
            return Ok(Some(Ended::NotSent));
        }
        let others = party.leave(pass.n_places() - 1);
        let post = self.post(request, others.len() + 1);
        match self.send(post, pass, meter).await {
            Ok(answer) => Ok(Some(self.share(answer, others, request.seed))),
            Err(BackendError::Refused { status: status @ (400 | 422), message })
                if !others.is_empty() =>
            {
                self.note_refusal(status, &message);
                for other in others {
                    drop(other.send(Lot::Alone));
                }
                Ok(None)
            }
            // It was one request, so one sample has failed at it.
            Err(error) => Err(error),
        }
    }

    /// Gives each sample its choice, the leader the first one. Those for which none came ask alone.
    fn share(
        &self,
        Answer { brought, is_whole, .. }: Answer,
        others: Vec<oneshot::Sender<Lot>>,
        seed: SampleSeed,
    ) -> Ended {
        let n_asked = others.len() + 1;
        let n_choices = brought.completions.len();
        if n_choices < n_asked && is_whole {
            self.ask_singly(&format!("the server gave {n_choices} of {n_asked} choices"));
        }
        let id = RandomState::new().hash_one(seed) >> 1;
        let mut is_first = true;
        let mut choices = brought.completions.into_iter();
        let mut next = || {
            let (choice_idx, mut completion) = choices.next()?;
            completion.shared = (n_choices > 1).then_some(SharedRequest {
                id,
                choice_idx,
                n_choices: u32::try_from(n_choices).unwrap_or(u32::MAX),
                seed,
                is_leader: std::mem::take(&mut is_first),
                usage: brought.usage,
            });
            Some(Box::new(completion))
        };
        let of_leader = next().expect("an answer has a completion");
        for other in others {
            // Who has been called off meanwhile needs no answer.
            drop(other.send(next().map_or(Lot::Alone, Lot::Answer)));
        }
        Ended::Answered(of_leader)
    }

    /// A refusal may be about the number of choices or about this prompt; asking alone shows which.
    fn note_refusal(&self, status: u16, message: &str) {
        let words = message.split(|c: char| !c.is_alphanumeric() && c != '_');
        let is_about_choices =
            words.into_iter().any(|word| matches!(word, "n" | "best_of" | "choices"));
        if is_about_choices {
            self.ask_singly(&format!("the server refused several choices (HTTP {status})"));
        } else {
            self.remark(Remark::Manner(format!(
                "HTTP {status} for a request of several samples, which are now asked for one by one"
            )));
        }
    }

    fn ask_singly(&self, reason: &str) {
        if self.lobby.shut() {
            let consequence = "from here on each sample has a request of its own";
            self.remark(Remark::Manner(format!("{reason}; {consequence}")));
        }
    }

    /// Finds out whether every server gives several choices, where the user leaves it open.
    pub async fn probe_choices(&self) {
        if self.dialect.sharing != Sharing::IfAble {
            return;
        }
        let known = self.dialect.profile.takes_choices();
        let refusal = match known {
            Some(true) => None,
            Some(false) => Some("this kind of server takes no `n`".to_owned()),
            None => self.refusal_of_choices().await,
        };
        match refusal {
            Some(reason) => self.ask_singly(&format!("--samples-per-request: {reason}")),
            None => self.remark(Remark::Manner(format!(
                "--samples-per-request: up to {} samples of a prompt share a request",
                self.lobby.most()
            ))),
        }
    }

    /// Why several choices cannot be had from every server; nothing where they can.
    async fn refusal_of_choices(&self) -> Option<String> {
        for line in &self.lines {
            let refusal = self.probe_line(line).await;
            if refusal.is_some() {
                return refusal;
            }
        }
        None
    }

    async fn probe_line(&self, line: &Line) -> Option<String> {
        let meter = TokenMeter::default();
        let post = self.post(&probe_request(), N_PROBED);
        match line.ask(&self.endpoint, post, Watch::only(&meter)).await {
            Ok(answer) if answer.brought.completions.len() == N_PROBED => None,
            Ok(_) => Some(format!("the server gave one choice where {N_PROBED} were asked for")),
            Err(error) => Some(format!("the probe failed: {error}")),
        }
    }
}
