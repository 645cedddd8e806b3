//! Series as shapes: the path of a drawing that is 1,000 high and [`WIDTH_OF_DAY`] wide for each day, and is stretched to its place. Pure.

use std::fmt::Write;

/// How wide a day is.
pub const WIDTH_OF_DAY: i64 = 10;
/// How high the highest value is.
const HEIGHT: i64 = 1_000;
/// Where the bar of a day begins in its width, and how wide it is.
const INSET: i64 = 1;
const BAR: i64 = WIDTH_OF_DAY - 2 * INSET;

/// The highest of the values, at least 1; what is below nothing has no height.
fn top(values: &[Option<i64>]) -> i64 {
    values.iter().flatten().copied().max().unwrap_or(0).max(1)
}

/// How far from the upper edge a value is.
fn y(value: i64, top: i64) -> i64 {
    let height = i128::from(value.clamp(0, top)) * i128::from(HEIGHT) / i128::from(top);
    HEIGHT - i64::try_from(height).unwrap_or(HEIGHT)
}

fn left(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(0) * WIDTH_OF_DAY
}

/// A bar for each value. What is there at all can be seen.
#[must_use]
pub fn bars(values: &[Option<i64>]) -> String {
    let top = top(values);
    let mut path = String::new();
    for (n, value) in values.iter().enumerate() {
        let Some(value) = value.filter(|value| *value > 0) else { continue };
        let y = y(value, top).min(HEIGHT - 5);
        let _ = write!(path, "M{} {HEIGHT}V{y}h{BAR}V{HEIGHT}Z", left(n) + INSET);
    }
    path
}

/// A line through the values; where one is missing it is interrupted, and a value between two that are missing is a dash.
#[must_use]
pub fn line(values: &[Option<i64>]) -> String {
    let top = top(values);
    let mut path = String::new();
    let mut goes_on = false;
    for (n, value) in values.iter().enumerate() {
        let Some(value) = value else {
            goes_on = false;
            continue;
        };
        let (y, middle) = (y(*value, top), left(n) + WIDTH_OF_DAY / 2);
        let is_alone = !goes_on && values.get(n + 1).is_none_or(Option::is_none);
        let _ = if is_alone {
            write!(path, "M{} {y}h{BAR}", left(n) + INSET)
        } else {
            write!(path, "{}{middle} {y}", if goes_on { 'L' } else { 'M' })
        };
        goes_on = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share_of_the_highest() {
        assert_eq!(bars(&[Some(10), Some(5), None, Some(0), Some(-3)]), "M1 1000V0h8V1000ZM11 1000V500h8V1000Z");
        assert_eq!(bars(&[Some(1), Some(1_000_000)]), "M1 1000V995h8V1000ZM11 1000V0h8V1000Z", "one of a million can be seen");
        assert_eq!(bars(&[Some(i64::MAX)]), "M1 1000V0h8V1000Z");
        assert_eq!(bars(&[]), "");
    }

    #[test]
    fn a_line_is_interrupted_where_nothing_is_known() {
        assert_eq!(line(&[Some(0), Some(4), None, Some(2), Some(4)]), "M5 1000L15 0M35 500L45 0");
        assert_eq!(line(&[None, Some(4), None]), "M11 0h8");
        assert_eq!(line(&[Some(4)]), "M1 0h8");
        assert_eq!(line(&[None, None]), "");
    }
}
