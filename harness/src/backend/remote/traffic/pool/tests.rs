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
    match pool.admit(10.0, now_ms) {
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
    Outcome { load: Load::Overloaded, life, ..Outcome::unknown() }
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
    assert_eq!(pool.admit(10.0, 0), Turn::Wait { ms: None });
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
    assert_eq!(pool.admit(10.0, 100), Turn::Wait { ms: Some(601) });
    assert_eq!(go(&mut pool, 701).server, first.server);
}

#[test]
fn limits_a_minute_hold_for_each_server() {
    let limited = TrafficSettings { requests_per_minute: Some(60), ..settings() };
    let mut pool = Pool::new(&limited, &[1, 1], 0);
    assert_ne!(go(&mut pool, 0).server, go(&mut pool, 0).server);
    assert_eq!(pool.admit(10.0, 0), Turn::Wait { ms: Some(1_000) });
    let limited = TrafficSettings { tokens_per_minute: Some(60_000), ..settings() };
    let mut pool = Pool::new(&limited, &[1], 0);
    let ticket = go(&mut pool, 0);
    // 10 + 512 tokens were set aside of 1,000 that are there at most.
    assert_eq!(pool.admit(10.0, 0), Turn::Wait { ms: Some(44) });
    // 30 were used, so the bucket holds 970 and there is enough for two.
    pool.settle(ticket, &answered(), 0);
    go(&mut pool, 0);
    assert!(matches!(pool.admit(10.0, 0), Turn::Wait { ms: Some(1..100) }));
}

#[test]
fn a_server_that_is_down_is_left_alone_and_comes_back() {
    let mut pool = Pool::new(&settings(), &[1, 1], 0);
    for _ in 0..10 {
        let ticket = go(&mut pool, 0);
        let outcome = if ticket.server == 0 { missed() } else { answered() };
        pool.settle(ticket, &outcome, 0);
        if pool.servers[0].breaker.outage(0).is_some() {
            break;
        }
    }
    assert!(pool.servers[0].breaker.outage(0).is_some());
    let seen: Vec<Ticket> = (0..4).map(|_| go(&mut pool, 400)).collect();
    assert!(seen.iter().all(|ticket| ticket.server == 1 && !ticket.is_probe));
    let probe = go(&mut pool, 600);
    assert!(probe.server == 0 && probe.is_probe);
    assert_eq!(pool.admit(10.0, 600), Turn::Wait { ms: None });
    pool.settle(probe, &answered(), 650);
    let next = go(&mut pool, 650);
    assert!(next.server == 0 && !next.is_probe);
}

#[test]
fn patience_ends_when_all_servers_are_down() {
    let mut pool = Pool::new(&settings(), &[1], 0);
    let mut now_ms = 0;
    let (outage, n_probes) = loop {
        match pool.admit(10.0, now_ms) {
            Turn::Go(ticket) => pool.settle(ticket, &missed(), now_ms),
            Turn::Wait { ms } => now_ms += ms.expect("nothing is under way"),
            Turn::Down { outage, .. } => break (outage, now_ms),
        }
    };
    assert_eq!((outage.n_failures, outage.reason.as_str()), (10, "connection refused"));
    assert!((10_000..25_000).contains(&n_probes), "{n_probes}");
}
