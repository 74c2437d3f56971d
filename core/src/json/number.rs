//! Numbers of JSON: kept as written, read as what the field needs.

/// A number as it was written, by the grammar of RFC 8259.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a>(&'a [u8]);

/// A longer number is no count of anything; it is passed over.
pub(super) const MAX_NUMBER: usize = 64;

/// Numbers of fewer digits fit into a `u64`.
const MAX_SHORT: usize = 20;
/// So many digits, and so many zeros behind a 1, a float holds exactly.
const EXACT_DIGITS: usize = 15;

/// Whether a number may have this byte.
#[inline]
pub(super) const fn may_hold(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')
}

impl<'a> Number<'a> {
    /// `None` where the bytes are not a number of JSON.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        // Nearly all are plain counts.
        if let [b'1'..=b'9', rest @ ..] = bytes
            && rest.iter().all(u8::is_ascii_digit)
        {
            return Some(Self(bytes));
        }
        let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
        let (whole, rest) = digits(unsigned);
        if let [] | [b'0', _, ..] = whole {
            return None;
        }
        let rest = match rest {
            [] => return Some(Self(bytes)),
            [b'.', fraction @ ..] => match digits(fraction) {
                ([], _) => return None,
                (_, rest) => rest,
            },
            _ => rest,
        };
        match rest {
            [] => Some(Self(bytes)),
            [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
                matches!(digits(exponent), ([_, ..], [])).then_some(Self(bytes))
            }
            _ => None,
        }
    }

    /// Of digits alone, the first of them no 0 but where it is the only one.
    #[inline]
    pub(super) const fn plain(digits: &'a [u8]) -> Self {
        Self(digits)
    }

    /// The number where it is whole, in whatever notation (`28`, `28.0`, `2.8e1`), and fits; exact.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        if let Some(count) = self.short_count() {
            return Some(count);
        }
        match self.magnitude()? {
            (magnitude, false) | (magnitude @ 0, true) => Some(magnitude),
            _ => None,
        }
    }

    /// As [`Number::as_u64`], negative ones too.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Some(count) = self.short_count() {
            return i64::try_from(count).ok();
        }
        match self.magnitude()? {
            (magnitude, false) => i64::try_from(magnitude).ok(),
            (magnitude, true) => 0_i64.checked_sub_unsigned(magnitude),
        }
    }

    /// The nearest finite `f64`; `None` where there is none (`1e999`).
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.short_decimal().or_else(|| self.as_str().parse().ok().filter(|number: &f64| number.is_finite()))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        std::str::from_utf8(self.0).unwrap_or_default()
    }

    /// Of digits alone, so few that they fit.
    #[inline]
    fn short_count(&self) -> Option<u64> {
        if self.0.len() >= MAX_SHORT {
            return None;
        }
        let mut count = 0_u64;
        for byte in self.0 {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            count = count.wrapping_mul(10).wrapping_add(u64::from(digit));
        }
        Some(count)
    }

    /// Of so few digits, with a point or without, that they and the power of ten they are divided by are exact in a
    /// float: then so is what comes out, to the last bit.
    fn short_decimal(&self) -> Option<f64> {
        if self.0.len() > EXACT_DIGITS {
            return None;
        }
        let (mut digits, mut divisor, mut fraction) = (0_u64, 1_u64, false);
        for byte in self.0 {
            let digit = byte.wrapping_sub(b'0');
            match byte {
                _ if digit <= 9 => {
                    digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
                    divisor = if fraction { divisor.wrapping_mul(10) } else { divisor };
                }
                b'.' => fraction = true,
                _ => return None,
            }
        }
        Some(digits as f64 / divisor as f64)
    }

    /// The absolute value of a whole number and whether a minus stands before it.
    fn magnitude(&self) -> Option<(u64, bool)> {
        let (unsigned, negative) = match self.0 {
            [b'-', unsigned @ ..] => (unsigned, true),
            unsigned => (unsigned, false),
        };
        let (whole, rest) = digits(unsigned);
        if rest.is_empty() {
            let magnitude = whole.iter().try_fold(0_u64, |sum, digit| {
                sum.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
            });
            return Some((magnitude?, negative));
        }
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => digits(rest),
            rest => (&[][..], rest),
        };
        if rest.is_empty() && fraction.iter().any(|digit| *digit != b'0') {
            return None;
        }
        // The number is `significant × 10^scale`; zeros at the end of the digits go into the scale, so that
        // a fraction of zeros does not count as one.
        let (mut significant, mut zeros) = (0_u64, 0_u32);
        for digit in whole.iter().chain(fraction) {
            if *digit == b'0' {
                zeros = zeros.saturating_add(1);
                continue;
            }
            significant = significant
                .checked_mul(power_of_ten(zeros.saturating_add(1), significant)?)?
                .checked_add(u64::from(digit.wrapping_sub(b'0')))?;
            zeros = 0;
        }
        if significant == 0 {
            return Some((0, negative));
        }
        let scale =
            exponent(rest).checked_add(i64::from(zeros))?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let magnitude = significant.checked_mul(power_of_ten(u32::try_from(scale).ok()?, significant)?)?;
        Some((magnitude, negative))
    }
}

/// The leading digits and what follows them.
fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

/// What stands behind the `e`, which may be missing; beyond the range of `i32` its bounds.
fn exponent(bytes: &[u8]) -> i64 {
    let (digits, negative) = match bytes {
        [_, b'-', digits @ ..] => (digits, true),
        [_, b'+', digits @ ..] | [_, digits @ ..] => (digits, false),
        [] => return 0,
    };
    let magnitude = digits
        .iter()
        .fold(0_i32, |sum, digit| sum.saturating_mul(10).saturating_add(i32::from(digit.wrapping_sub(b'0'))));
    if negative { i64::from(magnitude).saturating_neg() } else { i64::from(magnitude) }
}

/// `10^exponent`; any power will do for a factor of 0.
fn power_of_ten(exponent: u32, factor: u64) -> Option<u64> {
    if factor == 0 { Some(1) } else { 10_u64.checked_pow(exponent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number<'_> {
        Number::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn the_grammar() {
        for text in ["0", "-0", "12", "1.5", "0.0", "-1.25e+3", "1E9", "10", "0e0", "1e-400"] {
            assert_eq!(Number::parse(text.as_bytes()).map(|number| number.as_str()), Some(text));
        }
        for text in
            ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "1.e3", "--1", "1-", "1e3.5", "1.2.3", "00", "-01"]
        {
            assert_eq!(Number::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_in_any_notation() {
        assert_eq!(number("28").as_u64(), Some(28));
        assert_eq!(number("28.0").as_u64(), Some(28));
        assert_eq!(number("1e3").as_u64(), Some(1000));
        assert_eq!(number("2.80e1").as_u64(), Some(28));
        assert_eq!(number("1200e-2").as_u64(), Some(12));
        assert_eq!(number("0.00").as_u64(), Some(0));
        assert_eq!(number("0e999999999999").as_u64(), Some(0));
        assert_eq!(number("-0").as_u64(), Some(0));
        assert_eq!(number("18446744073709551615").as_u64(), Some(u64::MAX));
        assert_eq!(number("9007199254740993.0").as_u64(), Some(9_007_199_254_740_993));
        assert_eq!(number("0.000000000000000000000000000001e30").as_u64(), Some(1));
        assert_eq!(number("1000000000000000000000000000000e-30").as_u64(), Some(1));
    }

    #[test]
    fn what_is_no_u64() {
        for text in ["-1", "1.5", "1e-1", "18446744073709551616", "1e20", "1e999999999999", "1e-999999999999"]
        {
            assert_eq!(number(text).as_u64(), None, "{text}");
        }
    }

    #[test]
    fn signed() {
        assert_eq!(number("-12.0").as_i64(), Some(-12));
        assert_eq!(number("-9223372036854775808").as_i64(), Some(i64::MIN));
        assert_eq!(number("9223372036854775807").as_i64(), Some(i64::MAX));
        assert_eq!(number("9223372036854775808").as_i64(), None);
        assert_eq!(number("-9223372036854775809").as_i64(), None);
    }

    #[test]
    fn fractions() {
        assert_eq!(number("0.7").as_f64(), Some(0.7));
        for text in
            ["0", "-0.5", "12", "0.1", "0.30", "0.123456789", "3.14159265358979", "99999999999999.9", "1.0e2"]
        {
            let exact: f64 = text.parse().unwrap();
            assert_eq!(number(text).as_f64().map(f64::to_bits), Some(exact.to_bits()), "{text}");
        }
        assert_eq!(number("-1.5e-3").as_f64(), Some(-0.0015));
        assert_eq!(number("1e999").as_f64(), None);
        assert_eq!(number("1e-999").as_f64(), Some(0.0));
    }
}
