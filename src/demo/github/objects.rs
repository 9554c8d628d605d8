//! Git objects: written as loose objects without starting git, read from memory.
//!
//! The objects of a repository are all known in memory: what REST creates is written through, what a push brings is
//! taken in afterwards. Loose objects are zlib streams of stored blocks, which git reads like any other.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;

/// A tree by full path: mode and blob (or submodule commit) of each entry.
pub(super) type Files = BTreeMap<String, (String, String)>;

#[derive(Debug)]
pub(super) struct Objects {
    dir: PathBuf,
    known: HashMap<String, Arc<Object>>,
}

#[derive(Debug)]
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) bytes: Vec<u8>,
}

/// A commit, as far as anybody here asks.
#[derive(Debug, Clone)]
pub(super) struct Commit {
    pub(super) tree: String,
    pub(super) parents: Vec<String>,
    pub(super) author: Person,
    pub(super) committer: Person,
    pub(super) message: String,
}

#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    /// Seconds since 1970.
    pub(super) at: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) mode: String,
    pub(super) name: String,
    pub(super) sha: String,
}

impl Objects {
    /// The objects of the bare repository at `dir`, none of them known yet.
    pub(super) fn new(dir: PathBuf) -> Objects {
        Objects { dir, known: HashMap::new() }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn learn(&mut self, sha: String, kind: String, bytes: Vec<u8>) {
        self.known.insert(sha, Arc::new(Object { kind, bytes }));
    }

    pub(super) fn knows(&self, sha: &str) -> bool {
        self.known.contains_key(sha)
    }

    pub(super) fn kind(&self, sha: &str) -> Option<&str> {
        self.known.get(sha).map(|object| object.kind.as_str())
    }

    pub(super) fn blob(&self, sha: &str) -> Option<&[u8]> {
        self.of_kind(sha, "blob")
    }

    pub(super) fn commit(&self, sha: &str) -> Option<Commit> {
        parse_commit(&String::from_utf8_lossy(self.of_kind(sha, "commit")?))
    }

    pub(super) fn tree(&self, sha: &str) -> Option<Vec<Entry>> {
        let mut rest = self.of_kind(sha, "tree")?;
        let mut entries = Vec::new();
        while let Some(end) = rest.iter().position(|&b| b == 0) {
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let (mode, name) = head.split_once(' ')?;
            let raw = rest.get(end + 1..end + 21)?;
            entries.push(Entry { mode: mode.to_owned(), name: name.to_owned(), sha: hex::encode(raw) });
            rest = &rest[end + 21..];
        }
        Some(entries)
    }

    /// All files below a tree; nothing for a tree that is not there.
    pub(super) fn files(&self, tree: &str) -> Files {
        let mut files = Files::new();
        self.collect(tree, "", &mut files);
        files
    }

    /// Stores an object and names it.
    pub(super) fn write(&mut self, kind: &str, bytes: &[u8]) -> io::Result<String> {
        let mut whole = format!("{kind} {}\0", bytes.len()).into_bytes();
        whole.extend_from_slice(bytes);
        let sha = hex::encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &whole).as_ref());
        if self.knows(&sha) {
            return Ok(sha);
        }
        let folder = self.dir.join("objects").join(&sha[..2]);
        fs::create_dir_all(&folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(&zlib_stored(&whole))?;
        file.persist(folder.join(&sha[2..])).map_err(|failed| failed.error)?;
        self.learn(sha.clone(), kind.to_owned(), bytes.to_vec());
        Ok(sha)
    }

    /// Stores the trees for a list of files and names the topmost.
    pub(super) fn write_tree(&mut self, files: &Files) -> io::Result<String> {
        let mut entries = Vec::new();
        let mut folders: BTreeMap<&str, Files> = BTreeMap::new();
        for (path, (mode, sha)) in files {
            match path.split_once('/') {
                Some((folder, below)) => {
                    folders.entry(folder).or_default().insert(below.to_owned(), (mode.clone(), sha.clone()));
                }
                None => entries.push(Entry { mode: mode.clone(), name: path.clone(), sha: sha.clone() }),
            }
        }
        for (folder, below) in folders {
            let sha = self.write_tree(&below)?;
            entries.push(Entry { mode: "40000".to_owned(), name: folder.to_owned(), sha });
        }
        self.write_entries(entries)
    }

    pub(super) fn write_commit(&mut self, commit: &Commit) -> io::Result<String> {
        let mut text = format!("tree {}\n", commit.tree);
        for parent in &commit.parents {
            let _ = writeln!(text, "parent {parent}");
        }
        for (role, person) in [("author", &commit.author), ("committer", &commit.committer)] {
            let plain = |part: &str| part.replace(['<', '>', '\n', '\0'], "");
            let _ = writeln!(text, "{role} {} <{}> {} +0000", plain(&person.name), plain(&person.email), person.at);
        }
        text.push('\n');
        text.push_str(&commit.message);
        self.write("commit", text.as_bytes())
    }

    fn write_entries(&mut self, mut entries: Vec<Entry>) -> io::Result<String> {
        // Git sorts folders as if their names ended in a slash.
        entries.sort_by_key(|e| if e.mode == "40000" { format!("{}/", e.name) } else { e.name.clone() });
        let mut bytes = Vec::new();
        for entry in &entries {
            bytes.extend_from_slice(format!("{} {}\0", entry.mode, entry.name).as_bytes());
            bytes.extend_from_slice(&hex::decode(&entry.sha).map_err(io::Error::other)?);
        }
        self.write("tree", &bytes)
    }

    fn of_kind(&self, sha: &str, kind: &str) -> Option<&[u8]> {
        self.known.get(sha).filter(|object| object.kind == kind).map(|object| object.bytes.as_slice())
    }

    fn collect(&self, tree: &str, prefix: &str, files: &mut Files) {
        for entry in self.tree(tree).unwrap_or_default() {
            let path = format!("{prefix}{}", entry.name);
            if entry.mode == "40000" {
                self.collect(&entry.sha, &format!("{path}/"), files);
            } else {
                files.insert(path, (entry.mode, entry.sha));
            }
        }
    }
}

fn parse_commit(text: &str) -> Option<Commit> {
    let (head, message) = text.split_once("\n\n").unwrap_or((text, ""));
    let field = |name: &'static str| head.lines().filter_map(move |line| line.strip_prefix(name)).map(str::to_owned);
    Some(Commit {
        tree: field("tree ").next()?,
        parents: field("parent ").collect(),
        author: parse_person(&field("author ").next()?)?,
        committer: parse_person(&field("committer ").next()?)?,
        message: message.to_owned(),
    })
}

fn parse_person(text: &str) -> Option<Person> {
    let (name, rest) = text.split_once('<')?;
    let (email, when) = rest.split_once('>')?;
    let at = when.split_whitespace().next()?.parse().ok()?;
    Some(Person { name: name.trim().to_owned(), email: email.to_owned(), at })
}

/// A zlib stream that compresses nothing: stored blocks of up to 65,535 bytes, then the Adler-32 sum (RFC 1950, 1951).
fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let count = bytes.chunks(65_535).len();
    for (n, chunk) in bytes.chunks(65_535).enumerate() {
        let length = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
        out.push(u8::from(n + 1 == count));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(chunk);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for &byte in bytes {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&((b << 16) | a).to_be_bytes());
    out
}
