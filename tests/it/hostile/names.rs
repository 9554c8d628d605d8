//! Names that mean another file to somebody else: git's own, other spellings, characters that nobody sees.

use super::*;

pub(super) fn scripts() -> Vec<Hostile> {
    vec![
        bin("git-folder", "mkdir bin/.git; echo '[core] fsmonitor = touch /tmp/x' > bin/.git/config", "rm -r bin/.git")
            .told("no name may mean .git"),
        Hostile::undone("git-folder-at-the-root", "mkdir -p .git/hooks; echo x > .git/hooks/pre-commit", "rm -r .git")
            .told(".git: no name may mean .git"),
        bin("git-file", "echo 'gitdir: /etc' > bin/.git", "rm bin/.git"),
        bin("git-in-capitals", "mkdir bin/.GIT; echo x > bin/.GIT/config", "rm -r bin/.GIT"),
        bin("short-git", "mkdir bin/GIT~1; echo x > bin/GIT~1/config", "rm -r bin/GIT~1"),
        bin("git-with-an-ignorable", "mkdir bin/.g\u{200c}it; echo x > bin/.g\u{200c}it/config", "rm -r bin/.g*"),
        bin("git-with-a-dot", "mkdir bin/.git.; echo x > bin/.git./config", "rm -r bin/.git."),
        bin("git-in-wide-letters", "echo x > bin/．git", "rm bin/．git"),
        bin("same-name-in-capitals", "echo x > bin/SLUG", "rm bin/SLUG").told("differs from bin/slug in case"),
        bin("folder-in-capitals", "mkdir BIN; echo x > BIN/y", "rm -r BIN").within(&["**"], 5),
        bin("same-name-composed", "echo x > bin/\u{e9}; echo x > bin/e\u{301}", "rm bin/\u{e9} bin/e\u{301}")
            .told("in case or Unicode composition only"),
        bin("line-break-in-a-name", "echo x > 'bin/a\nb'", "rm bin/a*b").told("control or invisible characters"),
        bin("escape-in-a-name", "echo x > \"bin/$(printf 'a\\033[2Jb')\"", "rm bin/a*b"),
        bin("right-to-left", "echo x > bin/gnp\u{202e}sh.", "rm bin/gnp*"),
        bin("zero-width", "echo x > bin/sl\u{200b}ug", "rm bin/sl?ug bin/sl???ug 2>/dev/null; ls bin"),
        bin("no-text", "echo x > \"bin/$(printf 'a\\377')\"", "rm bin/a*").told("a name must be UTF-8"),
        bin("backslash", "echo x > 'bin/a\\b'", "rm bin/a*b"),
        bin(
            "long-path",
            &format!(
                "cd bin; mkdir -p {0} && cd {0} && mkdir -p {0} && cd {0} && mkdir -p {0} && echo x > {0}/f",
                "a-long-name-of-a-directory/".repeat(15)
            ),
            "rm -r bin/a-long*",
        )
        .told("a path has at most 1,024 bytes"),
        Hostile::spoilt("deep-path", &format!("mkdir -p bin/{0} && echo x > bin/{0}f", "d/".repeat(300)))
            .within(&["bin/**"], 3),
        Hostile::calls(
            "dots-by-tool",
            vec![create("../outside", "x"), create("bin/../../outside", "x"), create("./../x", "x")],
        )
        .told("the arguments do not fit"),
        Hostile::calls("root-by-tool", vec![create("/tmp/outside", "x"), call("read", json!({"path": "/etc/passwd"}))])
            .told("the arguments do not fit")
            .never("root:x:0:0"),
        Hostile::calls(
            "git-by-tool",
            vec![create(".git/hooks/pre-commit", "x"), create("bin/.GIT/config", "x"), create("git~1/x", "x")],
        )
        .told(".git/hooks/pre-commit"),
        Hostile::calls("nul-by-tool", vec![create("bin/a\0b", "x"), create("bin/a\nb", "x"), run("echo a\0b")])
            .told("the command is empty or holds a NUL"),
        Hostile::calls("hidden-by-tool", vec![create("bin/\u{202e}gnp", "x"), create("bin/sl\u{200b}ug", "x")])
            .within(&["bin/**"], 3)
            .told("control or invisible characters"),
        Hostile::calls("option-by-tool", vec![create("--upload-pack=x", "x"), create("-rf", "x")]),
        bin(
            "windows-names",
            "echo x > bin/con; echo x > 'bin/a:b'; echo x > 'bin/slug '; echo x > bin/slug.",
            "rm bin/con bin/a:b 'bin/slug ' bin/slug.",
        ),
    ]
}

fn bin(name: &'static str, bad: &str, undo: &str) -> Hostile {
    Hostile::undone(name, bad, undo).within(&["bin/**"], 3)
}
