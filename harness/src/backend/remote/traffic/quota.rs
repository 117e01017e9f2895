//! What a server says about its rate limits in the headers of its answers.
//!
//! `OpenAI` and those who follow it send `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, with the
//! time until the quota is full again as `1s`, `6m0s` or `20ms`. Anthropic sends
//! `anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}` with a time of day (RFC 3339).

use jiff::Timestamp;
use reqwest::header::HeaderMap;

/// The longest time that such a header may keep requests back, in milliseconds.
const MAX_HOLD_MS: f64 = 60_000.0;

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Quota {
    limit: Option<f64>,
    remaining: f64,
    reset_ms: f64,
}

impl Quota {
    /// Milliseconds until `needed` are there, where the quota fills evenly.
    fn hold_ms(self, needed: f64) -> f64 {
        if self.remaining >= needed {
            return 0.0;
        }
        let missing = match self.limit {
            Some(limit) if limit > self.remaining => {
                ((needed.min(limit) - self.remaining) / (limit - self.remaining)).clamp(0.0, 1.0)
            }
            _ => 1.0,
        };
        self.reset_ms * missing
    }
}

/// For how many milliseconds the next request of about `n_tokens` tokens had better wait.
pub(super) fn hold_ms(headers: &HeaderMap, n_tokens: f64, now: Timestamp) -> u64 {
    let text = |name: String| headers.get(name).and_then(|value| value.to_str().ok());
    let quota = |name: &dyn Fn(&str) -> String| {
        let number = |part: &str| text(name(part))?.trim().parse::<f64>().ok();
        Some(Quota {
            limit: number("limit"),
            remaining: number("remaining")?,
            reset_ms: reset_ms(text(name("reset"))?, now)?,
        })
    };
    let hold = |kind: &str, needed: f64| {
        let quota = quota(&|part| format!("x-ratelimit-{part}-{kind}"))
            .or_else(|| quota(&|part| format!("anthropic-ratelimit-{kind}-{part}")));
        quota.map_or(0.0, |quota| quota.hold_ms(needed))
    };
    let hold_ms = hold("requests", 1.0).max(hold("tokens", n_tokens));
    hold_ms.clamp(0.0, MAX_HOLD_MS).ceil() as u64
}

/// Milliseconds until a quota is full: units (`1m2.5s`, `20ms`), bare seconds, or a time of day.
fn reset_ms(text: &str, now: Timestamp) -> Option<f64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds >= 0.0).then_some(seconds * 1_000.0);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.duration_since(now).as_millis_f64().max(0.0));
    }
    let mut rest = text;
    let mut sum_ms = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..end].parse().ok()?;
        let unit_end =
            rest[end..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |n| end + n);
        sum_ms += amount
            * match &rest[end..unit_end] {
                "d" => 86_400_000.0,
                "h" => 3_600_000.0,
                "m" => 60_000.0,
                "s" => 1_000.0,
                "ms" => 1.0,
                "us" | "µs" => 1e-3,
                "ns" => 1e-6,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(sum_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderName;

    fn check(headers: &[(&str, &str)], n_tokens: f64, expected: u64) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header name");
            map.insert(name, value.parse().expect("a header value"));
        }
        let now = "2026-11-22T12:00:00Z".parse().expect("a time");
        assert_eq!(hold_ms(&map, n_tokens, now), expected, "{headers:?}");
    }

    #[test]
    fn quotas_that_are_used_up_hold_requests_back() {
        let requests = |remaining, reset| {
            [
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", remaining),
                ("x-ratelimit-reset-requests", reset),
            ]
        };
        check(&requests("59", "1s"), 10.0, 0);
        check(&requests("0", "1m0s"), 10.0, 1_000);
        check(&requests("0", "6m0s"), 10.0, 6_000);
        check(&requests("0", "soon"), 10.0, 0);
        check(&requests("0", "-3"), 10.0, 0);
        let tokens = [
            ("x-ratelimit-limit-tokens", "1000"),
            ("x-ratelimit-remaining-tokens", "100"),
            ("x-ratelimit-reset-tokens", "54.0s"),
        ];
        check(&tokens, 100.0, 0);
        check(&tokens, 200.0, 6_000);
        check(&tokens, 9e9, 54_000);
        let bare =
            [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "20ms")];
        check(&bare, 1.0, 20);
        let anthropic = [
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-22T12:00:05Z"),
        ];
        check(&anthropic, 1.0, 5_000);
        check(&[("x-ratelimit-remaining-requests", "0")], 1.0, 0);
    }

    #[test]
    fn times_are_read_in_every_form() {
        let now = Timestamp::UNIX_EPOCH;
        let check = |text: &str, expected: Option<f64>| assert_eq!(reset_ms(text, now), expected);
        check("1h2m3.5s", Some(3_723_500.0));
        check("17", Some(17_000.0));
        check("20ms", Some(20.0));
        check("1970-01-01T00:00:02Z", Some(2_000.0));
        check("", None);
        check("5 parsecs", None);
        check("ms", None);
    }
}
