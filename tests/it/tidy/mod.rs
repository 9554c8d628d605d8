//! What the house promises about its own source, as far as a program can see it: the crate documentation's invariants,
//! and some of the house rules that no linter knows. Every complaint names file, line and rule.

mod source;

use std::fs;

use source::{Source, asks_for_tests, has, root, sources};

/// Which rooms open into which. A room that is not named in a line cannot be reached from there at all, so this table is
/// where most of the invariants come from: the pure rooms see only pure rooms, and no tool of the model's can reach GitHub.
const DOORS: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("workflow", &["ids", "words"]),
    ("words", &["ids", "workflow"]),
    ("outside", &[]),
    ("github", &["ids", "outside"]),
    ("hooks", &[]),
    ("model", &["ids"]),
    ("sandbox", &["ids", "outside"]),
    ("store", &["ids", "workflow"]),
    ("config", &["ids", "workflow"]),
    ("webhook", &["ids", "store"]),
    (
        "web",
        &["agent", "config", "counts", "github", "ids", "model", "store", "webhook", "words", "worker", "workflow"],
    ),
    ("agent", &["ids", "model", "sandbox", "workflow"]),
    ("setup", &["config", "github", "ids", "web"]),
    ("demo/github", &["demo", "ids", "sandbox"]),
    ("demo/model", &["demo", "ids", "model"]),
    ("counts", &[]),
    (
        "worker",
        &[
            "agent", "config", "counts", "github", "hooks", "ids", "model", "sandbox", "store", "webhook", "words",
            "workflow",
        ],
    ),
];

const PURE: &[&str] = &["src/ids.rs", "src/workflow/", "src/words/"];

/// Crates that only compute, and what only computes of crates that can do more.
const PURE_CRATES: &[&str] = &[
    "aws_lc_rs::digest",
    "chrono::DateTime",
    "chrono::SecondsFormat",
    "globset",
    "hex",
    "schemars",
    "serde",
    "serde_json",
    "similar",
    "thiserror",
    "unicode_normalization",
];

#[test]
fn rooms_open_only_into_the_rooms_they_are_meant_to() {
    let mut faults = vec![];
    for source in sources() {
        let Some((room, doors)) = DOORS.iter().find(|(room, _)| in_room(source, room)) else { continue };
        for (line, code) in source.production_code() {
            for named in code.split("crate::").skip(1) {
                let named = named.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                if named.is_empty() {
                    faults.push(fault(
                        source,
                        line,
                        "name one room at a time after `crate::`, so that doors can be seen",
                    ));
                } else if named != *room && !doors.contains(&named) {
                    faults.push(fault(source, line, &format!("`{room}` must not reach `{named}`")));
                }
            }
        }
    }
    assert_kept(faults);
}

#[test]
fn the_pure_rooms_name_nothing_that_could_touch_the_world() {
    let world = [
        "fs::",
        "net::",
        "process::",
        "env::",
        "thread::",
        "os::",
        "io::",
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "std::thread",
        "std::os",
        "std::io",
        "SystemTime",
        "Instant",
        "Utc",
        "Local",
        "RandomState",
        "async",
        "await",
    ];
    let mut faults = vec![];
    for source in sources().iter().filter(|source| below(source, PURE)) {
        for (line, code) in source.production_code() {
            for word in world.iter().filter(|word| has(code, word)) {
                faults.push(fault(
                    source,
                    line,
                    &format!("`{word}` in a room without clock, file, network or waiting"),
                ));
            }
            for name in dependencies().iter().filter(|name| has(code, &format!("{name}::"))) {
                if !PURE_CRATES.iter().any(|pure| pure.starts_with(name.as_str()) && has(code, pure)) {
                    faults.push(fault(source, line, &format!("the crate `{name}` is not known to be pure")));
                }
            }
        }
    }
    assert_kept(faults);
}

#[test]
fn only_the_github_room_names_octocrab() {
    assert_kept(named_outside(&["src/github/"], &["octocrab"]));
}

#[test]
fn only_the_store_names_the_database() {
    assert_kept(named_outside(&["src/store/"], &["sqlx"]));
    let sql =
        ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "ON CONFLICT ", "PRAGMA ", "BEGIN IMMEDIATE"];
    assert_kept(said_outside(&["src/store/"], &sql));
}

#[test]
fn only_the_models_room_names_the_vendors_wire() {
    let wire = ["/v1/messages", "chat/completions", "x-api-key", "anthropic-version", "cache_control"];
    assert_kept(said_outside(&["src/model/", "src/demo/model/"], &wire));
}

#[test]
fn only_the_sandbox_starts_processes() {
    let starts = ["process::Command", "Command::new(", "execve", "execv", "execvp", "fork(", "posix_spawn"];
    assert_kept(named_outside(&["src/sandbox/"], &starts));
}

#[test]
fn t34_only_the_command_inside_the_sandbox_is_given_to_a_shell() {
    assert_kept(said_outside(&["src/sandbox/job.rs"], &["\"-c\"", "\"/bin/sh\"", "\"/bin/bash\""]));
}

#[test]
fn only_the_rim_reads_the_wall_clock() {
    let rim = ["src/cli/", "src/demo/", "src/store/connect.rs"];
    assert_kept(named_outside(&rim, &["SystemTime::now", "Utc::now", "Local::now"]));
}

#[test]
fn only_configuration_and_the_sandbox_read_the_environment() {
    let readers = ["src/config/", "src/sandbox/"];
    assert_kept(named_outside(&readers, &["env::var", "env::var_os", "env::vars", "env::vars_os"]));
}

#[test]
fn no_production_code_asks_whether_it_is_being_tested() {
    let mut faults = vec![];
    for source in sources().iter().filter(|source| source.path.starts_with("src/")) {
        for (line, code) in source.production_code().filter(|(_, code)| asks_for_tests(code)) {
            let next = source.code.lines().skip(line).find(|line| !line.trim_start().starts_with("#["));
            let module = next.is_some_and(|next| has(next, "mod"));
            if !module || !code.trim_start().starts_with("#[cfg(") {
                faults.push(fault(source, line, "`cfg(test)` stands before a module of tests and nowhere else"));
            }
        }
    }
    assert_kept(faults);
}

#[test]
fn tests_stand_at_the_end_of_their_file() {
    let mut faults = vec![];
    for source in sources().iter().filter(|source| source.path.starts_with("src/")) {
        let mut after = source.test_code().skip_while(|(_, code)| *code != "}").skip(1);
        if let Some((line, _)) =
            after.find(|(_, code)| source.production_code().next().is_some() && !code.trim().is_empty())
        {
            faults.push(fault(source, line, "nothing comes after the module of tests"));
        }
    }
    assert_kept(faults);
}

#[test]
fn no_test_sleeps() {
    let mut faults = vec![];
    for source in sources() {
        for (line, _) in source.test_code().filter(|(_, code)| has(code, "sleep(") || has(code, "sleep_until(")) {
            faults.push(fault(source, line, "a test waits for what it expects, not for a time"));
        }
    }
    assert_kept(faults);
}

#[test]
fn a_file_is_one_idea_and_says_which() {
    const LONGEST: usize = 500; // 400 is the house's rule, and this where it ends
    let mut faults = vec![];
    for source in sources() {
        let production = source.production_code().count();
        if production > LONGEST {
            faults.push(fault(source, LONGEST, "too long: two files, each with a name"));
        }
        if production > 0 && !source.raw.starts_with("//!") {
            faults.push(fault(source, 1, "begins with `//!` and what it is for"));
        }
    }
    assert_kept(faults);
}

#[test]
fn nothing_is_put_off() {
    let mut faults = vec![];
    for source in sources().iter().filter(|source| !source.path.starts_with("tests/it/tidy/")) {
        for (line, text) in (1..).zip(source.raw.lines()) {
            for word in ["TODO", "FIXME", "XXX", "HACK"].iter().filter(|word| has(text, word)) {
                faults.push(fault(source, line, &format!("`{word}`: do it, or file an issue")));
            }
        }
    }
    assert_kept(faults);
}

/// The lines of production code outside of `homes` that name one of `names`.
fn named_outside(homes: &[&str], names: &[&str]) -> Vec<String> {
    outside(homes, names, |source| source.production_code().collect())
}

/// The lines of production code outside of `homes` that name one of `words`, be it in a string.
fn said_outside(homes: &[&str], words: &[&str]) -> Vec<String> {
    outside(homes, words, |source| source.production_text().collect())
}

fn outside(homes: &[&str], words: &[&str], lines: impl Fn(&Source) -> Vec<(usize, &str)>) -> Vec<String> {
    let mut faults = vec![];
    for source in sources().iter().filter(|source| source.path.starts_with("src/") && !below(source, homes)) {
        for (line, text) in lines(source) {
            for word in words.iter().filter(|word| has(text, word)) {
                faults.push(fault(source, line, &format!("`{word}` stands only in {}", homes.join(", "))));
            }
        }
    }
    faults
}

fn in_room(source: &Source, room: &str) -> bool {
    below(source, &[&format!("src/{room}/"), &format!("src/{room}.rs")])
}

fn below(source: &Source, places: &[&str]) -> bool {
    places.iter().any(|place| source.path.starts_with(place))
}

/// The crates in Cargo.toml, as Rust names them.
fn dependencies() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let names = lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
    names.map(|(name, _)| name.replace('-', "_")).collect()
}

fn fault(source: &Source, line: usize, rule: &str) -> String {
    format!("{}:{line}: {rule}", source.path)
}

fn assert_kept(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
