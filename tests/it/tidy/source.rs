//! Reads the source the way the rules look at it: without comments, with or without strings, production apart from tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// One file. Its `text` has spaces in place of comments, its `code` in place of strings as well.
pub(crate) struct Source {
    /// From the repository's root, such as `src/lib.rs`.
    pub(crate) path: String,
    pub(crate) raw: String,
    pub(crate) text: String,
    pub(crate) code: String,
    /// How many lines, from the first, are not tests.
    production: usize,
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below `src` and `tests`, in order of their paths.
pub(crate) fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(read_all);
    &SOURCES
}

fn read_all() -> Vec<Source> {
    let mut paths = vec![];
    for folder in ["src", "tests"] {
        find(&root().join(folder), &mut paths);
    }
    paths.sort();
    let mut sources: Vec<Source> = paths.iter().map(|path| Source::read(path)).collect();
    let of_tests: BTreeSet<String> = sources.iter().flat_map(Source::files_of_tests).collect();
    for source in &mut sources {
        let belongs = |place: &String| source.path == *place || source.path.starts_with(&place.replace(".rs", "/"));
        if source.path.starts_with("tests/") || of_tests.iter().any(belongs) {
            source.production = 0;
        }
    }
    sources
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

impl Source {
    fn read(path: &Path) -> Source {
        let raw = fs::read_to_string(path).unwrap();
        let (text, code) = (blank(&raw, Strings::Stay), blank(&raw, Strings::Go));
        let production = test_modules(&code).find(|module| !module.elsewhere);
        let production = production.map_or(code.lines().count(), |module| module.attribute);
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        Source { path, raw, text, code, production }
    }

    /// The files that a `#[cfg(test)] mod name;` of this one stands for: one of the two is there.
    fn files_of_tests(&self) -> Vec<String> {
        let (folder, name) = self.path.rsplit_once('/').unwrap();
        let folder = match name {
            "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
            name => format!("{folder}/{}", name.trim_end_matches(".rs")),
        };
        let modules = test_modules(&self.code).filter(|module| module.elsewhere);
        modules.flat_map(|m| [format!("{folder}/{}.rs", m.name), format!("{folder}/{}/mod.rs", m.name)]).collect()
    }

    /// The lines outside of tests, without comments, numbered from 1.
    pub(crate) fn production_text(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines()).take(self.production)
    }

    /// The lines outside of tests, without comments and strings.
    pub(crate) fn production_code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.code.lines()).take(self.production)
    }

    /// The lines of tests, without comments and strings.
    pub(crate) fn test_code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.code.lines()).skip(self.production)
    }
}

/// A module that is compiled for tests only.
struct TestModule<'a> {
    /// How many lines stand before its attribute.
    attribute: usize,
    name: &'a str,
    /// Whether its text is in another file.
    elsewhere: bool,
}

fn test_modules(code: &str) -> impl Iterator<Item = TestModule<'_>> {
    let asking = code.lines().enumerate().filter(|(_, line)| asks_for_tests(line));
    asking.filter_map(|(attribute, _)| {
        let declared = code.lines().skip(attribute + 1).find(|line| !line.trim_start().starts_with("#["))?;
        let (_, name) = declared.split_once("mod ")?;
        let elsewhere = name.trim_end().ends_with(';');
        Some(TestModule { attribute, name: name.trim_end_matches([';', '{', ' ', '}']), elsewhere })
    })
}

/// Whether a line asks if this is a test: `cfg(test)`, `cfg(all(test, …))`, `cfg!(test)`, `cfg_attr(test, …)`.
pub(crate) fn asks_for_tests(line: &str) -> bool {
    line.contains("cfg") && has(line, "test")
}

/// Whether a line has this text, and not as a part of a longer name.
pub(crate) fn has(line: &str, text: &str) -> bool {
    let named = |c: char| c.is_alphanumeric() || c == '_';
    let (open, close) = (text.starts_with(named), text.ends_with(named));
    line.match_indices(text)
        .any(|(at, _)| !(open && line[..at].ends_with(named) || close && line[at + text.len()..].starts_with(named)))
}

#[derive(Clone, Copy, PartialEq)]
enum Strings {
    Stay,
    Go,
}

/// Puts spaces in place of comments and, if wanted, of what stands in strings and characters; lines stay lines.
fn blank(source: &str, strings: Strings) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let (end, stays) = match token(&chars, at) {
            Token::Comment(end) => (end, false),
            Token::Literal(end) => (end, strings == Strings::Stay),
            Token::Code => (at + 1, true),
        };
        out.extend(chars[at..end].iter().map(|c| if stays || *c == '\n' { *c } else { ' ' }));
        at = end;
    }
    out
}

/// What begins at a place, and where it ends.
enum Token {
    Comment(usize),
    Literal(usize),
    Code,
}

fn token(chars: &[char], at: usize) -> Token {
    let next = |ahead: usize| chars.get(at + ahead).copied().unwrap_or(' ');
    let name_before = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match (chars[at], next(1)) {
        ('/', '/') => Token::Comment(until(chars, at, |rest| rest.starts_with(&['\n']))),
        ('/', '*') => Token::Comment(end_of_block(chars, at)),
        ('"', _) => Token::Literal(end_of_quoted(chars, at, '"')),
        ('r', '"' | '#') if !name_before || at > 0 && chars[at - 1] == 'b' => {
            let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            if next(1 + hashes) != '"' {
                return Token::Code;
            }
            let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let end = until(chars, at + 2 + hashes, |rest| rest.starts_with(&close));
            Token::Literal((end + close.len()).min(chars.len()))
        }
        ('\'', '\\') => Token::Literal(end_of_quoted(chars, at, '\'')),
        ('\'', _) if next(2) == '\'' => Token::Literal(at + 3),
        _ => Token::Code,
    }
}

fn until(chars: &[char], from: usize, there: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| there(&chars[*at..])).unwrap_or(chars.len())
}

fn end_of_quoted(chars: &[char], at: usize, quote: char) -> usize {
    let mut end = at + 1;
    while end < chars.len() && chars[end] != quote {
        end += if chars[end] == '\\' { 2 } else { 1 };
    }
    (end + 1).min(chars.len())
}

fn end_of_block(chars: &[char], at: usize) -> usize {
    let (mut depth, mut end) = (0, at);
    while end < chars.len() {
        match chars[end..] {
            ['/', '*', ..] => (depth, end) = (depth + 1, end + 2),
            ['*', '/', ..] if depth == 1 => return end + 2,
            ['*', '/', ..] => (depth, end) = (depth - 1, end + 2),
            _ => end += 1,
        }
    }
    end
}

#[test]
fn comments_and_strings_are_told_from_code() {
    let source = r##"a("// \" b", 'c', '\'', r#"d " e"#); // f"##;
    let text = r##"a("// \" b", 'c', '\'', r#"d " e"#);     "##;
    let code = r##"a(         ,    ,     ,           );     "##;
    assert_eq!((blank(source, Strings::Stay).as_str(), blank(source, Strings::Go).as_str()), (text, code));

    let source = "/* a /* b\n */ c */ d<'e>(b\"f\\\\\", \"g\")";
    let code = "         \n         d<'e>(b     ,    )";
    assert_eq!(blank(source, Strings::Go), code);
}

#[test]
fn a_word_is_not_a_part_of_a_longer_one() {
    assert!(has("use tokio::fs;", "tokio"));
    assert!(!has("let my_tokio = tokio_util;", "tokio"));
    assert!(has("std::process::Command::new(x)", "Command::new("));
    assert!(!has("SubCommand::new(x)", "Command::new("));
}
