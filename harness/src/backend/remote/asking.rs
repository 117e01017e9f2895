//! A request from its turn to its answer, and a second one where the first is slow to begin.

use std::pin::pin;

use tasks::{BackendError, Company, Completion, Hedge, Remark, Request, Terms, TokenMeter, Usage};

use super::exchange::{Answer, Post, Watch};
use super::hedge::{Hedging, Progress};
use super::traffic::{Pass, Report};
use super::{RemoteBackend, body, endpoint, failure};

/// Characters of a token, roughly: what a prompt is taken to need before the server has counted.
const CHARS_PER_TOKEN: f64 = 4.0;

impl RemoteBackend {
    /// Asks once, unless the terms say no when the request's turn has come.
    pub(super) async fn ask(
        &self,
        request: &Request,
        meter: &TokenMeter,
        terms: Terms<'_>,
    ) -> Result<Option<Completion>, BackendError> {
        // Samples of a greedy model are all the same, and some servers refuse to draw several.
        let may_share = terms.company == Company::Welcome && request.sampling.temperature > 0.0;
        if may_share && let Some(ended) = self.ask_together(request, meter, terms).await? {
            return Ok(ended.completion());
        }
        let post = self.post(request, 1);
        let pass = self.enter(n_prompt_tokens(&post), || 1).await?;
        if !(terms.may_send)() {
            return Ok(None);
        }
        let answer = self.send(post, pass, meter).await?;
        Ok(answer.brought.completions.into_iter().next().map(|(_, completion)| completion))
    }

    /// What is sent for `n_choices` samples of the prompt of `request`.
    pub(super) fn post(&self, request: &Request, n_choices: usize) -> Post {
        let body = body::of(&self.endpoint, &self.dialect, (request, n_choices));
        Post { body: serde_json::to_vec(&body).expect("a body is plain data"), n_choices }
    }

    /// Waits for a place. A server that was down is asked for its models first, which costs nothing.
    pub(super) async fn enter(
        &self,
        n_prompt_tokens: f64,
        n_samples: impl Fn() -> usize,
    ) -> Result<Pass<'_>, BackendError> {
        loop {
            let pass = self.gate.enter(n_prompt_tokens, &n_samples).await?;
            if !pass.is_probe() {
                return Ok(pass);
            }
            match self.lines[pass.server()].check(&self.endpoint).await {
                Ok(()) => return Ok(pass),
                Err(report) => pass.settle(&report),
            }
        }
    }

    /// Sends a request, a second time where that is wanted and the first one is slow to begin.
    pub(super) async fn send(
        &self,
        post: Post,
        pass: Pass<'_>,
        meter: &TokenMeter,
    ) -> Result<Answer, BackendError> {
        let Some(hedging) = &self.hedging else {
            return self.send_once(post, pass, (meter, None)).await;
        };
        hedging.note_request();
        let progress = Progress::new();
        let answer = self.race(hedging, (post, pass), (meter, &progress)).await;
        hedging.learn(&progress, matches!(answer, Ok((_, Winner::Second))));
        answer.map(|(answer, _)| answer)
    }

    /// The first answer that comes of the request and, where it is due, of another one like it.
    async fn race(
        &self,
        hedging: &Hedging,
        (post, pass): (Post, Pass<'_>),
        (meter, progress): (&TokenMeter, &Progress),
    ) -> Result<(Answer, Winner), BackendError> {
        let (server, size) = (pass.server(), (n_prompt_tokens(&post), pass.n_places()));
        let mut first = pin!(self.send_once(post.clone(), pass, (meter, Some(progress))));
        let place = async {
            let share = hedging.due(progress).await;
            let place = self.gate.enter_second(server, size);
            (share, Hedging::unless_begun(progress, place).await)
        };
        let (share, pass) = tokio::select! {
            biased;
            answer = &mut first => return answer.map(|answer| (answer, Winner::First)),
            place = place => place,
        };
        share.use_up();
        let second_progress = Progress::new();
        let n_prompt_tokens = size.0;
        let outcome = {
            let second = self.send_once(post, pass, (meter, Some(&second_progress)));
            first_answer(first, pin!(second)).await
        };
        self.tell(&outcome, [progress, &second_progress], n_prompt_tokens);
        outcome
    }

    /// Tells of a request that was sent twice.
    fn tell(
        &self,
        outcome: &Result<(Answer, Winner), BackendError>,
        [first, second]: [&Progress; 2],
        n_prompt_tokens: f64,
    ) {
        let won = matches!(outcome, Ok((_, Winner::Second)));
        let usage = outcome.as_ref().ok().and_then(|(answer, _)| answer.brought.usage);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a length in bytes is far below 2^52 and never negative"
        )]
        let guess = n_prompt_tokens.round() as u64;
        let spent = Usage {
            prompt_tokens: usage.map_or(guess, |usage| usage.prompt_tokens),
            completion_tokens: if won { first.n_tokens() } else { second.n_tokens() },
            ..Usage::default()
        };
        self.remark(Remark::Hedged(Hedge { won, spent }));
    }

    /// Sends a request and tells its server's place what became of it.
    async fn send_once(
        &self,
        post: Post,
        pass: Pass<'_>,
        (meter, progress): (&TokenMeter, Option<&Progress>),
    ) -> Result<Answer, BackendError> {
        let watch = Watch { meter, pass: Some(&pass), progress };
        match self.lines[pass.server()].ask(&self.endpoint, post, watch).await {
            Ok(answer) => {
                let report = answer.report(pass.n_tokens());
                pass.settle(&report);
                Ok(answer)
            }
            Err(error) => {
                pass.settle(&failure::report(&error));
                Err(self.explain(error))
            }
        }
    }

    /// Adds what the pool knows: when it makes sense to try again, and what might have been refused.
    fn explain(&self, error: BackendError) -> BackendError {
        let is_held = matches!(failure::report(&error), Report::Throttled { .. });
        match error {
            // The gate keeps requests back for as long as the server asks; another server may be free.
            BackendError::Unavailable { status, message, retry_after_ms: Some(_) } if is_held => {
                let retry_after_ms = Some(self.gate.wait_ms());
                BackendError::Unavailable { status, message, retry_after_ms }
            }
            BackendError::Refused { status: status @ (400 | 422), message } => {
                let advice = self.dialect.adapted(&message).map_or_else(String::new, |change| {
                    format!(
                        " (it seems to be about {change}; --probe finds out, --drop leaves it out)"
                    )
                });
                BackendError::Refused { status, message: message + &advice }
            }
            BackendError::Refused { status: 404, message } => {
                let message = message + endpoint::address_hint(&self.endpoint.base_url);
                BackendError::Refused { status: 404, message }
            }
            other => other,
        }
    }
}

/// Which of two requests brought the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Winner {
    First,
    Second,
}

/// The first answer of two requests; an error only where both have one, and then the first one's.
async fn first_answer(
    mut first: impl Future<Output = Result<Answer, BackendError>> + Unpin,
    mut second: impl Future<Output = Result<Answer, BackendError>> + Unpin,
) -> Result<(Answer, Winner), BackendError> {
    tokio::select! {
        biased;
        answer = &mut first => match answer {
            Ok(answer) => Ok((answer, Winner::First)),
            Err(error) => second.await.map(|answer| (answer, Winner::Second)).map_err(|_| error),
        },
        answer = &mut second => match answer {
            Ok(answer) => Ok((answer, Winner::Second)),
            Err(_) => first.await.map(|answer| (answer, Winner::First)),
        },
    }
}

/// About so many tokens has the prompt.
pub(super) fn n_prompt_tokens(post: &Post) -> f64 {
    post.body.len() as f64 / CHARS_PER_TOKEN
}
