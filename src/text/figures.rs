//! Numbers as the readers of a language write them.

/// What stands between thousands, and before tenths.
fn signs(language: &str) -> (char, char) {
    match language {
        "fr" => ('\u{202f}', ','),
        _ => (',', '.'),
    }
}

/// A whole number, its thousands apart.
#[must_use]
pub fn whole(language: &str, number: i64) -> String {
    let (apart, _) = signs(language);
    let digits = number.unsigned_abs().to_string();
    let mut written = String::with_capacity(digits.len() * 2);
    if number < 0 {
        written.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            written.push(apart);
        }
        written.push(digit);
    }
    written
}

/// A number of tenths, with one digit behind the sign where it is not whole.
#[must_use]
pub fn tenths(language: &str, number: i64) -> String {
    let (ones, rest) = (number / 10, number.unsigned_abs() % 10);
    let written = if number < 0 && ones == 0 { "-0".to_owned() } else { whole(language, ones) };
    if rest == 0 { written } else { format!("{written}{}{rest}", signs(language).1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart_and_tenths_behind_their_sign() {
        for (number, en, fr) in
            [(0, "0", "0"), (999, "999", "999"), (1_150, "1,150", "1\u{202f}150"), (-1_234_567, "-1,234,567", "-1\u{202f}234\u{202f}567")]
        {
            assert_eq!((whole("en", number).as_str(), whole("fr", number).as_str()), (en, fr));
        }
        for (number, en, fr) in
            [(0, "0", "0"), (2, "0.2", "0,2"), (-2, "-0.2", "-0,2"), (10, "1", "1"), (12_345, "1,234.5", "1\u{202f}234,5")]
        {
            assert_eq!((tenths("en", number).as_str(), tenths("fr", number).as_str()), (en, fr));
        }
    }
}
