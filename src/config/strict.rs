//! Reads TOML strictly: every key is known or a mistake, and all mistakes are told at once.
//!
//! A reader hands out the values of one table. What is missing or wrong is written down as a [`Mistake`] with its key,
//! its line and the remedy, and the caller goes on with a default: only when all is read does it ask whether there
//! were any.

use std::cell::RefCell;
use std::fmt;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing wrong with a file, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The key, with the tables around it, such as `github.app_id`; empty for the file as a whole.
    pub key: String,
    /// The line in the file, counted from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong and what would be right, as a fragment.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if self.key.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.key, self.what) }
    }
}

/// A file that was parsed, and the mistakes found in it so far.
pub(crate) struct Document<'t> {
    text: &'t str,
    root: DeTable<'t>,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'t> Document<'t> {
    /// Parses a file. Errors of syntax are mistakes too; what could be read is read.
    pub(crate) fn parse(text: &'t str) -> Document<'t> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mistakes = errors.into_iter().map(|error| Mistake {
            key: String::new(),
            line: error.span().map(|span| line_of(text, span.start)),
            what: format!("this is not TOML: {}", error.message().replace('\n', "; ")),
        });
        Document { text, root: root.into_inner(), mistakes: RefCell::new(mistakes.collect()) }
    }

    /// The outermost table.
    pub(crate) fn root(&self) -> Table<'_> {
        Table {
            document: self,
            path: String::new(),
            entries: Some(&self.root),
            begins: None,
            known: RefCell::default(),
        }
    }

    /// All mistakes, in the order of their lines; those without one at the end.
    pub(crate) fn into_mistakes(self) -> Vec<Mistake> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|mistake| mistake.line.unwrap_or(usize::MAX));
        // A table that several things are read from tells its mistakes several times.
        let mut told = vec![];
        mistakes.retain(|mistake| {
            let new = !told.contains(mistake);
            told.push(mistake.clone());
            new
        });
        mistakes
    }
}

/// One table of a document, perhaps absent.
pub(crate) struct Table<'d> {
    document: &'d Document<'d>,
    path: String,
    entries: Option<&'d DeTable<'d>>,
    /// Where it begins, if it is there.
    begins: Option<usize>,
    known: RefCell<Vec<&'static str>>,
}

impl<'d> Table<'d> {
    /// The table below `key`; an absent one reads as empty.
    pub(crate) fn table(&self, key: &'static str) -> Table<'d> {
        let value = self.value(key);
        let entries = value.and_then(|value| {
            let table = value.get_ref().as_table();
            if table.is_none() {
                self.wrong(key, format!("is {}, and must be a table: write [{}]", kind(value), self.name(key)));
            }
            table
        });
        self.below(self.name(key), entries, value)
    }

    fn below(
        &self,
        path: String,
        entries: Option<&'d DeTable<'d>>,
        value: Option<&'d Spanned<DeValue<'d>>>,
    ) -> Table<'d> {
        let begins = value.map(|value| value.span().start);
        Table { document: self.document, path, entries, begins, known: RefCell::default() }
    }

    /// A text.
    pub(crate) fn text(&self, key: &'static str) -> Option<&'d str> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong(key, format!("is {}, and must be a text in quotes", kind(value)));
        }
        text
    }

    /// A text that `parse` understands; its error says what would be right.
    pub(crate) fn parsed<T>(&self, key: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match parse(self.text(key)?) {
            Ok(value) => Some(value),
            Err(what) => {
                self.wrong(key, what);
                None
            }
        }
    }

    /// A whole number within a range.
    pub(crate) fn integer(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let number = value.get_ref().as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        let fits = number.filter(|n| range.contains(n));
        if fits.is_none() {
            let what = format!("must be a whole number from {} to {}, without quotes", range.start(), range.end());
            self.wrong(key, what);
        }
        fits
    }

    /// A list of texts that `parse` understands each.
    pub(crate) fn list<T>(&self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(key, format!("is {}, and must be a list: [\"…\", \"…\"]", kind(value)));
            return None;
        };
        let mut items = vec![];
        for item in array.iter() {
            let parsed = item.get_ref().as_str().map_or_else(|| Err("must be a text in quotes".to_owned()), &parse);
            match parsed {
                Ok(item) => items.push(item),
                Err(what) => self.wrong_at(key, item.span().start, what),
            }
        }
        Some(items)
    }

    /// A table of texts under names of the operator's choice.
    pub(crate) fn texts(&self, key: &'static str) -> Vec<(String, String)> {
        let table = self.table(key);
        let mut texts = vec![];
        for (name, value) in table.entries.into_iter().flatten() {
            match value.get_ref().as_str() {
                Some(text) => texts.push((name.get_ref().to_string(), text.to_owned())),
                None => self.wrong_at(key, value.span().start, format!("{} must be a text in quotes", name.get_ref())),
            }
        }
        texts
    }

    /// Yes or no.
    pub(crate) fn truth(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            self.wrong(key, format!("is {}, and must be true or false, without quotes", kind(value)));
        }
        truth
    }

    /// The tables of a list of tables, in their order.
    pub(crate) fn tables(&self, key: &'static str) -> Vec<Table<'d>> {
        let Some(value) = self.value(key) else { return vec![] };
        let items = value.get_ref().as_array();
        if items.is_none() {
            self.wrong(key, format!("is {}, and must be a list of tables: write [[{}]]", kind(value), self.name(key)));
        }
        let mut tables = vec![];
        for (n, item) in items.into_iter().flat_map(|items| items.iter()).enumerate() {
            let entries = item.get_ref().as_table();
            if entries.is_none() {
                let what = format!("is {}, and must be a table: write [[{}]]", kind(item), self.name(key));
                self.wrong_at(key, item.span().start, what);
            }
            let path = format!("{}[{n}]", self.name(key));
            tables.push(self.below(path, entries, Some(item)));
        }
        tables
    }

    /// The tables below `key`, each under a name of the writer's choice.
    pub(crate) fn named_tables(&self, key: &'static str) -> Vec<(&'d str, Table<'d>)> {
        let outer = self.table(key);
        let mut tables = vec![];
        for (name, value) in outer.entries.into_iter().flatten() {
            let (name, entries) = (name.get_ref().as_ref(), value.get_ref().as_table());
            if entries.is_none() {
                let what = format!("{name} is {}, and must be a table: write [{}]", kind(value), outer.name(name));
                self.wrong_at(key, value.span().start, what);
            }
            tables.push((name, outer.below(outer.name(name), entries, Some(value))));
        }
        tables
    }

    /// A table of whole numbers under names of the writer's choice; `parse` understands name and number.
    pub(crate) fn numbers<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str, Option<i64>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        self.value(key)?;
        let mut items = vec![];
        for (name, value) in self.table(key).entries.into_iter().flatten() {
            let number = value.get_ref().as_integer();
            let number = number.and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
            match parse(name.get_ref(), number) {
                Ok(item) => items.push(item),
                Err(what) => self.wrong_at(key, name.span().start, what),
            }
        }
        Some(items)
    }

    /// Whether something below this table was found to be wrong.
    pub(crate) fn has_mistakes(&self) -> bool {
        self.document.mistakes.borrow().iter().any(|mistake| mistake.key.starts_with(&self.path))
    }

    /// Writes down what is wrong with this table as a whole.
    pub(crate) fn wrong_here(&self, what: impl Into<String>) {
        let line = self.begins.map(|offset| line_of(self.document.text, offset));
        self.add(self.path.clone(), line, what.into());
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// Writes down what is wrong with a key that is there, or missing.
    pub(crate) fn wrong(&self, key: &'static str, what: impl Into<String>) {
        let line = self.value(key).map(|value| line_of(self.document.text, value.span().start));
        self.add(self.name(key), line, what.into());
    }

    /// Says that all keys that there are have been asked for: any other is a mistake.
    pub(crate) fn finish(self) {
        let known = self.known.borrow();
        for key in self.entries.into_iter().flat_map(|entries| entries.keys()) {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let what = match nearest(name, &known) {
                Some(near) => format!("there is no such key: did you mean `{near}`?"),
                None => format!("there is no such key: remove it; there are {}", known.join(", ")),
            };
            let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
            self.add(path, Some(line_of(self.document.text, key.span().start)), what);
        }
    }

    /// The whole name of a key in this table.
    pub(crate) fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn value(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        self.entries?.get(key)
    }

    fn wrong_at(&self, key: &str, offset: usize, what: String) {
        self.add(self.name(key), Some(line_of(self.document.text, offset)), what);
    }

    fn add(&self, key: String, line: Option<usize>, what: String) {
        self.document.mistakes.borrow_mut().push(Mistake { key, line, what });
    }
}

fn kind(value: &Spanned<DeValue<'_>>) -> String {
    match value.get_ref().type_str() {
        "integer" | "array" => format!("an {}", value.get_ref().type_str()),
        other => format!("a {other}"),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// The candidate that one would have meant, if one is near enough.
fn nearest<'c>(name: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let near = candidates.iter().map(|c| (distance(name, c), *c)).min()?;
    let part = candidates.iter().find(|c| name.len() > 3 && (c.contains(name) || name.contains(**c)));
    if near.0 <= name.len().max(3) / 3 { Some(near.1) } else { part.copied() }
}

/// How many letters must be changed, added or removed to make one of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.iter().enumerate() {
            let change = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        let document = Document::parse(text);
        let root = document.root();
        let server = root.table("server");
        server.text("listen");
        server.integer("port", 1..=65535);
        server.list("names", |text| if text == "x" { Ok(()) } else { Err("must be x".to_owned()) });
        server.finish();
        root.finish();
        document.into_mistakes().iter().map(Mistake::to_string).collect()
    }

    #[test]
    fn all_mistakes_are_told_at_once_each_with_line_key_and_remedy() {
        let text = "servre = 1\n[server]\nlistn = 'x'\nport = 70000\nnames = [\n  'x',\n  'y',\n  3,\n]\nlisten = 5\nzzz = 1\n";
        assert_eq!(
            mistakes(text),
            [
                "line 1: servre: there is no such key: did you mean `server`?",
                "line 3: server.listn: there is no such key: did you mean `listen`?",
                "line 4: server.port: must be a whole number from 1 to 65535, without quotes",
                "line 7: server.names: must be x",
                "line 8: server.names: must be a text in quotes",
                "line 10: server.listen: is an integer, and must be a text in quotes",
                "line 11: server.zzz: there is no such key: remove it; there are listen, port, names",
            ]
        );
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line_and_the_rest_is_read_on() {
        let told = mistakes("[server]\nlisten = \nport = 0\n");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("line 2: this is not TOML: "), "{told:?}");
        assert_eq!(mistakes("server = 3\n"), ["line 1: server: is an integer, and must be a table: write [server]"]);
        assert_eq!(mistakes(""), [""; 0]);
    }
}
