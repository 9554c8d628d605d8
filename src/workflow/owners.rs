//! Reads an owners' file, `CODEOWNERS`, by GitHub's documented rules (rule M).
//!
//! The last line that fits a path decides; a line without owners says that nobody needs to be asked. Patterns are those
//! of `.gitignore` without `!`, without `[ ]` and without an escaped `#`, and case matters. A line that cannot be read is
//! passed over, as GitHub does, and named.

use serde::{Deserialize, Serialize};

use crate::ids::{Login, RepoPath, TeamName};

/// Where GitHub looks for the file; the first that is there counts.
pub const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// The largest file that GitHub heeds, in bytes.
pub const LARGEST: usize = 3_000_000;

/// An owners' file that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners {
    lines: Vec<Line>,
}

/// An owner, as a line names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedOwner {
    /// `@login`.
    Person(Login),
    /// `@organisation/team`.
    Team(TeamName),
    /// An e-mail address. GitHub may know whose it is; we do not.
    Email(String),
}

/// A line that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {number} is passed over: {why}")]
pub struct BadLine {
    /// Its number, from 1.
    pub number: usize,
    /// What is wrong with it.
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    pattern: Vec<Part>,
    owners: Vec<NamedOwner>,
}

/// One part of a pattern, between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`: any number of folders.
    Deep,
    /// `*` alone: one name, whatever it is. At the end it means files of this folder and not what lies below it.
    Any,
    /// A name with `*` and `?` in it.
    Name(Vec<Glyph>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Glyph {
    Star,
    Question,
    Char(char),
}

impl Owners {
    /// Reads a file. Lines that cannot be read are left out and named.
    #[must_use]
    pub fn read(text: &str) -> (Owners, Vec<BadLine>) {
        let (mut lines, mut bad) = (vec![], vec![]);
        for (at, text) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
            match line(text) {
                Ok(line) => lines.extend(line),
                Err(why) => bad.push(BadLine { number: at + 1, why }),
            }
        }
        (Owners { lines }, bad)
    }

    /// Who owns a path; nobody where no line fits, or where the last one that does names nobody.
    #[must_use]
    pub fn of(&self, path: &RepoPath) -> &[NamedOwner] {
        let parts: Vec<&str> = path.as_str().split('/').collect();
        let last = self.lines.iter().rev().find(|line| fits(&line.pattern, &parts));
        last.map_or(&[], |line| &line.owners)
    }

    /// How many lines say something.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether no line says anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl NamedOwner {
    /// The owner as the file names it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            NamedOwner::Person(login) => format!("@{login}"),
            NamedOwner::Team(team) => format!("@{team}"),
            NamedOwner::Email(text) => text.clone(),
        }
    }
}

fn line(text: &str) -> Result<Option<Line>, String> {
    let mut words = words(text).into_iter();
    let Some(first) = words.next().filter(|first| !first.starts_with('#')) else { return Ok(None) };
    let pattern = pattern(&first)?;
    let owners = words.take_while(|word| !word.starts_with('#')).map(|word| owner(&word)).collect::<Result<_, _>>()?;
    Ok(Some(Line { pattern, owners }))
}

/// The words of a line. An escaped space belongs to its word; the backslash stays.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut escaped) = (vec![], String::new(), false);
    for c in text.chars() {
        if matches!(c, ' ' | '\t') && !escaped {
            words.push(std::mem::take(&mut word));
        } else {
            word.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn owner(word: &str) -> Result<NamedOwner, String> {
    let bad = || format!("{word:?} is neither @login nor @organisation/team nor an e-mail address");
    match word.strip_prefix('@') {
        Some(team) if team.contains('/') => team.to_lowercase().parse().map(NamedOwner::Team).map_err(|_| bad()),
        Some(login) => login.parse().map(NamedOwner::Person).map_err(|_| bad()),
        None => match word.split_once('@') {
            Some((name, host)) if !name.is_empty() && host.contains('.') && !host.contains('@') => {
                Ok(NamedOwner::Email(word.to_owned()))
            }
            Some(_) | None => Err(bad()),
        },
    }
}

fn pattern(word: &str) -> Result<Vec<Part>, String> {
    if word.starts_with('!') {
        return Err("a pattern cannot be negated with !".to_owned());
    }
    if word.starts_with("\\#") {
        return Err("a # at the start of a pattern cannot be escaped".to_owned());
    }
    if word.contains(['[', ']']) {
        return Err("a pattern cannot hold a range in [ ]".to_owned());
    }
    let (rooted, rest) = word.strip_prefix('/').map_or((false, word), |rest| (true, rest));
    let (folder, rest) = rest.strip_suffix('/').map_or((false, rest), |rest| (true, rest));
    if rest.is_empty() || rest.split('/').any(str::is_empty) {
        return Err("a pattern needs a name between its slashes".to_owned());
    }
    let mut parts: Vec<Part> = rest.split('/').map(part).collect::<Result<_, _>>()?;
    // A single name fits at any depth.
    if !rooted && parts.len() == 1 && parts.first() != Some(&Part::Deep) {
        parts.insert(0, Part::Deep);
    }
    if folder {
        parts.push(Part::Deep);
    }
    Ok(parts)
}

fn part(text: &str) -> Result<Part, String> {
    match text {
        "**" => return Ok(Part::Deep),
        "*" => return Ok(Part::Any),
        _ => {}
    }
    let (mut glyphs, mut chars) = (vec![], text.chars());
    while let Some(c) = chars.next() {
        glyphs.push(match c {
            '*' => Glyph::Star,
            '?' => Glyph::Question,
            '\\' => Glyph::Char(chars.next().ok_or("a pattern cannot end in a backslash")?),
            other => Glyph::Char(other),
        });
    }
    Ok(Part::Name(glyphs))
}

/// Whether a pattern fits a path. `at[k]` says whether the parts of the pattern so far fit the first k of the path.
fn fits(pattern: &[Part], path: &[&str]) -> bool {
    let mut at = vec![false; path.len() + 1];
    at[0] = true;
    for (nth, part) in pattern.iter().enumerate() {
        let last = nth + 1 == pattern.len();
        let mut next = vec![false; path.len() + 1];
        match part {
            // At the end it means everything below, but not the folder's own name.
            Part::Deep if last && nth > 0 => return at[..path.len()].contains(&true),
            Part::Deep => {
                let mut reached = false;
                for (now, before) in next.iter_mut().zip(&at) {
                    reached |= before;
                    *now = reached;
                }
            }
            Part::Any => next[1..].copy_from_slice(&at[..path.len()]),
            Part::Name(glyphs) => {
                for (k, name) in path.iter().enumerate() {
                    next[k + 1] = at[k] && is_named(glyphs, name);
                }
                // The name of a folder stands for everything below it.
                if last {
                    return next.contains(&true);
                }
            }
        }
        at = next;
    }
    at[path.len()]
}

/// Whether a name fits one with wildcards, in time proportional to both.
fn is_named(glyphs: &[Glyph], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut g, mut n, mut back) = (0, 0, None);
    while n < name.len() {
        match glyphs.get(g) {
            Some(Glyph::Star) => {
                back = Some((g + 1, n));
                g += 1;
            }
            Some(Glyph::Question) => (g, n) = (g + 1, n + 1),
            Some(Glyph::Char(c)) if *c == name[n] => (g, n) = (g + 1, n + 1),
            Some(Glyph::Char(_)) | None => match back {
                Some((after, from)) => {
                    back = Some((after, from + 1));
                    (g, n) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    glyphs[g..].iter().all(|glyph| *glyph == Glyph::Star)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who owns a path, as one line.
    fn of(file: &str, path: &str) -> String {
        let Ok(path) = path.parse() else { return "no path".to_owned() };
        let owners: Vec<String> = Owners::read(file).0.of(&path).iter().map(NamedOwner::text).collect();
        owners.join(" ")
    }

    /// The example of GitHub's documentation, "About code owners".
    const EXAMPLE: &str = "\
# Each line is a file pattern followed by one or more owners.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
";

    #[test]
    fn m_the_documented_example_is_read_as_documented() {
        for (path, owners) in [
            ("README.md", "@global-owner1 @global-owner2"),
            ("src/deep/a.js", "@js-owner"),
            ("src/a.go", "docs@example.com"),
            ("a.txt", "@octo-org/octocats"),
            ("build/logs/today", "@octocat"),
            ("sub/build/a.css", "@global-owner1 @global-owner2"),
            ("docs/getting-started.md", "@doctocat"),
            ("sub/apps/deep/file.c", "@octocat"),
            ("scripts/run", "@doctocat @octocat"),
            ("deeply/nested/logs/a.log", "@octocat"),
            ("apps/web/a.c", "@octocat"),
            ("apps/github", ""),
            ("apps/github/a/b.c", ""),
        ] {
            assert_eq!(of(EXAMPLE, path), owners, "{path}");
        }
    }

    #[test]
    fn m_a_pattern_fits_what_gitignore_would_but_for_the_documented_exceptions() {
        for (pattern, fits, not) in [
            ("*", &["a", "a/b"][..], &[][..]),
            ("**", &["a", "a/b/c"], &[]),
            ("docs/*", &["docs/a.md"], &["docs/b/a.md", "x/docs/a.md"]),
            ("docs/", &["docs/a", "docs/b/c", "x/docs/a"], &["docs", "mydocs/a"]),
            ("/docs/", &["docs/a", "docs/b/c"], &["x/docs/a", "docs"]),
            ("/docs", &["docs", "docs/a/b"], &["x/docs", "docs2"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b", "a/b/below"], &["a/bc", "x/a/b"]),
            ("a/**", &["a/b", "a/b/c"], &["a", "b/a/c"]),
            ("**/a.rs", &["a.rs", "x/a.rs", "x/y/a.rs"], &["xa.rs"]),
            ("src/*.rs", &["src/a.rs"], &["src/b/a.rs", "src/a.rsx"]),
            ("src/*/x", &["src/a/x", "src/a/x/below"], &["src/x", "src/a/b/x"]),
            ("f?o", &["foo", "a/fao"], &["fo", "f/o"]),
            ("a\\ b/c", &["a b/c"], &["a/c", "a\\ b/c"]),
            ("*a*b*c", &["xxaxxbxxc", "abc"], &["abcd", "acb"]),
            ("Docs/", &["Docs/a"], &["docs/a"]),
        ] {
            let file = format!("{pattern} @owner");
            for path in fits {
                assert_eq!(of(&file, path), "@owner", "{pattern} fits {path}");
            }
            for path in not {
                assert_ne!(of(&file, path), "@owner", "{pattern} does not fit {path}");
            }
        }
    }

    #[test]
    fn m_a_line_that_cannot_be_read_is_passed_over_and_named() {
        let file = "\u{feff}* @all\r\n!src/ @ann\r\n[Section] @ann\nsrc/[a-z] @ann\n\\#x @ann\n/ @ann\na//b @ann\n\
                    src/ ann\nsrc/ @ann, @bob\nsrc/ @a/b/c\nsrc/ @\nback\\\n   # only a remark\n\ndocs/ @acme/Writers #x\n";
        let (owners, bad) = Owners::read(file);
        let numbers: Vec<usize> = bad.iter().map(|bad| bad.number).collect();
        assert_eq!((owners.len(), numbers), (2, vec![2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
        assert_eq!((of(file, "src/a"), of(file, "docs/a")), ("@all".to_owned(), "@acme/writers".to_owned()));
        assert_eq!(bad[0].to_string(), "line 2 is passed over: a pattern cannot be negated with !");
    }

    #[test]
    fn m_many_wildcards_take_no_time() {
        let deep = format!("{}x @owner", "**/".repeat(500));
        let stars = format!("{}x @owner", "*a".repeat(500));
        let path = vec!["a"; 300].join("/");
        let name = "a".repeat(200);
        assert_eq!((of(&deep, &path), of(&stars, &name)), (String::new(), String::new()));
    }
}
