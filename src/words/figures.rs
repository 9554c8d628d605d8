//! Numbers as people read them.

use super::escape::code;
use crate::ids::{Person, Timestamp, UserId};

/// A number with commas between thousands.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and its noun, in the plural unless it is one.
pub(super) fn many(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Millionths of a dollar as dollars and cents, rounded up: a cost is never shown as less than it is.
pub(super) fn dollars(micro: u64) -> String {
    let cents = micro.div_ceil(10_000);
    format!("${}.{:02}", count(cents / 100), cents % 100)
}

/// A moment to the second, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.to_rfc3339().replace('T', " ").replace('Z', " UTC")
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Who approved a version, each marked who had asked for it (D30).
pub(super) fn approvers(by: &[Person], requesters: &[UserId]) -> String {
    let name = |person: &Person| {
        let own = if requesters.contains(&person.id) { " (self-approved)" } else { "" };
        format!("{}{own}", code(person.login.as_str()))
    };
    and(&by.iter().map(name).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_at_a_glance() {
        assert_eq!([count(999), count(1_000), count(1_234_567)], ["999", "1,000", "1,234,567"]);
        assert_eq!([many(1, "file"), many(0, "file")], ["1 file", "0 files"]);
        assert_eq!([dollars(0), dollars(1), dollars(12_345_678)], ["$0.00", "$0.01", "$12.35"]);
        assert_eq!(and(&["a".to_owned(), "b".to_owned(), "c".to_owned()]), "a, b and c");
    }
}
