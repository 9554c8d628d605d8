#![expect(clippy::unwrap_used, reason = "a test stops where it breaks")]

use tempfile::TempDir;

use super::*;
use crate::sandbox::checkout::{Change, ChangeKind, Checkout, FileMode};
use crate::sandbox::process::Git;

/// A repository to fetch from, written with git's own tools.
struct Origin {
    dir: TempDir,
}

impl Origin {
    async fn new() -> Origin {
        let origin = Origin { dir: TempDir::new().unwrap() };
        std::fs::create_dir(origin.bare()).unwrap();
        origin.git(&["init", "--quiet", "--bare", "."], b"").await;
        origin.git(&["config", "uploadpack.allowFilter", "true"], b"").await;
        origin.git(&["config", "uploadpack.allowAnySHA1InWant", "true"], b"").await;
        origin
    }

    fn bare(&self) -> PathBuf {
        self.dir.path().join("origin.git")
    }

    async fn git(&self, args: &[&str], stdin: &[u8]) -> String {
        let output = Git::new(&self.bare()).args(args).stdin(stdin).run().await.unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits `(mode, path, content)` on main.
    async fn commit(&self, files: &[(&str, &str, &str)]) -> CommitSha {
        let mut stream = "commit refs/heads/main\ncommitter Ann <ann@example.com> 0 +0000\ndata 1\nx\n".to_owned();
        if !self.git(&["for-each-ref", "refs/heads/main"], b"").await.is_empty() {
            stream.push_str("from refs/heads/main^0\ndeleteall\n");
        }
        for (mode, path, content) in files {
            let data = match *mode {
                "160000" => format!("M 160000 {content} {path}\n"),
                _ => format!("M {mode} inline {path}\ndata {}\n{content}\n", content.len()),
            };
            stream.push_str(&data);
        }
        self.git(&["fast-import", "--quiet", "--force"], stream.as_bytes()).await;
        self.git(&["rev-parse", "refs/heads/main"], b"").await.parse().unwrap()
    }

    fn from(&self) -> FetchFrom {
        FetchFrom { url: Url::from_file_path(self.bare()).unwrap(), token: Some(SecretString::from("canary-token")) }
    }

    async fn mirror(&self) -> Mirror {
        Mirror::open(&self.dir.path().join("data"), RepoId(7)).await.unwrap()
    }

    fn place(&self) -> PathBuf {
        self.dir.path().join("checkout")
    }
}

fn main_branch() -> BranchName {
    "main".parse().unwrap()
}

fn path(text: &str) -> RepoPath {
    text.parse().unwrap()
}

#[tokio::test]
async fn an_empty_repository_and_a_missing_branch_are_no_errors() {
    let origin = Origin::new().await;
    let mirror = origin.mirror().await;

    assert_eq!(mirror.fetch(&origin.from(), &[main_branch()]).await.unwrap(), BTreeMap::new());

    let sha = origin.commit(&[("100644", "a", "one")]).await;
    let heads = mirror.fetch(&origin.from(), &[main_branch(), "other".parse().unwrap()]).await.unwrap();
    assert_eq!(heads, BTreeMap::from([(main_branch(), sha)]));
}

#[tokio::test]
async fn commits_are_compared_and_files_fetched_when_they_are_read() {
    let origin = Origin::new().await;
    let old = origin.commit(&[("100644", "a", "one"), ("100644", "b", "two")]).await;
    let new = origin.commit(&[("100644", "a", "ONE"), ("100644", "b", "two"), ("120000", "l", "a")]).await;
    let (mirror, from) = (origin.mirror().await, origin.from());
    mirror.fetch(&from, &[main_branch()]).await.unwrap();

    assert!(mirror.is_ancestor(&old, &new).await.unwrap());
    assert!(!mirror.is_ancestor(&new, &old).await.unwrap());
    assert_eq!(mirror.changed_between(&old, &new).await.unwrap(), ["a", "l"]);
    let blobs: Vec<CommitSha> = mirror.list(&old).await.unwrap().entries.into_iter().map(|e| e.object).collect();
    assert_eq!(mirror.missing(&old, &blobs).await.unwrap().lines().count(), 2);
    assert_eq!(mirror.read(&from, &old, &path("a")).await.unwrap(), Some(b"one".to_vec()));
    assert_eq!(mirror.missing(&old, &blobs).await.unwrap().lines().count(), 1);
    assert_eq!(mirror.read(&from, &new, &path("l")).await.unwrap(), None);
    assert_eq!(mirror.read(&from, &new, &path("none")).await.unwrap(), None);
    let nowhere = CommitSha::try_from("0".repeat(39) + "1").unwrap();
    assert!(matches!(mirror.list(&nowhere).await, Err(MirrorError::Gone(_))));
}

#[tokio::test]
async fn t38_nothing_of_the_token_is_stored() {
    let origin = Origin::new().await;
    let sha = origin.commit(&[("100644", "a", "one")]).await;
    let (mirror, from) = (origin.mirror().await, origin.from());
    mirror.fetch(&from, &[main_branch()]).await.unwrap();
    mirror.checkout(&from, &sha, &origin.place()).await.unwrap();

    let secret = STANDARD.encode("x-access-token:canary-token");
    let mut dirs = vec![origin.dir.path().to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                assert_ne!(entry, origin.place().join(".git"));
                dirs.push(entry);
            } else {
                let bytes = std::fs::read(&entry).unwrap();
                let text = String::from_utf8_lossy(&bytes);
                assert!(!text.contains("canary-token") && !text.contains(&secret), "{}", entry.display());
            }
        }
    }
}

#[tokio::test]
async fn t59_a_checkout_leaves_out_what_leads_out() {
    let origin = Origin::new().await;
    let inner = "1".repeat(40);
    let sha = origin
        .commit(&[
            ("100644", "d/plain", "plain\r\n"),
            ("100755", "run", "#!/bin/sh\n"),
            ("120000", "d/in", "../run"),
            ("120000", "out", "/etc/passwd"),
            ("160000", "module", &inner),
            ("100644", ".gitattributes", "* filter=evil eol=lf ident\n"),
        ])
        .await;
    let (mirror, from) = (origin.mirror().await, origin.from());
    mirror.fetch(&from, &[main_branch()]).await.unwrap();

    let checkout = mirror.checkout(&from, &sha, &origin.place()).await.unwrap();

    assert_eq!(std::fs::read(origin.place().join("d/plain")).unwrap(), b"plain\r\n");
    assert_eq!(std::fs::read_link(origin.place().join("d/in")).unwrap(), Path::new("../run"));
    assert!(!origin.place().join("out").is_symlink());
    assert_eq!(checkout.base().left_out, ["module", "out"]);
    assert_eq!(checkout.changes().unwrap(), []);
    assert_eq!(Checkout::open(&origin.place()).unwrap().base(), checkout.base());
}

#[tokio::test]
async fn a_checkout_is_brought_to_where_another_one_was() {
    let origin = Origin::new().await;
    let sha = origin.commit(&[("100644", "a", "one"), ("100644", "d/b", "two"), ("100644", "c", "x")]).await;
    let (mirror, from) = (origin.mirror().await, origin.from());
    mirror.fetch(&from, &[main_branch()]).await.unwrap();
    let checkout = mirror.checkout(&from, &sha, &origin.place()).await.unwrap();
    std::fs::write(origin.place().join("a"), "ONE").unwrap();
    std::fs::remove_dir_all(origin.place().join("d")).unwrap();
    std::fs::write(origin.place().join("d"), "a file now").unwrap();

    let changes = checkout.changes().unwrap();
    let put = |at: &str, bytes: &[u8]| Change {
        path: path(at),
        change: ChangeKind::Put { mode: FileMode::Regular, bytes: bytes.to_vec() },
    };
    let delete = |at: &str| Change { path: path(at), change: ChangeKind::Delete };
    assert_eq!(changes, [put("a", b"ONE"), put("d", b"a file now"), delete("d/b")]);

    let again = mirror.checkout(&from, &sha, &origin.place()).await.unwrap();
    assert_eq!(again.changes().unwrap(), []);
    again.restore(&changes).unwrap();
    assert_eq!(again.changes().unwrap(), changes);

    again.remove().unwrap();
    let left: Vec<_> = std::fs::read_dir(origin.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// Answers every request with one status and gives back what it was asked first.
async fn ask_a_server_that_says(status: &str) -> (String, Result<BTreeMap<BranchName, CommitSha>, MirrorError>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/owner/name.git", server.local_addr().unwrap()).parse().unwrap();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let serve = async {
        let (mut stream, _) = server.accept().await.unwrap();
        let mut request = vec![0; 8192];
        let n = stream.read(&mut request).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request[..n]).into_owned()
    };
    let dir = TempDir::new().unwrap();
    let mirror = Mirror::open(dir.path(), RepoId(7)).await.unwrap();
    let from = FetchFrom { url, token: Some(SecretString::from("canary-token")) };
    let branches = [main_branch()];
    let mut fetch = std::pin::pin!(mirror.fetch(&from, &branches));
    tokio::select! {
        ended = &mut fetch => (String::new(), ended),
        first = serve => (first, fetch.await),
    }
}

#[tokio::test]
async fn the_token_goes_to_the_host_in_a_header_and_a_refusal_is_told_from_a_bad_moment() {
    let (request, ended) = ask_a_server_that_says("403 Forbidden").await;
    let header = format!("authorization: basic {}", STANDARD.encode("x-access-token:canary-token").to_lowercase());
    assert!(request.to_lowercase().contains(&header), "{request}");
    assert!(matches!(ended, Err(MirrorError::Refused(_))), "{ended:?}");

    assert!(matches!(ask_a_server_that_says("404 Not Found").await.1, Err(MirrorError::Gone(_))));
    assert!(matches!(ask_a_server_that_says("502 Bad Gateway").await.1, Err(MirrorError::Flaky(_))));
}

#[tokio::test]
async fn t49_t50_twenty_traps_for_git_in_a_checkout_and_its_repository_spring_nothing() {
    let origin = Origin::new().await;
    let canaries = origin.dir.path().join("canaries");
    std::fs::create_dir(&canaries).unwrap();
    let trap = |name: &str| format!("touch {}", canaries.join(name).display());
    let modules = format!("[submodule \"m\"]\n\tpath = m\n\turl = ext::sh -c {}\n", trap("module").replace(' ', "% "));
    let sha = origin
        .commit(&[
            ("100644", "a", "one"),
            ("100644", ".gitattributes", "* filter=evil diff=evil merge=evil ident eol=crlf\n"),
            ("100644", ".gitmodules", &modules),
            ("160000", "m", &"1".repeat(40)),
        ])
        .await;
    let (mirror, from) = (origin.mirror().await, origin.from());
    mirror.fetch(&from, &[main_branch()]).await.unwrap();
    let checkout = mirror.checkout(&from, &sha, &origin.place()).await.unwrap();
    let dot_git = origin.place().join(".git");
    std::fs::create_dir_all(dot_git.join("hooks")).unwrap();
    for hook in ["pre-commit", "post-checkout", "post-index-change", "reference-transaction", "pre-push"] {
        let at = dot_git.join("hooks").join(hook);
        std::fs::write(&at, format!("#!/bin/sh\n{}\n", trap(hook))).unwrap();
        std::fs::set_permissions(&at, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let keys = [
        ("core", "fsmonitor"),
        ("core", "sshCommand"),
        ("core", "pager"),
        ("core", "editor"),
        ("core", "gitProxy"),
        ("core", "askPass"),
        ("credential", "helper"),
        ("diff", "external"),
        ("diff \"evil\"", "textconv"),
        ("diff \"evil\"", "command"),
        ("filter \"evil\"", "smudge"),
        ("filter \"evil\"", "clean"),
        ("filter \"evil\"", "process"),
        ("merge \"evil\"", "driver"),
        ("uploadpack", "packObjectsHook"),
    ];
    let mut config = "[core]\n\trepositoryformatversion = 0\n\tworktree = ..\n".to_owned();
    for (section, key) in keys {
        let canary = trap(&format!("{}-{key}", section.replace([' ', '"'], "-")));
        config.extend(["[", section, "]\n\t", key, " = \"", &canary, " #\"\n"]);
    }
    std::fs::write(dot_git.join("config"), &config).unwrap();
    std::fs::write(dot_git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    std::fs::create_dir_all(dot_git.join("objects")).unwrap();
    std::fs::create_dir_all(dot_git.join("refs")).unwrap();

    assert!(checkout.changes().unwrap_err().to_string().starts_with(".git: "));
    mirror.read(&from, &sha, &path("a")).await.unwrap();
    let again = mirror.checkout(&from, &sha, &origin.place()).await.unwrap();

    assert_eq!(again.changes().unwrap(), []);
    assert_eq!(std::fs::read_dir(canaries).unwrap().count(), 0);
}

#[tokio::test]
async fn a_merge_takes_what_one_side_changed_merges_lines_and_names_what_does_not_go() {
    let lines = |first: &str, last: &str| format!("{first}\nb\nc\nd\n{last}\n");
    let origin = Origin::new().await;
    let before = [
        ("100644", "both", lines("a", "e")),
        ("100644", "clash", "one\n".to_owned()),
        ("100644", "gone", "x\n".to_owned()),
        ("100644", "removed", "x\n".to_owned()),
        ("100755", "same", "x\n".to_owned()),
    ];
    let commit = async |files: &[(&str, &str, String)]| {
        let files: Vec<(&str, &str, &str)> =
            files.iter().map(|(mode, path, text)| (*mode, *path, text.as_str())).collect();
        origin.commit(&files).await
    };
    let base = commit(&before).await;
    let theirs = commit(&[
        ("100644", "both", lines("a", "E")),
        ("100644", "clash", "theirs\n".to_owned()),
        ("100644", "gone", "changed\n".to_owned()),
        ("100644", "new", "theirs\n".to_owned()),
        ("100644", "removed", "x\n".to_owned()),
        ("100755", "same", "y\n".to_owned()),
    ])
    .await;
    origin.git(&["update-ref", "refs/heads/main", base.as_str()], b"").await;
    let ours = commit(&[
        ("100644", "both", lines("A", "e")),
        ("100644", "clash", "ours\n".to_owned()),
        ("100644", "added", "ours\n".to_owned()),
        ("100755", "same", "y\n".to_owned()),
    ])
    .await;
    origin.git(&["update-ref", "refs/heads/other", theirs.as_str()], b"").await;
    let (mirror, from) = (origin.mirror().await, origin.from());
    mirror.fetch(&from, &[main_branch(), "other".parse().unwrap()]).await.unwrap();

    let merged = mirror.merge(&from, &ours, &theirs).await.unwrap();

    let told: Vec<(&str, Option<&str>)> = merged
        .changes
        .iter()
        .map(|Change { path, change }| match change {
            ChangeKind::Put { bytes, .. } => (path.as_str(), std::str::from_utf8(bytes).ok()),
            ChangeKind::Delete => (path.as_str(), None),
        })
        .collect();
    let both = lines("A", "E");
    let clash = "<<<<<<< the work\nours\n=======\ntheirs\n>>>>>>> the base\n";
    let expected =
        [("added", Some("ours\n")), ("both", Some(both.as_str())), ("clash", Some(clash)), ("removed", None)];
    assert_eq!(told, expected);
    // What the work removed and the base has changed stays there until somebody says which it is.
    assert_eq!(merged.conflicts, [path("clash"), path("gone")]);
    assert!(has_marks(clash.as_bytes()) && !has_marks(both.as_bytes()));
    let strange = CommitSha::try_from("0".repeat(39) + "1").unwrap();
    assert!(matches!(mirror.merge(&from, &ours, &strange).await, Err(MirrorError::Bad(_))));
}

#[tokio::test]
async fn t55_a_commit_that_names_more_files_than_anybody_has_is_refused_at_once() {
    let origin = Origin::new().await;
    let mirror = origin.mirror().await;
    let blob = origin.git(&["hash-object", "-w", "--stdin"], b"x").await;
    let (mut kind, mut object) = ("100644 blob", blob);
    // Each tree holds the one before ten times over.
    for level in 1..=10 {
        let lines: String = (0..10).map(|n| format!("{kind} {object}\t{n}\n")).collect();
        (kind, object) = ("040000 tree", origin.git(&["mktree"], lines.as_bytes()).await);
        let limit = match level {
            6 => "the commit has more than 300000 files",
            10 => "git printed more than 268435456 bytes",
            _ => continue,
        };
        let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
        let commit = [&who[..], &["commit-tree", "-m", "x", &object]].concat();
        let commit = origin.git(&commit, b"").await;
        origin.git(&["update-ref", "refs/heads/main", &commit], b"").await;
        mirror.fetch(&origin.from(), &["main".parse().unwrap()]).await.unwrap();

        let commit: CommitSha = commit.parse().unwrap();
        let checkout = mirror.checkout(&origin.from(), &commit, &origin.place()).await.map(|_| ());
        for refused in [mirror.list(&commit).await.map(|_| ()), checkout] {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, MirrorError::Bad(_)) && refused.to_string().contains(limit), "{refused}");
        }
        assert!(!origin.place().exists());
    }
}
