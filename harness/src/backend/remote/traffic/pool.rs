//! Which server gets the next request, and when. No clock and no network: everything is told.

use super::TrafficSettings;
use super::breaker::{Breaker, Outage, Probe, Way};
use super::bucket::Bucket;
use super::limit::{Limit, Load, Round};

/// Tokens that a completion is taken to have before any has ended.
const FIRST_GUESS_TOKENS: f64 = 512.0;

/// So much longer than twice the patience, a probe under way is no reason to wait any more: with several
/// servers there may always be one that hangs.
const BEYOND_DOUBT_MS: u64 = 60_000;

/// The weight of a new completion in the running mean of their tokens.
const NEWEST: f64 = 0.05;

/// The servers of one model.
#[derive(Debug)]
pub(super) struct Pool {
    servers: Vec<Server>,
    /// Second requests that wait for places.
    second: Vec<Second>,
    patience_ms: u64,
    mean_completion_tokens: f64,
}

#[derive(Debug)]
struct Server {
    weight: f64,
    n_in_flight: usize,
    limit: Limit,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    held_until_ms: u64,
    breaker: Breaker,
    /// Whether the last failure was a connection that broke.
    does_break: bool,
}

/// What a request is told that asks for a place.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// It may go.
    Go(Ticket),
    /// Nothing is free before so many milliseconds have passed, or before another request ends.
    Wait { ms: Option<u64> },
    /// Every server has been down for longer than anyone wants to wait; the one that failed last.
    Down { server: usize, outage: Outage },
}

/// What a request that asks for a place would take.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Tokens, as far as one can expect.
    tokens: f64,
    /// Samples that it is for.
    samples: usize,
    /// Places that it leaves to others.
    left: usize,
}

/// A second request that waits for places besides the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Second {
    /// The server that has the first one.
    pub(super) besides: usize,
    /// Places that it needs.
    pub(super) n_places: usize,
}

/// The right to send one request. It must come back with [`Pool::settle`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ticket {
    /// Which server.
    pub(super) server: usize,
    /// Where the server was down and this request finds out how it is now.
    pub(super) probe: Option<Probe>,
    /// Tokens set aside for it.
    pub(super) n_tokens: f64,
    /// Samples that the request is for. Each takes a place, for each is work for the server.
    pub(super) n_places: usize,
    round: Round,
}

/// What is known after a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// What it says about the load.
    pub(super) load: Load,
    /// What it says about the server being there.
    pub(super) life: Life,
    /// Milliseconds during which the server wants nothing more.
    pub(super) hold_ms: u64,
    /// Prompt and completion tokens, where they are known.
    pub(super) n_tokens: Option<(u64, u64)>,
}

/// Whether a server is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Life {
    /// It said something.
    Shown,
    /// It could not be reached, or a gateway said that it is not there.
    Missed(String),
    /// The connection broke. A server that only ever breaks connections is down; one of many that
    /// break while others deliver is not.
    Broke,
    /// The request was called off.
    Unknown,
}

impl Pool {
    pub(super) fn new(settings: &TrafficSettings, weights: &[u32], now_ms: u64) -> Self {
        let bucket = |per_minute: Option<u64>| per_minute.map(|n| Bucket::new(n, now_ms));
        let patience_ms = u64::try_from(settings.patience.as_millis()).unwrap_or(u64::MAX);
        let server = |weight: &u32| Server {
            weight: f64::from(*weight),
            n_in_flight: 0,
            limit: Limit::new(settings.concurrency.start, settings.concurrency.most),
            requests: bucket(settings.requests_per_minute),
            tokens: bucket(settings.tokens_per_minute),
            held_until_ms: 0,
            breaker: Breaker::new(patience_ms),
            does_break: false,
        };
        Self {
            servers: weights.iter().map(server).collect(),
            second: Vec::new(),
            patience_ms,
            mean_completion_tokens: FIRST_GUESS_TOKENS,
        }
    }

    /// Asks for places for a request of `n_samples` whose prompt has about `n_prompt_tokens` tokens: at
    /// the least busy server, its weight considered, of those that may be asked now. It gets as many
    /// places as it has samples, unless its server has fewer at all. Otherwise a request of several would
    /// take each place as it becomes free, and would be one of several no more.
    pub(super) fn admit(
        &mut self,
        (n_prompt_tokens, n_samples): (f64, usize),
        now_ms: u64,
    ) -> Turn {
        let n_tokens = self.n_tokens(n_prompt_tokens, n_samples);
        let size = Size { tokens: n_tokens, samples: n_samples, left: 0 };
        let ready = |(idx, server): &(usize, &Server)| {
            server.wait_ms(self.beside_second(size, *idx), now_ms) == Some(0)
        };
        let by_busyness =
            |a: &(usize, &Server), b: &(usize, &Server)| busyness(a.1).total_cmp(&busyness(b.1));
        let servers = self.servers.iter().enumerate();
        match servers.filter(ready).min_by(by_busyness) {
            Some((idx, _)) => {
                let mut ticket = self.send(idx, self.n_tokens(n_prompt_tokens, 1), now_ms);
                self.widen(&mut ticket, n_samples - 1, now_ms);
                Turn::Go(ticket)
            }
            None => self.refuse(size, now_ms),
        }
    }

    /// Tokens that a request is expected to need.
    fn n_tokens(&self, n_prompt_tokens: f64, n_samples: usize) -> f64 {
        n_prompt_tokens + n_samples as f64 * self.mean_completion_tokens
    }

    /// Notes that a second request waits. First ones leave it the next places that become free, for it is
    /// late already.
    pub(super) fn await_second(&mut self, second: Second) {
        self.second.push(second);
    }

    /// Notes that it waits no more.
    pub(super) fn forget_second(&mut self, second: Second) {
        if let Some(at) = self.second.iter().position(|waiting| *waiting == second) {
            self.second.swap_remove(at);
        }
    }

    /// Places for a second request, at another server where there are several and not at one that may be
    /// down; `None` where none is free now.
    pub(super) fn admit_second(
        &mut self,
        Second { besides, n_places }: Second,
        n_prompt_tokens: f64,
        now_ms: u64,
    ) -> Option<Ticket> {
        let n_tokens = self.n_tokens(n_prompt_tokens, n_places);
        let size = Size { tokens: n_tokens, samples: n_places, left: 0 };
        let is_free = |(idx, server): &(usize, &Server)| {
            self.may_take_second(*idx, besides)
                && server.breaker.way(now_ms) == Way::Open
                && server.limit.has_room(server.n_in_flight + n_places - 1)
                && server.wait_ms(size, now_ms) == Some(0)
        };
        let servers = self.servers.iter().enumerate().filter(is_free);
        let (idx, _) = servers.min_by(|a, b| busyness(a.1).total_cmp(&busyness(b.1)))?;
        let mut ticket = self.send(idx, self.n_tokens(n_prompt_tokens, 1), now_ms);
        self.widen(&mut ticket, n_places - 1, now_ms);
        Some(ticket)
    }

    fn may_take_second(&self, idx: usize, besides: usize) -> bool {
        self.servers.len() == 1 || idx != besides
    }

    /// The size of a first request at server number `idx`, with what it leaves to a second one there.
    fn beside_second(&self, size: Size, idx: usize) -> Size {
        let of_server =
            self.second.iter().filter(|second| self.may_take_second(idx, second.besides));
        let left = of_server.map(|second| second.n_places).max().unwrap_or(0);
        Size { left, ..size }
    }

    /// Takes places for up to `n_more` further samples, as many as are free at the ticket's server, and
    /// tells how many. What finds out whether a server is there asks for as little as possible.
    pub(super) fn widen(&mut self, ticket: &mut Ticket, n_more: usize, now_ms: u64) -> usize {
        let server = &mut self.servers[ticket.server];
        if ticket.probe.is_some() {
            return 0;
        }
        let is_free = |n: &usize| server.limit.has_room(server.n_in_flight + n);
        let n_more = (0..n_more).take_while(is_free).count();
        server.n_in_flight += n_more;
        ticket.n_places += n_more;
        let n_tokens = n_more as f64 * self.mean_completion_tokens;
        ticket.n_tokens += n_tokens;
        if let Some(bucket) = &mut server.tokens {
            bucket.take(n_tokens, now_ms);
        }
        n_more
    }

    fn send(&mut self, idx: usize, n_tokens: f64, now_ms: u64) -> Ticket {
        let server = &mut self.servers[idx];
        let is_due = server.breaker.way(now_ms) == Way::Probe;
        let probe = is_due.then(|| server.breaker.probe());
        server.n_in_flight += 1;
        for (bucket, amount) in [(&mut server.requests, 1.0), (&mut server.tokens, n_tokens)] {
            if let Some(bucket) = bucket {
                bucket.take(amount, now_ms);
            }
        }
        Ticket { server: idx, probe, n_tokens, n_places: 1, round: server.limit.round() }
    }

    fn refuse(&self, size: Size, now_ms: u64) -> Turn {
        let beyond_doubt_ms = self.patience_ms.saturating_mul(2).saturating_add(BEYOND_DOUBT_MS);
        let outages = self.servers.iter().map(|server| {
            // While a probe is under way or due, nobody knows that its server is still down.
            let is_known = matches!(server.breaker.way(now_ms), Way::Shut { until_ms: Some(_) });
            let is_over = |outage: &Outage| is_known || outage.lasted_ms >= beyond_doubt_ms;
            server.breaker.outage().filter(is_over)
        });
        if let Some(outages) = outages.collect::<Option<Vec<Outage>>>() {
            let latest = outages.into_iter().enumerate().min_by_key(|(_, outage)| outage.lasted_ms);
            if let Some((server, outage)) = latest
                && outage.lasted_ms >= self.patience_ms
            {
                return Turn::Down { server, outage };
            }
        }
        let waits = self
            .servers
            .iter()
            .enumerate()
            .filter_map(|(idx, server)| server.wait_ms(self.beside_second(size, idx), now_ms));
        Turn::Wait { ms: waits.min() }
    }

    /// Takes a ticket back.
    pub(super) fn settle(&mut self, ticket: Ticket, outcome: &Outcome, now_ms: u64) {
        if let (Load::Answered { .. }, Some((_, n_completion))) = (outcome.load, outcome.n_tokens) {
            let of_sample = n_completion as f64 / ticket.n_places as f64;
            self.mean_completion_tokens += (of_sample - self.mean_completion_tokens) * NEWEST;
        }
        let server = &mut self.servers[ticket.server];
        server.settle(ticket, outcome, now_ms);
        server.n_in_flight -= ticket.n_places;
        if outcome.hold_ms > 0 {
            // Clocks count whole milliseconds, and a server that names a time means all of it.
            let until_ms = now_ms.saturating_add(outcome.hold_ms + 1);
            server.held_until_ms = server.held_until_ms.max(until_ms);
        }
        if let (Some(bucket), Some((prompt, completion))) = (&mut server.tokens, outcome.n_tokens) {
            bucket.take((prompt + completion) as f64 - ticket.n_tokens, now_ms);
        }
    }

    /// The server of this number began to answer, or goes on delivering an answer. Whether that is news.
    pub(super) fn note_life(&mut self, server: usize) -> bool {
        self.servers[server].note_life()
    }

    /// Whether an answer that goes on tells anything about the server of this number: connections to it
    /// break. Where none can be made, an old one that still delivers says nothing about new ones.
    pub(super) fn may_be_shown_alive(&self, server: usize) -> bool {
        let server = &self.servers[server];
        server.does_break && server.breaker.is_failing()
    }

    /// Milliseconds until some server may be asked, as far as that is known.
    pub(super) fn wait_ms(&self, now_ms: u64) -> u64 {
        let holds = self.servers.iter().map(|server| server.held_until_ms.saturating_sub(now_ms));
        holds.min().unwrap_or(0)
    }
}

/// How busy a server would be with one request more, its weight considered.
fn busyness(server: &Server) -> f64 {
    (server.n_in_flight as f64 + 1.0) / server.weight
}

impl Server {
    /// Learns whether the server is there, and about its load as long as it is.
    fn settle(&mut self, ticket: Ticket, outcome: &Outcome, now_ms: u64) {
        let was_down = self.breaker.is_down();
        match &outcome.life {
            Life::Shown => {
                self.note_life();
            }
            Life::Missed(reason) => {
                self.does_break = false;
                self.breaker.note_failure(reason, ticket.probe, now_ms);
            }
            Life::Broke => {
                self.does_break = true;
                self.breaker.note_failure("the connection broke", ticket.probe, now_ms);
            }
            Life::Unknown => self.breaker.give_up(ticket.probe),
        }
        // A server that is down has no load.
        if !was_down {
            self.limit.learn(outcome.load, ticket.round, self.n_in_flight);
            if let Load::Answered { .. } = outcome.load {
                // Each sample that was answered proves its place; they had one first token together.
                for _ in 1..ticket.n_places {
                    let load = Load::Answered { first_token_ms: None };
                    self.limit.learn(load, ticket.round, self.n_in_flight);
                }
            }
        }
    }

    fn note_life(&mut self) -> bool {
        if self.breaker.is_down() {
            self.limit.begin_again();
        }
        let was_failing = self.breaker.is_failing();
        if was_failing {
            self.breaker.note_life();
        }
        was_failing
    }

    /// Milliseconds until this server may be asked; `None` where that depends on a request under way.
    fn wait_ms(&self, size: Size, now_ms: u64) -> Option<u64> {
        // Requests that were under way when a server went down take no place from its probe.
        let has_room = self.limit.has_room_for(size.samples, self.n_in_flight + size.left);
        let breaker_ms = match self.breaker.way(now_ms) {
            Way::Open if !has_room => return None,
            Way::Open | Way::Probe => 0,
            Way::Shut { until_ms } => until_ms?.saturating_sub(now_ms),
        };
        let wait = |bucket: &Option<Bucket>, amount| {
            bucket.as_ref().map_or(0, |bucket| bucket.wait_ms(amount, now_ms))
        };
        let held_ms = self.held_until_ms.saturating_sub(now_ms);
        let quota_ms = wait(&self.requests, 1.0).max(wait(&self.tokens, size.tokens));
        Some(breaker_ms.max(held_ms).max(quota_ms))
    }
}

impl Outcome {
    /// Nothing is known: the request was called off.
    pub(super) fn unknown() -> Self {
        Self { load: Load::Unknown, life: Life::Unknown, hold_ms: 0, n_tokens: None }
    }
}

#[cfg(test)]
mod tests;
