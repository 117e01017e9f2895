//! Fuel, handed out for each unit of work; the clock is looked at between them.

use std::time::Instant;

use crate::limits::Limits;

/// Why no more fuel is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The limit of this unit of work, or of the whole run, is reached.
    Spent,
    /// The backstop against a machine too slow for the fuel has fired.
    Late,
}

/// What a guest may still spend. Only counted fuel decides; the clock is a backstop.
#[derive(Debug)]
pub struct Budget {
    granted: u64,
    used: u64,
    used_now: u64,
    limit_now: u64,
    total: u64,
    deadline: Instant,
}

impl Budget {
    pub fn new(limits: &Limits) -> Self {
        Self {
            granted: 0,
            used: 0,
            used_now: 0,
            limit_now: limits.load_fuel,
            total: limits.total_fuel,
            deadline: Instant::now() + limits.wall_clock,
        }
    }

    /// Units used by the whole run, as far as settled.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// Units used by the unit of work at hand, with `left` in the guest's counter.
    pub fn spent(&self, left: i64) -> u64 {
        self.used_now + self.unsettled(left)
    }

    fn unsettled(&self, left: i64) -> u64 {
        i128::from(self.granted).saturating_sub(i128::from(left)).try_into().unwrap_or(0)
    }

    /// Books what the guest spent of its last grant.
    pub fn settle(&mut self, left: i64) {
        let spent = self.unsettled(left);
        self.used += spent;
        self.used_now += spent;
        self.granted = 0;
    }

    /// Starts a unit of work, with a limit of its own where it has one; returns what may be spent.
    pub fn begin(&mut self, left: i64, limit: Option<u64>) -> Result<i64, Refusal> {
        self.settle(left);
        if let Some(limit) = limit {
            self.used_now = 0;
            self.limit_now = limit;
        }
        self.grant()
    }

    fn grant(&mut self) -> Result<i64, Refusal> {
        let now = self.limit_now.saturating_sub(self.used_now);
        let grant = now.min(self.total.saturating_sub(self.used));
        if grant == 0 {
            return Err(Refusal::Spent);
        }
        if Instant::now() >= self.deadline {
            return Err(Refusal::Late);
        }
        let grant = i64::try_from(grant).unwrap_or(i64::MAX);
        self.granted = grant.unsigned_abs();
        Ok(grant)
    }
}
