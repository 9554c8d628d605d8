//! What a hostile process may have left in a checkout when the core looks for changes.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use assentry::sandbox::Refused;
use assentry::sandbox::checkout::Rule;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::*;

/// The rule that refuses what `make` puts into an empty checkout, if one does.
fn rule(make: impl Fn(&Path)) -> Option<Rule> {
    let dir = TempDir::new().unwrap();
    let checkout = Checkout::empty(&dir.path().join("checkout")).unwrap();
    make(checkout.dir());
    match checkout.changes() {
        Ok(_) => None,
        Err(Refused::Hostile { rule, .. }) => Some(rule),
        Err(Refused::Unreadable(e)) => panic!("{e}"),
    }
}

fn write(dir: &Path, path: &str) {
    let at = dir.join(path);
    std::fs::create_dir_all(at.parent().unwrap()).unwrap();
    std::fs::write(at, "x").unwrap();
}

#[test]
fn t59_only_plain_files_leave_the_sandbox() {
    assert_eq!(rule(|dir| symlink("/etc", dir.join("l")).unwrap()), Some(Rule::Link));
    assert_eq!(rule(|dir| symlink("inside", dir.join("l")).unwrap()), Some(Rule::Link));
    assert_eq!(rule(|dir| mkfifo(&dir.join("pipe"), Mode::S_IRWXU).unwrap()), Some(Rule::Special));
    assert_eq!(rule(|dir| drop(UnixListener::bind(dir.join("s")).unwrap())), Some(Rule::Special));
    let twice = |dir: &Path| {
        write(dir, "a");
        std::fs::hard_link(dir.join("a"), dir.join("b")).unwrap();
    };
    assert_eq!(rule(twice), Some(Rule::HardLink));
}

#[test]
fn t59_no_name_of_git_leaves_the_sandbox() {
    for path in [".git/config", ".GIT/config", "sub/.git", "a/.g\u{200c}it/x", "git~1/x", "sub/GIT~1"] {
        assert_eq!(rule(|dir| write(dir, path)), Some(Rule::DotGit), "{path}");
    }
}

#[test]
fn t59_names_that_not_every_system_can_hold_are_refused() {
    assert_eq!(rule(|dir| write(dir, "a\nb")), Some(Rule::Control));
    let raw = |dir: &Path| std::fs::write(dir.join(std::ffi::OsStr::from_bytes(b"a\xff")), "x").unwrap();
    assert_eq!(rule(raw), Some(Rule::NotText));
    let both = |dir: &Path| {
        write(dir, "a");
        write(dir, "A");
    };
    assert_eq!(rule(both), Some(Rule::Collision { with: "A".to_owned() }));
    assert_eq!(rule(|dir| write(dir, &format!("{}f", "long-name-of-a-directory/".repeat(60)))), Some(Rule::TooLong));
}

#[test]
fn t55_a_sparse_file_of_ten_gigabytes_is_refused_unread() {
    let sparse = |dir: &Path| std::fs::File::create(dir.join("big")).unwrap().set_len(10 << 30).unwrap();

    assert_eq!(rule(sparse), Some(Rule::TooLarge));
}

#[test]
fn what_is_ignored_and_new_stays_behind_whatever_it_is() {
    let dir = TempDir::new().unwrap();
    let checkout = Checkout::empty(&dir.path().join("checkout")).unwrap();
    std::fs::write(checkout.dir().join(".gitignore"), "/target\n*.log\n!kept.log\n").unwrap();
    write(checkout.dir(), "target/debug/.git/x");
    write(checkout.dir(), "d/target/x");
    write(checkout.dir(), "d/a.log");
    write(checkout.dir(), "d/kept.log");
    std::fs::write(checkout.dir().join("d/.gitignore"), "x\n").unwrap();
    mkfifo(&checkout.dir().join("target/pipe"), Mode::S_IRWXU).unwrap();

    let paths: Vec<String> = checkout.changes().unwrap().into_iter().map(|change| change.path.into()).collect();
    assert_eq!(paths, [".gitignore", "d/.gitignore", "d/kept.log"]);
}
