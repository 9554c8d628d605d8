//! What is read as a command, and what is not.

use super::*;

fn approve(digest: &str) -> Option<Command> {
    Some(Command::Approve { digest: Some(digest.to_owned()) })
}

#[test]
fn d17_an_approval_names_its_digest_on_the_first_line() {
    assert_eq!(parse("/approve 3fa9c1d2e07b"), approve("3fa9c1d2e07b"));
    assert_eq!(parse("/approve 3fa9c1d2e07b  \r\nlooks good"), approve("3fa9c1d2e07b"));
    assert_eq!(parse("/approve"), Some(Command::Approve { digest: None }));
}

#[test]
fn d19_what_is_no_digest_is_passed_on_as_typed_and_never_trimmed_into_one() {
    assert_eq!(parse("/approve  3fa9c1d2e07b"), approve(" 3fa9c1d2e07b"));
    assert_eq!(parse("/approve 3fa9 c1d2e07b"), approve("3fa9 c1d2e07b"));
}

#[test]
fn d24_only_the_first_line_and_the_first_column_count() {
    for text in ["hello\n/approve", "> /approve", "```\n/approve\n```", " /approve", "\t/approve", "`/approve`", ""] {
        assert_eq!(parse(text), None, "{text:?}");
    }
}

#[test]
fn d25_look_alikes_are_ordinary_text() {
    for text in
        ["/Approve", "／approve", "/appr\u{200b}ove", "/approve\u{a0}3fa9c1d2e07b", "\u{feff}/approve", "//approve"]
    {
        assert_eq!(parse(text), None, "{text:?}");
    }
}

#[test]
fn a_slip_is_answered_with_the_nearest_command_and_a_stranger_with_silence() {
    let asked = Command::Unknown { typed: "aprove".to_owned(), nearest: Some("approve".to_owned()) };
    assert_eq!(parse("/aprove 3fa9c1d2e07b"), Some(asked));
    assert_eq!(parse("/lgtm"), None);
    assert_eq!(parse("/ok-to-test abc"), None);
}

#[test]
fn what_takes_nothing_is_asked_for_by_its_name() {
    let all = [
        ("/stop", Command::Stop),
        ("/pause", Command::Pause),
        ("/resume", Command::Resume),
        ("/update", Command::Update),
        ("/split", Command::Split),
        ("/status", Command::Status),
        ("/history", Command::History),
        ("/help", Command::Help),
    ];
    for (text, command) in all {
        assert_eq!(parse(text), Some(command), "{text}");
    }
}

#[test]
fn a_distance_counts_letters_that_are_missing_too_many_or_others() {
    let all = [("plan", "plan", 0), ("", "plan", 4), ("plan", "", 4), ("pln", "plan", 1), ("plna", "plan", 2)];
    for (from, to, expected) in all {
        assert_eq!(distance(from, to), expected, "{from}, {to}");
    }
}

#[test]
fn a_word_of_ours_alone_behind_plan_is_a_command_and_a_sentence_is_guidance() {
    assert_eq!(parse("/plan template"), Some(Command::PlanTemplate));
    assert_eq!(parse("/plan anyway"), Some(Command::PlanAnyway { guidance: None }));
    let guidance = Some("in Rust".to_owned());
    assert_eq!(parse("/plan anyway \r\nin Rust\n"), Some(Command::PlanAnyway { guidance }));
    let guidance = Some("template engines, all of them".to_owned());
    assert_eq!(parse("/plan template engines, all of them"), Some(Command::Plan { guidance }));
    let asked = Command::Unknown { typed: "plan anway".to_owned(), nearest: Some("plan anyway".to_owned()) };
    assert_eq!(parse("/plan anway"), Some(asked));
}

#[test]
fn d14_an_objection_is_lifted_by_the_name_of_its_author() {
    assert_eq!(parse("/lift @cara"), Some(Command::Lift { login: "cara".to_owned() }));
    let all = [
        ("lift cara", "lift @cara"),
        ("lift", "lift @login"),
        ("lift @cara please", "lift @login"),
        ("lift  @cara", "lift @login"),
        ("lift @", "lift @login"),
    ];
    for (text, nearest) in all {
        let asked = Command::Unknown { typed: text.to_owned(), nearest: Some(nearest.to_owned()) };
        assert_eq!(parse(&format!("/{text}")), Some(asked));
    }
}

#[test]
fn t56_more_is_granted_by_an_amount_and_by_nothing_else() {
    assert_eq!(parse("/budget +2.50"), Some(Command::Budget { more: 2_500_000 }));
    assert_eq!(parse("/budget +3\nplease"), Some(Command::Budget { more: 3_000_000 }));
    let all = [
        ("budget", "budget +2.50"),
        ("budget 3", "budget +3"),
        ("budget +$4.20", "budget +4.20"),
        ("budget -1", "budget +2.50"),
        ("budget 0", "budget +2.50"),
        ("budget +0", "budget +2.50"),
        ("budget + 2", "budget +2.50"),
        ("budget +1e3", "budget +2.50"),
    ];
    for (text, nearest) in all {
        let asked = Command::Unknown { typed: text.to_owned(), nearest: Some(nearest.to_owned()) };
        assert_eq!(parse(&format!("/{text}")), Some(asked));
    }
}

#[test]
fn what_stands_behind_a_command_that_takes_nothing_is_asked_back() {
    let asked = Command::Unknown { typed: "unapprove it".to_owned(), nearest: Some("unapprove".to_owned()) };
    assert_eq!(parse("/unapprove it"), Some(asked));
}

#[test]
fn a_mention_and_a_prefix_with_a_word_are_as_exact_as_the_slash() {
    let slug = Some("assentry".to_owned());
    let spelling = |prefix: &str| prefix.parse().map(|prefix| Spelling { prefix, slug: slug.clone() });
    let begins = [("/", "/", false), ("/", "@assentry ", true), ("/assentry ", "/assentry ", true), ("!", "!", false)];
    for (prefix, begin, for_us) in begins {
        let read = |text: &str| spelling(prefix).map(|spelling| spelling.parse(&format!("{begin}{text}")));
        assert_eq!(read("approve 3fa9c1d2e07b \r\nfine"), Ok(approve("3fa9c1d2e07b")), "{begin}");
        assert_eq!(read("aprove").map(|read| read.is_some()), Ok(true), "{begin}");
        for text in [" approve", "Approve", "appr\u{200b}ove", "approve\u{a0}3fa9c1d2e07b", "lgtm", "/approve"] {
            // Where nobody else can be meant, the answer says where the commands are; it is no act all the same.
            let answer = Command::Unknown { typed: format!("{begin}{text}"), nearest: None };
            assert_eq!(read(text), Ok(for_us.then_some(answer)), "{begin}{text:?}");
        }
    }
    for text in ["@Assentry approve 3fa9c1d2e07b", "@ASSENTRY approve 3fa9c1d2e07b"] {
        assert_eq!(spelling("/").map(|spelling| spelling.parse(text)), Ok(approve("3fa9c1d2e07b")), "{text:?}");
    }
    let none = [
        "/approve",
        "/assentry-approve",
        "/assentryapprove",
        "@assentry, approve",
        "@assentryapprove",
        "@assentry-two approve",
        "@assentry/team approve",
        "@assent",
        "@é",
        " /assentry approve",
    ];
    for text in none {
        assert_eq!(spelling("/assentry ").map(|spelling| spelling.parse(text)), Ok(None), "{text:?}");
    }
    for text in ["/assentry", "@assentry", "@assentry  \nhello"] {
        assert_eq!(spelling("/assentry ").map(|spelling| spelling.parse(text)), Ok(Some(Command::Help)), "{text:?}");
    }
    assert_eq!(spelling("/").map(|spelling| spelling.parse("/")), Ok(None));
}

#[test]
fn a_plan_is_adopted_from_below_or_from_a_file_and_a_sentence_is_guidance() {
    let adopt =
        |path: Option<&str>, text: &str| Command::Adopt { path: path.map(str::to_owned), text: text.to_owned() };
    assert_eq!(parse("/plan adopt\n## Title\n"), Some(adopt(None, "## Title\n")));
    assert_eq!(parse("/plan adopt docs/plan.md"), Some(adopt(Some("docs/plan.md"), "")));
    let guidance = Some("adopt the old parser".to_owned());
    assert_eq!(parse("/plan adopt the old parser"), Some(Command::Plan { guidance }));
}

#[test]
fn versions_are_named_with_or_without_a_v() {
    let diff = |from, to| Some(Command::Diff { from, to });
    assert_eq!(parse("/diff"), diff(None, None));
    assert_eq!(parse("/diff v1 3"), diff(Some(1), Some(3)));
    assert_eq!(parse("/diff v2"), diff(Some(2), None));
    assert_eq!(parse("/diff v1 v2 v3"), diff(Some(0), Some(2)));
    assert_eq!(parse("/diff main"), diff(Some(0), None));
}

#[test]
fn a_retry_takes_a_digest_and_a_step() {
    let retry = |digest: Option<&str>, from: Option<&str>| {
        Some(Command::Retry { digest: digest.map(str::to_owned), from: from.map(str::to_owned) })
    };
    assert_eq!(parse("/retry"), retry(None, None));
    assert_eq!(parse("/retry 3fa9c1d2e07b"), retry(Some("3fa9c1d2e07b"), None));
    assert_eq!(parse("/retry from s2"), retry(None, Some("s2")));
    assert_eq!(parse("/retry 3fa9c1d2e07b from s2"), retry(Some("3fa9c1d2e07b"), Some("s2")));
    assert_eq!(parse("/retry from here on"), retry(Some("from here on"), None));
    assert_eq!(parse("/retry from "), retry(Some("from"), None));
}

#[test]
fn a_fix_takes_words_or_none() {
    assert_eq!(parse("/continue"), Some(Command::Continue { text: None }));
    assert_eq!(parse("/continue by sed\nalone"), Some(Command::Continue { text: Some("by sed\nalone".to_owned()) }));
    assert_eq!(parse("/fix"), Some(Command::Fix { text: None }));
    assert_eq!(parse("/fix it\nall"), Some(Command::Fix { text: Some("it\nall".to_owned()) }));
}

#[test]
fn free_text_goes_on_below_the_command() {
    assert_eq!(
        parse("/revise keep the flag\n\nand document it"),
        Some(Command::Revise { text: "keep the flag\n\nand document it".to_owned() })
    );
}

#[test]
fn an_act_is_what_bears_on_approval() {
    let typed = |name: &&str| match *name {
        "lift" => "/lift @bob".to_owned(),
        "budget" => "/budget +1".to_owned(),
        name => format!("/{name}"),
    };
    let acts = NAMES.iter().filter(|name| parse(&typed(name)).is_some_and(|command| command.is_act()));
    assert_eq!(acts.copied().collect::<Vec<_>>(), ["approve", "unapprove", "reject", "lift", "retry"]);
}
