#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

fn checkout(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
        fs::write(dir.path().join(path), text).unwrap();
    }
    dir
}

fn call(root: &Path, name: &str, arguments: Value) -> Reply {
    let request: Request = serde_json::from_value(json!({"name": name, "arguments": arguments})).unwrap();
    perform(root, &request)
}

fn good(text: &str) -> Reply {
    Reply { text: text.to_owned(), failed: false }
}

fn bad(text: &str) -> Reply {
    Reply { text: text.to_owned(), failed: true }
}

#[test]
fn a_listing_leaves_out_what_git_ignores_and_counts_what_is_deeper() {
    let dir = checkout(&[
        (".gitignore", "out/\n"),
        (".github/ci.yml", ""),
        ("out/x", ""),
        ("src/a/b/c.rs", ""),
        ("src/a/d.rs", ""),
        ("src/lib.rs", ""),
        (".git/config", ""),
    ]);
    assert_eq!(call(dir.path(), "list", json!({})), good(".github/ci.yml\n.gitignore\nsrc/a/ (2 files)\nsrc/lib.rs\n"));
    assert_eq!(call(dir.path(), "list", json!({"path": "src", "depth": 9})), good("a/b/c.rs\na/d.rs\nlib.rs\n"));
    assert_eq!(
        call(dir.path(), "list", json!({"path": "src/lib.rs"})),
        bad("that is not a folder; use read or outline")
    );
}

#[test]
fn a_long_listing_is_cut_and_says_so() {
    let dir = checkout(&[]);
    for n in 0..1_000 {
        fs::write(dir.path().join(format!("file-with-a-name-{n:04}")), "").unwrap();
    }
    let reply = call(dir.path(), "list", json!({}));
    assert!(reply.text.ends_with("more; list a folder or ask for less depth]"), "{}", reply.text);
    assert!(reply.text.len() < 8_200);
}

#[test]
fn lines_are_read_with_numbers_and_with_the_way_to_read_on() {
    let dir = checkout(&[("a.txt", "one\ntwo\r\nthree\nfour"), ("empty", "")]);
    assert_eq!(call(dir.path(), "read", json!({"path": "a.txt"})), good("1\tone\n2\ttwo\n3\tthree\n4\tfour\n"));
    assert_eq!(
        call(dir.path(), "read", json!({"path": "a.txt", "from": 2, "count": 2})),
        good("2\ttwo\n3\tthree\n[lines 2 to 3 of 4; read on with from=4]")
    );
    assert_eq!(call(dir.path(), "read", json!({"path": "a.txt", "from": 9})), bad("a.txt has only 4 lines"));
    assert_eq!(call(dir.path(), "read", json!({"path": "empty"})), good("[the file is empty]"));
    assert_eq!(call(dir.path(), "read", json!({"path": "b"})), bad("b does not exist"));
}

#[test]
fn t25_t28_invisible_characters_of_a_file_are_left_out_and_counted() {
    let dir = checkout(&[("a", "x\u{e0041}y\u{202e}\n")]);
    assert_eq!(call(dir.path(), "read", json!({"path": "a"})), good("1\txy\n[2 invisible characters left out]"));
}

#[test]
fn long_files_long_lines_and_binary_files_are_bounded() {
    let dir = checkout(&[("long", &"x".repeat(10_000)), ("many", &"line\n".repeat(100_000)), ("bin", "a\0b")]);
    fs::File::create(dir.path().join("sparse")).unwrap().set_len(10 << 30).unwrap();
    let long = call(dir.path(), "read", json!({"path": "long"})).text;
    assert!(long.ends_with("x … [9600 bytes more in this line]\n"), "{long}");
    let many = call(dir.path(), "read", json!({"path": "many"})).text;
    assert!(many.len() < 8_200 && many.contains("of 100000; read on with from="), "{many}");
    assert_eq!(call(dir.path(), "read", json!({"path": "bin"})), bad("bin is binary, 3 bytes"));
    assert!(call(dir.path(), "read", json!({"path": "sparse"})).failed);
}

#[test]
fn a_search_answers_with_places_and_refuses_a_broken_pattern() {
    let dir =
        checkout(&[("src/a.rs", "fn one() {}\nfn two() {}\n"), ("b.py", "def one(): pass\n"), ("c.bin", "one\0")]);
    assert_eq!(
        call(dir.path(), "search", json!({"pattern": "one"})),
        good("b.py:1:def one(): pass\nsrc/a.rs:1:fn one() {}\n")
    );
    let in_rust = json!({"pattern": "(?i)ONE", "glob": "*.rs", "path": "."});
    assert_eq!(call(dir.path(), "search", in_rust), good("src/a.rs:1:fn one() {}\n"));
    assert_eq!(call(dir.path(), "search", json!({"pattern": "three"})), good("[nothing found]"));
    let broken = call(dir.path(), "search", json!({"pattern": "("}));
    assert!(broken.failed && broken.text.contains("not a regular expression"), "{}", broken.text);
    let greedy = call(dir.path(), "search", json!({"pattern": "((a{1,99}){1,99}){1,99}"}));
    assert!(greedy.failed, "{}", greedy.text);
}

#[test]
fn a_search_with_too_many_places_is_cut_and_says_so() {
    let dir = checkout(&[("a", &"needle in a haystack\n".repeat(5_000))]);
    let reply = call(dir.path(), "search", json!({"pattern": "needle"}));
    assert!(reply.text.len() < 8_200 && reply.text.ends_with("[there are more; search for less, or in a folder]"));
}

#[test]
fn an_outline_lists_definitions_of_six_languages() {
    for (path, text, outline) in [
        ("a.rs", "struct A;\nimpl A {\n    pub fn b() {}\n}\n", "1\tstruct A;\n3\t    pub fn b() {}\n"),
        ("a.py", "class A:\n    def b(self):\n        pass\n", "1\tclass A:\n2\t    def b(self):\n"),
        ("a.js", "class A { }\nfunction b() { c() }\n", "1\tclass A { }\n2\tfunction b() { c() }\n"),
        ("a.ts", "interface A { b(): void }\nclass C {}\n", "1\tinterface A { b(): void }\n2\tclass C {}\n"),
        ("a.tsx", "function B() { return <p/> }\n", "1\tfunction B() { return <p/> }\n"),
        ("a.go", "package a\nfunc B() {}\n", "2\tfunc B() {}\n"),
        ("A.java", "class A {\n  void b() {}\n}\n", "1\tclass A {\n2\t  void b() {}\n"),
    ] {
        let dir = checkout(&[(path, text)]);
        assert_eq!(call(dir.path(), "outline", json!({"path": path})), good(outline), "{path}");
    }
    let dir = checkout(&[("a.zig", ""), ("b.rs", "\u{0}\u{1}(((({{{{")]);
    let unknown = call(dir.path(), "outline", json!({"path": "a.zig"}));
    assert!(unknown.failed && unknown.text.starts_with("no outline for .zig"), "{}", unknown.text);
    assert!(!call(dir.path(), "outline", json!({"path": "b.rs"})).failed);
}

#[test]
fn an_edit_changes_the_one_place_it_names_and_keeps_mode_and_line_ends() {
    let dir = checkout(&[("a", "one\r\ntwo\r\nthree\r\n")]);
    let file = dir.path().join("a");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();

    let reply = call(dir.path(), "edit", json!({"path": "a", "old": "two\nthree", "new": "2\n3"}));

    assert_eq!(reply, good("edited a at line 2"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "one\r\n2\r\n3\r\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn an_edit_that_is_not_clear_changes_nothing_and_gets_a_hint() {
    let text = "fn main() {\n    let answer = 42;\n}\nfn main2() {}\nlast\u{200b}word\n";
    let dir = checkout(&[("a.rs", text), ("latin", "")]);
    fs::write(dir.path().join("latin"), b"caf\xe9").unwrap();
    for (path, old, new, hint) in [
        ("a.rs", "fn main", "x", "old stands 2 times in a.rs, at lines 1, 4; add lines around it"),
        (
            "a.rs",
            "let answer = 42;\n}\n\n",
            "x",
            "old does not stand in a.rs; line 2 has the same words: compare indentation and the lines after it",
        ),
        ("a.rs", "let answer = 43;", "x", "old does not stand in a.rs; nearest is line 2:     let answer = 42;"),
        ("a.rs", "something else", "x", "old does not stand in a.rs; nothing like it is in the file; read it again"),
        (
            "a.rs",
            "lastword",
            "x",
            "old does not stand in a.rs; the file has invisible characters there; edit the lines around them",
        ),
        ("a.rs", "", "x", "old is empty or the same as new"),
        ("a.rs", "last", "last", "old is empty or the same as new"),
        ("latin", "caf", "x", "latin is not UTF-8"),
        ("b.rs", "x", "y", "b.rs does not exist; use create"),
    ] {
        let reply = call(dir.path(), "edit", json!({"path": path, "old": old, "new": new}));
        assert_eq!(reply, bad(hint));
    }
    assert_eq!(fs::read_to_string(dir.path().join("a.rs")).unwrap(), text);
}

#[test]
fn a_file_is_created_once_and_deleted_with_its_empty_folders() {
    let dir = checkout(&[("keep", "")]);
    let create = || call(dir.path(), "create", json!({"path": "a/b/c.txt", "text": "x\n"}));
    assert_eq!(create(), good("created a/b/c.txt, 1 lines"));
    assert_eq!(create(), bad("a/b/c.txt exists; use edit"));
    assert_eq!(call(dir.path(), "delete", json!({"path": "a/b"})), bad("a/b is a folder; delete its files"));
    assert_eq!(call(dir.path(), "delete", json!({"path": "a/b/c.txt"})), good("deleted a/b/c.txt"));
    assert_eq!(call(dir.path(), "delete", json!({"path": "a/b/c.txt"})), bad("a/b/c.txt does not exist"));
    assert!(!dir.path().join("a").exists() && dir.path().join("keep").exists());
}

#[test]
fn t48_a_link_out_of_the_checkout_is_neither_read_nor_written() {
    let outside = tempfile::tempdir().unwrap();
    let evil = outside.path().join("repo-evil");
    let root = outside.path().join("repo");
    fs::create_dir(&evil).unwrap();
    fs::create_dir_all(root.join("src")).unwrap();
    fs::write(evil.join("canary"), "canary").unwrap();
    symlink(evil.join("canary"), root.join("absolute")).unwrap();
    symlink("../repo-evil/canary", root.join("relative")).unwrap();
    symlink("relative", root.join("chained")).unwrap();
    symlink("../repo-evil", root.join("folder")).unwrap();
    symlink("/proc/self/environ", root.join("environ")).unwrap();
    symlink("src", root.join("inside")).unwrap();

    for path in ["absolute", "relative", "chained", "folder/canary", "environ"] {
        for (name, arguments) in [
            ("read", json!({"path": path})),
            ("outline", json!({"path": path})),
            ("search", json!({"pattern": "canary", "path": path})),
            ("list", json!({"path": path})),
            ("edit", json!({"path": path, "old": "canary", "new": "x"})),
            ("create", json!({"path": path, "text": "x"})),
        ] {
            let reply = call(&root, name, arguments);
            assert!(reply.failed && !reply.text.contains("PATH="), "{name} {path}: {}", reply.text);
        }
    }
    assert!(call(&root, "create", json!({"path": "folder/new", "text": "x"})).failed);
    assert!(call(&root, "create", json!({"path": "inside/new", "text": "x"})).failed);
    assert!(call(&root, "delete", json!({"path": "folder/canary"})).failed);
    assert_eq!(call(&root, "search", json!({"pattern": "canary"})), good("[nothing found]"));
    assert_eq!(fs::read_to_string(evil.join("canary")).unwrap(), "canary");
    assert_eq!(fs::read_dir(&evil).unwrap().count(), 1);
}

#[test]
fn t49_gits_own_files_cannot_be_written() {
    let dir = checkout(&[]);
    for path in [".git/hooks/pre-commit", "sub/.GIT/config"] {
        assert_eq!(
            call(dir.path(), "create", json!({"path": path, "text": "x"})),
            bad(&format!("{path} belongs to git"))
        );
    }
}

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let dir = checkout(&[]);
    nix::unistd::mkfifo(&dir.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(call(dir.path(), "read", json!({"path": "pipe"})), bad("pipe is not a regular file"));
}

#[test]
fn a_request_that_is_none_is_answered_all_the_same() {
    for request in ["", "{", "{\"name\":\"push\"}", "{\"name\":\"read\",\"arguments\":{\"path\":\"/etc/shadow\"}}"] {
        let reply: Reply = serde_json::from_slice(&answer(request.as_bytes())).unwrap();
        assert!(reply.failed && reply.text.starts_with("no such request"), "{}", reply.text);
    }
}

#[test]
fn a_long_output_keeps_its_beginning_and_its_end() {
    let output = format!("first{}last", "é".repeat(20_000));
    let shown = both_ends(&output);
    assert!(shown.starts_with("firsté") && shown.ends_with("élast") && shown.len() < 8_100);
    assert!(shown.contains(" bytes left out]"));
}
