//! Times as other tools write them.

/// Seconds since 1970 of an RFC 3339 time in UTC, as run files hold them; `None` for anything else.
pub(super) fn unix_seconds(rfc3339: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| rfc3339.get(range)?.parse::<i64>().ok();
    let is_utc = rfc3339.ends_with('Z');
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let days = days_since_1970(year, month, day);
    is_utc.then_some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days of the proleptic Gregorian calendar: years are counted from March, so that the leap day is the
/// last one, and in eras of 400 years.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_1970() {
        let check = |text: &str, expected| assert_eq!(unix_seconds(text), expected, "{text}");
        check("1970-01-01T00:00:00Z", Some(0));
        check("2000-02-29T12:30:45.678Z", Some(951_827_445));
        check("2026-11-22T07:40:00Z", Some(1_795_333_200));
        check("2100-03-01T00:00:00Z", Some(4_107_542_400));
        check("2026-11-22", None);
        check("2026-11-22T07:40:00+03:00", None);
    }
}
