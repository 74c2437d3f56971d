//! Points in time, as the host's clock tells them. `core` never asks for the time; it is handed it.

/// Nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixNanos(pub u64);

impl UnixNanos {
    /// Nanoseconds from `earlier` to this; 0 where the clock went backwards.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As RFC 3339 writes it, in UTC, to the millisecond: `2026-03-31T08:15:00.250Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let (seconds, millis) = (self.0 / NANOS_PER_SECOND, self.0 % NANOS_PER_SECOND / 1_000_000);
        let (days, of_day) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

/// The year, month and day that so many days after 1970-01-01 is.
fn date(days: u64) -> (u64, u64, u64) {
    // Years are counted from March, so that the leap day ends one; in cycles of 400, which all have as many days.
    let days = days.saturating_add(DAYS_BEFORE_1970);
    let (cycle, of_cycle) = (days / DAYS_PER_CYCLE, days % DAYS_PER_CYCLE);
    let leap_days = (of_cycle / 1_460).saturating_add(of_cycle / 146_096).saturating_sub(of_cycle / 36_524);
    let year = of_cycle.saturating_sub(leap_days) / 365;
    let before = year.saturating_mul(365).saturating_add(year / 4).saturating_sub(year / 100);
    let of_year = of_cycle.saturating_sub(before);
    // Of five months from March or August on, 153 days are the sum.
    let month = of_year.saturating_mul(5).saturating_add(2) / 153;
    let day = of_year.saturating_sub(month.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let (month, next) = if month < 10 { (month.saturating_add(3), 0) } else { (month.saturating_sub(9), 1) };
    (cycle.saturating_mul(400).saturating_add(year).saturating_add(next), month, day)
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const SECONDS_PER_DAY: u64 = 86_400;
/// From the first of March of the year 0 on.
const DAYS_BEFORE_1970: u64 = 719_468;
const DAYS_PER_CYCLE: u64 = 146_097;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Date;

    #[test]
    fn is_written_as_people_read_it() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999_000_000, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
            (1_700_000_000_250_999_999, "2023-11-14T22:13:20.250Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
            (u64::MAX, "2554-07-21T23:34:33.709Z"),
        ] {
            assert_eq!(UnixNanos(nanos).rfc3339(), text);
        }
    }

    #[test]
    fn each_day_is_written_as_it_is_read() {
        for days in (0..180_000).step_by(7) {
            let begin = UnixNanos(days * 86_400_000_000_000);
            let text = begin.rfc3339();
            assert_eq!(Date::parse(&text[..10]).unwrap().begin(), begin, "{text}");
        }
    }
}
