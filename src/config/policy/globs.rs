//! Path patterns of a policy: whether they can be read, and whether two of them can mean the same path.

use crate::workflow::plan::Scope;
use crate::workflow::scope::Wall;

/// The longest pattern.
const LONGEST: usize = 500;

/// A pattern that can be read, such as `infra/**`; `*` stays within one part of a path.
pub(super) fn pattern(text: &str) -> Result<String, String> {
    let scope =
        Scope { paths: vec![text.to_owned()], max_files: 0, max_bytes: 0, dependencies: false, protected: false };
    if text.is_empty() || text.len() > LONGEST {
        return Err(format!("must be a path pattern such as infra/**, at most {LONGEST} bytes"));
    }
    Wall::new(&scope).map(|_| text.to_owned()).map_err(|bad| bad.to_string())
}

/// Whether there may be a path that both patterns fit. Says yes where that is not plain: what follows from it only ever
/// asks for more.
pub(super) fn may_meet(one: &str, other: &str) -> bool {
    let (one, other) = (parts(one), parts(other));
    meet(
        &one,
        &other,
        |part| *part == Part::Any,
        |a, b| match (a, b) {
            (Part::Some(a), Part::Some(b)) => meet(a, b, |c| *c == '*', same),
            (Part::Any, _) | (_, Part::Any) => true,
        },
    )
}

/// One part of a path pattern, between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Any number of parts.
    Any,
    /// One part, with `*` and `?` in it.
    Some(Vec<char>),
}

/// Whether two characters of patterns can stand for the same one. Beyond ASCII several letters count as one letter when
/// case does not matter (`ſ` and `s`), so there it is taken for granted.
fn same(a: &char, b: &char) -> bool {
    a == b || *a == '?' || *b == '?' || !a.is_ascii() || !b.is_ascii()
}

fn parts(pattern: &str) -> Vec<Part> {
    let mut parts = vec![];
    for part in pattern.to_ascii_lowercase().split('/') {
        // Choices and classes may hold a slash: from here on it may be anything.
        if part.contains(['{', '[', '\\']) {
            parts.push(Part::Any);
            break;
        }
        parts.push(if part.contains("**") { Part::Any } else { Part::Some(part.chars().collect()) });
    }
    parts
}

/// Whether two sequences with wildcards for any number of items have a sequence in common.
fn meet<T>(one: &[T], other: &[T], any: impl Fn(&T) -> bool, fits: impl Fn(&T, &T) -> bool) -> bool {
    // `next[j]` says whether the rest of `one` behind the current item meets the rest of `other` from j on.
    let width = other.len();
    let mut next = vec![false; width + 1];
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; width + 1];
        for j in (0..=width).rev() {
            let (a, b) = (one.get(i), other.get(j));
            row[j] = match (a, b) {
                (None, None) => true,
                (Some(a), _) if any(a) => next[j] || (j < width && row[j + 1]),
                (_, Some(b)) if any(b) => row[j + 1] || (i < one.len() && next[j]),
                (Some(a), Some(b)) => fits(a, b) && next[j + 1],
                (Some(_), None) | (None, Some(_)) => false,
            };
        }
        next = row;
    }
    next[0]
}

#[cfg(test)]
mod tests {
    use globset::GlobBuilder;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_patterns_meet_where_one_path_fits_both() {
        for (one, other) in [
            ("infra/**", "infra/main.tf"),
            ("**", "a"),
            ("src/**/*.rs", "src/lib.rs"),
            ("*.toml", "Cargo.*"),
            ("INFRA/**", "infra/x"),
            ("a/**", "**/b"),
            ("{infra,ops}/**", "ops/x"),
            ("src/[ab].rs", "src/a.rs"),
            ("a?c", "*b*"),
            ("\u{17f}rc/**", "src/lib.rs"),
        ] {
            assert!(may_meet(one, other) && may_meet(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("infra/**", "src/**"),
            ("*.toml", "a/b.toml"),
            ("a/*/c", "a/b/c/d"),
            ("abc", "ab?d"),
            ("src/x{a,b}", "lib/**"),
        ] {
            assert!(!may_meet(one, other) && !may_meet(other, one), "{one} {other}");
        }
    }

    fn pattern_of() -> impl Strategy<Value = String> {
        let part = prop_oneof![Just("**"), Just("*"), Just("a"), Just("b*"), Just("?"), Just("{a,b}"), Just("[ab]b")];
        proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
    }

    proptest! {
        #[test]
        fn no_path_fits_two_patterns_that_do_not_meet(
            one in pattern_of(),
            other in pattern_of(),
            path in "[abAB]{1,2}(/[abAB]{1,2}){0,3}",
        ) {
            let fits = |glob: &str| {
                let built = GlobBuilder::new(glob).literal_separator(true).case_insensitive(true).build();
                built.is_ok_and(|glob| glob.compile_matcher().is_match(&path))
            };
            prop_assert!(!(fits(&one) && fits(&other)) || may_meet(&one, &other), "{one} {other} {path}");
        }
    }
}
