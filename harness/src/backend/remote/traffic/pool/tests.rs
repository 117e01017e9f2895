use std::time::Duration;

use super::*;
use crate::backend::remote::traffic::Concurrency;

fn settings() -> TrafficSettings {
    TrafficSettings {
        concurrency: Concurrency { start: 4, most: 8 },
        patience: Duration::from_secs(10),
        ..TrafficSettings::default()
    }
}

fn go(pool: &mut Pool, now_ms: u64) -> Ticket {
    match pool.admit((10.0, 1), now_ms) {
        Turn::Go(ticket) => ticket,
        other => panic!("{other:?} at {now_ms}"),
    }
}

fn answered() -> Outcome {
    let load = Load::Answered { first_token_ms: Some(10) };
    Outcome { load, life: Life::Shown, hold_ms: 0, n_tokens: Some((10, 20)) }
}

fn missed() -> Outcome {
    let life = Life::Missed("connection refused".to_owned());
    Outcome { life, ..Outcome::unknown() }
}

fn broke() -> Outcome {
    Outcome { load: Load::Broken, life: Life::Broke, ..Outcome::unknown() }
}

/// A pool whose only server has just been found to be down, at the time 0.
fn down(settings: &TrafficSettings) -> Pool {
    let mut pool = Pool::new(settings, &[1], 0);
    for _ in 0..5 {
        let ticket = go(&mut pool, 0);
        pool.settle(ticket, &missed(), 0);
    }
    pool
}

/// How many of 30 requests that never end each server gets.
fn check_balance(weights: &[u32], n_requests: usize, expected: &[usize]) {
    let concurrency = Concurrency { start: 100, most: 100 };
    let mut pool = Pool::new(&TrafficSettings { concurrency, ..settings() }, weights, 0);
    let mut counts = vec![0; weights.len()];
    for _ in 0..n_requests {
        counts[go(&mut pool, 0).server] += 1;
    }
    assert_eq!(counts, expected);
}

#[test]
fn requests_are_balanced_by_weight() {
    check_balance(&[1, 1, 1], 30, &[10, 10, 10]);
    check_balance(&[2, 1], 30, &[20, 10]);
    check_balance(&[5], 7, &[7]);
}

#[test]
fn a_full_house_waits_for_someone_to_leave() {
    let mut pool = Pool::new(&settings(), &[1], 0);
    let tickets: Vec<Ticket> = (0..4).map(|_| go(&mut pool, 0)).collect();
    assert_eq!(pool.admit((10.0, 1), 0), Turn::Wait { ms: None });
    pool.settle(tickets[0], &Outcome::unknown(), 5);
    go(&mut pool, 5);
}

#[test]
fn a_server_that_asks_for_a_pause_gets_it_and_the_other_one_the_work() {
    let mut pool = Pool::new(&settings(), &[1, 1], 0);
    let first = go(&mut pool, 0);
    let busy = Outcome { load: Load::Overloaded, life: Life::Shown, hold_ms: 700, n_tokens: None };
    pool.settle(first, &busy, 0);
    assert_eq!(pool.wait_ms(0), 0);
    let others: Vec<usize> = (0..4).map(|_| go(&mut pool, 1).server).collect();
    assert_eq!(others, [1 - first.server; 4]);
    assert_eq!(pool.admit((10.0, 1), 100), Turn::Wait { ms: Some(601) });
    assert_eq!(go(&mut pool, 701).server, first.server);
}

#[test]
fn limits_a_minute_hold_for_each_server() {
    let limited = TrafficSettings { requests_per_minute: Some(60), ..settings() };
    let mut pool = Pool::new(&limited, &[1, 1], 0);
    assert_ne!(go(&mut pool, 0).server, go(&mut pool, 0).server);
    assert_eq!(pool.admit((10.0, 1), 0), Turn::Wait { ms: Some(1_000) });
    let limited = TrafficSettings { tokens_per_minute: Some(60_000), ..settings() };
    let mut pool = Pool::new(&limited, &[1], 0);
    let ticket = go(&mut pool, 0);
    // 10 + 512 tokens were set aside of 1,000 that are there at most.
    assert_eq!(pool.admit((10.0, 1), 0), Turn::Wait { ms: Some(44) });
    // 30 were used, so the bucket holds 970 and there is enough for two.
    pool.settle(ticket, &answered(), 0);
    go(&mut pool, 0);
    assert!(matches!(pool.admit((10.0, 1), 0), Turn::Wait { ms: Some(1..100) }));
}

#[test]
fn a_server_that_is_down_is_left_alone_and_comes_back() {
    let mut pool = Pool::new(&settings(), &[1, 1], 0);
    for _ in 0..10 {
        let ticket = go(&mut pool, 0);
        let outcome = if ticket.server == 0 { missed() } else { answered() };
        pool.settle(ticket, &outcome, 0);
        if pool.servers[0].breaker.is_down() {
            break;
        }
    }
    assert!(pool.servers[0].breaker.is_down());
    let seen: Vec<Ticket> = (0..4).map(|_| go(&mut pool, 400)).collect();
    assert!(seen.iter().all(|ticket| ticket.server == 1 && ticket.probe.is_none()));
    let probe = go(&mut pool, 600);
    assert!(probe.server == 0 && probe.probe.is_some());
    assert_eq!(pool.admit((10.0, 1), 600), Turn::Wait { ms: None });
    pool.settle(probe, &answered(), 650);
    let next = go(&mut pool, 650);
    assert!(next.server == 0 && next.probe.is_none());
}

#[test]
fn patience_ends_when_all_servers_are_down() {
    let mut pool = Pool::new(&settings(), &[1], 0);
    let mut now_ms = 0;
    let (outage, ended_ms) = loop {
        match pool.admit((10.0, 1), now_ms) {
            Turn::Go(ticket) => pool.settle(ticket, &missed(), now_ms),
            Turn::Wait { ms } => now_ms += ms.expect("nothing is under way"),
            Turn::Down { outage, .. } => break (outage, now_ms),
        }
    };
    assert_eq!((outage.n_failures, outage.reason.as_str()), (10, "connection refused"));
    assert_eq!(
        (ended_ms, outage.lasted_ms),
        (10_000, 10_000),
        "the last probe is when patience ends"
    );
}

/// What those who wait are told while a server that has been down for hours is being asked.
#[test]
fn nobody_gives_up_while_a_probe_is_under_way_or_due() {
    let mut pool = down(&settings());
    let probe = go(&mut pool, 9_000_000);
    assert!(probe.probe.is_some());
    assert_eq!(pool.admit((10.0, 1), 9_100_000), Turn::Wait { ms: None });
    pool.settle(probe, &Outcome::unknown(), 9_100_000);
    let again = go(&mut pool, 9_200_000);
    // The first piece of an answer opens the way, long before the answer is complete.
    pool.note_life(0);
    assert!(go(&mut pool, 9_200_000).probe.is_none());
    pool.settle(again, &answered(), 9_300_000);
    // A quota holds the probe back; that is no reason to give up.
    let patience = Duration::from_secs(5);
    let limited = TrafficSettings { requests_per_minute: Some(30), patience, ..settings() };
    let mut pool = Pool::new(&limited, &[1], 0);
    for now_ms in [0, 2_000, 4_000, 6_000, 8_000] {
        let ticket = go(&mut pool, now_ms);
        pool.settle(ticket, &missed(), now_ms);
    }
    assert!(matches!(pool.admit((10.0, 1), 8_000), Turn::Down { .. }));
    assert_eq!(pool.admit((10.0, 1), 9_000), Turn::Wait { ms: Some(1_000) });
}

/// Probes that hang for 20 s, one or the other of two servers at any time: even that has an end.
#[test]
fn servers_whose_probes_take_turns_are_given_up() {
    let mut pool = Pool::new(&settings(), &[1, 1], 0);
    let mut under_way: Vec<(u64, Ticket)> = Vec::new();
    let ended_ms = (0..400_000).step_by(500).find(|now_ms| {
        let hang_ms = if *now_ms < 500 { 0 } else { 20_000 };
        let (over, rest) = under_way.iter().partition(|(until_ms, _)| until_ms <= now_ms);
        under_way = rest;
        let over: Vec<(u64, Ticket)> = over;
        for (_, ticket) in over {
            pool.settle(ticket, &missed(), *now_ms);
        }
        let mut turn = pool.admit((10.0, 1), *now_ms);
        while let Turn::Go(ticket) = turn {
            under_way.push((now_ms + hang_ms, ticket));
            turn = pool.admit((10.0, 1), *now_ms);
        }
        matches!(turn, Turn::Down { .. })
    });
    assert!(ended_ms.is_some_and(|ms| ms <= 2 * 10_000 + BEYOND_DOUBT_MS + 40_000), "{ended_ms:?}");
}

/// Requests that hang keep their places, but not the probe from finding out.
#[test]
fn a_probe_needs_no_place() {
    let mut pool = Pool::new(&settings(), &[1], 0);
    let mut tickets: Vec<Ticket> = (0..4).map(|_| go(&mut pool, 0)).collect();
    for _ in 0..5 {
        let ticket = tickets.pop().expect("a ticket");
        pool.settle(ticket, &missed(), 0);
        tickets.push(match pool.admit((10.0, 1), 0) {
            Turn::Go(ticket) => ticket,
            _ => break,
        });
    }
    pool.servers[0].n_in_flight = 64;
    assert_eq!(pool.admit((10.0, 1), 0), Turn::Wait { ms: Some(500) });
    assert!(go(&mut pool, 500).probe.is_some());
}

/// The places of the only server after ten requests end so, one after the other.
fn check_places(outcome: &Outcome, does_another_deliver: bool, expected: (usize, bool)) {
    let concurrency = Concurrency { start: 8, most: 8 };
    let mut pool = Pool::new(&TrafficSettings { concurrency, ..settings() }, &[1], 0);
    for _ in 0..10 {
        match pool.admit((10.0, 1), 0) {
            Turn::Go(ticket) => pool.settle(ticket, outcome, 0),
            _ => break,
        }
        if does_another_deliver && pool.may_be_shown_alive(0) {
            pool.note_life(0);
        }
    }
    let server = &pool.servers[0];
    let n_places = (0..100).find(|n| !server.limit.has_room(*n)).expect("a bound");
    assert_eq!((n_places, server.breaker.is_down()), expected, "{outcome:?}");
}

#[test]
fn only_overload_costs_places_and_streams_that_deliver_are_life() {
    let timeout = Outcome { load: Load::Overloaded, ..missed() };
    check_places(&missed(), false, (8, true));
    check_places(&missed(), true, (8, true));
    check_places(&timeout, false, (1, true));
    check_places(&broke(), false, (4, true));
    check_places(&broke(), true, (2, false));
}

/// After an outage there are as many places as for a server that nobody knows, not one.
#[test]
fn places_come_back_after_an_outage() {
    let concurrency = Concurrency { start: 64, most: 64 };
    let mut pool = down(&TrafficSettings { concurrency, ..settings() });
    let probe = go(&mut pool, 500);
    assert_eq!(pool.admit((10.0, 1), 500), Turn::Wait { ms: None });
    assert!(pool.note_life(0), "the first piece of its answer opens the way");
    let more: Vec<Ticket> = (1..16).map(|_| go(&mut pool, 600)).collect();
    assert_eq!(pool.admit((10.0, 1), 600), Turn::Wait { ms: None });
    for ticket in [vec![probe], more].concat() {
        pool.settle(ticket, &answered(), 700);
    }
    assert!(pool.servers[0].limit.has_room(16));
}

/// What becomes of a request for `n_samples` at a server with eight places, some of them taken: the
/// samples it is for, and the places that are free while it is under way and after it; nothing where it
/// waits.
fn check_shared(n_taken: usize, n_samples: usize, expected: Option<(usize, usize, usize)>) {
    let concurrency = Concurrency { start: 8, most: 8 };
    let mut pool = Pool::new(&TrafficSettings { concurrency, ..settings() }, &[1], 0);
    for _ in 0..n_taken {
        go(&mut pool, 0);
    }
    let n_free = |pool: &Pool| 8 - pool.servers[0].n_in_flight;
    let seen = match pool.admit((10.0, n_samples), 0) {
        Turn::Go(ticket) => {
            let n_meanwhile = n_free(&pool);
            pool.settle(ticket, &answered(), 0);
            Some((ticket.n_places, n_meanwhile, n_free(&pool)))
        }
        _ => None,
    };
    assert_eq!(seen, expected, "{n_taken} {n_samples}");
}

#[test]
fn each_sample_of_a_request_takes_a_place() {
    check_shared(0, 1, Some((1, 7, 8)));
    check_shared(0, 4, Some((4, 4, 8)));
    check_shared(4, 4, Some((4, 0, 4)));
    check_shared(5, 4, None);
    check_shared(0, 20, Some((8, 0, 8)));
    check_shared(1, 20, None);
    let mut pool = down(&settings());
    match pool.admit((10.0, 3), 600) {
        Turn::Go(probe) => assert_eq!(probe.n_places, 1, "a probe asks for one sample"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_second_request_goes_elsewhere_and_only_where_there_is_room() {
    let concurrency = Concurrency { start: 2, most: 2 };
    let settings = TrafficSettings { concurrency, ..settings() };
    let besides = |ticket: &Ticket, n_places| Second { besides: ticket.server, n_places };
    let mut pool = Pool::new(&settings, &[1, 1], 0);
    let first = go(&mut pool, 0);
    let second = pool.admit_second(besides(&first, 2), 10.0, 0).expect("two places");
    assert_eq!((second.server, second.n_places), (1 - first.server, 2));
    assert_eq!(pool.admit_second(besides(&first, 1), 10.0, 0), None);
    let mut pool = Pool::new(&settings, &[1], 0);
    let first = go(&mut pool, 0);
    assert_eq!(pool.admit_second(besides(&first, 2), 10.0, 0), None, "one place is left");
    assert!(pool.admit_second(besides(&first, 1), 10.0, 0).is_some());
    let mut pool = down(&settings);
    let waiting = Second { besides: 0, n_places: 1 };
    assert_eq!(pool.admit_second(waiting, 10.0, 10_000), None, "it may be down");
}

/// First requests leave a place to a second one that waits for it, at a server that may take it.
#[test]
fn a_second_request_has_the_next_free_place() {
    let concurrency = Concurrency { start: 2, most: 2 };
    let settings = TrafficSettings { concurrency, ..settings() };
    let mut pool = Pool::new(&settings, &[1], 0);
    let tickets = [go(&mut pool, 0), go(&mut pool, 0)];
    let second = Second { besides: 0, n_places: 1 };
    pool.await_second(second);
    pool.settle(tickets[0], &answered(), 0);
    assert_eq!(pool.admit((10.0, 1), 0), Turn::Wait { ms: None });
    assert!(pool.admit_second(second, 10.0, 0).is_some());
    pool.settle(tickets[1], &answered(), 0);
    pool.forget_second(second);
    go(&mut pool, 0);
    let mut pool = Pool::new(&settings, &[1, 1], 0);
    pool.await_second(Second { besides: 0, n_places: 2 });
    let servers = [go(&mut pool, 0).server, go(&mut pool, 0).server];
    assert_eq!(servers, [0, 0], "the other one is left to it");
}
