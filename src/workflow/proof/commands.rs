//! Q22: what is read as a command, beside a recogniser written by hand from the text of the rules.

use super::history::Chance;
use crate::workflow::command::{Command, parse};

/// The exact forms that bear on approval: what begins the first line, one space, and the digits; nothing else.
fn recognised(body: &str) -> Option<(&str, &str)> {
    let first = body.split('\n').next().unwrap_or("");
    let first = if body.contains('\n') && first.ends_with('\r') { &first[..first.len() - 1] } else { first };
    let mut line = first;
    while line.ends_with(' ') {
        line = &line[..line.len() - 1];
    }
    for word in ["/approve", "/unapprove", "/reject", "/cancel", "/retry"] {
        if line == word {
            return Some((word, ""));
        }
        if line.len() > word.len() && line.starts_with(word) && line.as_bytes()[word.len()] == b' ' {
            return (word != "/unapprove").then(|| (word, &line[word.len() + 1..]));
        }
    }
    None
}

/// What the product reads, in the same words.
fn read(body: &str) -> Option<(&'static str, Option<String>)> {
    match parse(body)? {
        Command::Approve { digest } => Some(("/approve", Some(digest.unwrap_or_default()))),
        Command::Retry { digest, from: None } => Some(("/retry", Some(digest.unwrap_or_default()))),
        Command::Unapprove => Some(("/unapprove", None)),
        Command::Reject { .. } => Some(("/reject", None)),
        Command::Cancel => Some(("/cancel", None)),
        _ => None,
    }
}

#[test]
fn q22_only_the_exact_forms_are_acts() {
    let parts = [
        "/",
        "approve",
        "unapprove",
        "reject",
        "cancel",
        "retry",
        "split",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "3fa9c1d2e07b",
        ">",
        "`",
        "\u{a0}",
        "\u{200b}",
        "／",
        "Approve",
        "é",
        "-",
        "x",
        "",
    ];
    let mut chance = Chance::new(super::number("GATE_SEED", 1));
    let mut acts = 0;
    for _ in 0..100_000 {
        let mut body = if chance.below(3) == 0 { String::new() } else { "/".to_owned() };
        (0..1 + chance.below(5)).for_each(|_| body.push_str(chance.of(&parts)));
        let ours = recognised(&body);
        let theirs = read(&body);
        assert_eq!(ours.map(|(word, _)| word), theirs.as_ref().map(|(word, _)| *word), "{body:?}");
        if let (Some((_, digits)), Some((_, Some(read)))) = (ours, theirs) {
            assert_eq!(digits, read, "{body:?}");
        }
        acts += u32::from(ours.is_some());
    }
    assert!(acts > 3_000, "{acts} of the texts are acts");
}
