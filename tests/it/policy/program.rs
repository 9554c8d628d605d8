//! `assentry config check` and `assentry schema`, as people type them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::crash::Town;
use crate::sandbox::images::{keep, small_system};

fn assentry(args: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_assentry")).args(args).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A repository's checkout with a policy.
fn checkout(policy: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".github")).unwrap();
    std::fs::write(dir.path().join(".github/assentry.toml"), policy).unwrap();
    dir
}

#[test]
fn a_sound_policy_is_told_with_what_holds() {
    let dir = checkout("[[profile]]\nlabel = 'deep-think'\nbudget = { dollars = '2.00' }\n[approval]\nrequired = 2\n");
    let done = assentry(&["config", "check", "--repo", "."], dir.path());
    let said = text(&done.stdout);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(said.starts_with("./.github/assentry.toml is sound. What holds:\n\nlabel \"deep-think\"\n"), "{said}");
    assert!(said.contains("approvals       2, by everyone with write access"), "{said}");
    assert!(said.contains("grants          $2.00, 10000000 tokens, 60 minutes, 150 turns"), "{said}");
}

#[test]
fn all_mistakes_of_a_policy_are_told_and_the_exit_code_says_so() {
    let dir = checkout("[approvals]\nrequired = 2\n[plan]\nrounds = 99\n");
    let done = assentry(&["config", "check", "--repo", "."], dir.path());
    assert_eq!(done.status.code(), Some(2));
    assert_eq!(
        text(&done.stderr),
        "assentry: 2 things are wrong with ./.github/assentry.toml:\n  \
         line 1: approvals: there is no such key: did you mean `approval`?\n  \
         line 4: plan.rounds: must be a whole number from 1 to 15, without quotes\n"
    );
    let none = tempfile::tempdir().unwrap();
    let done = assentry(&["config", "check", "--repo", "."], none.path());
    assert!(text(&done.stdout).contains("is not there, which is fine"), "{}", text(&done.stdout));
    assert_eq!(done.status.code(), Some(0));
    let done = assentry(&["config", "check", "--repo", "misspelt"], none.path());
    assert!(text(&done.stderr).contains("cannot be read"), "{}", text(&done.stderr));
    assert_eq!(done.status.code(), Some(2));
}

#[test]
fn where_owners_must_approve_their_file_is_read_too() {
    let dir = checkout("[approval]\nseparation = 'owners'\n");
    let done = assentry(&["config", "check", "--repo", "."], dir.path());
    assert!(text(&done.stdout).contains("there is no .github/CODEOWNERS, CODEOWNERS, docs/CODEOWNERS"));
    assert!(done.status.success(), "{}", text(&done.stderr));

    std::fs::write(dir.path().join("CODEOWNERS"), "* @acme/core\n!src @bob\n/docs bob\n").unwrap();
    let done = assentry(&["config", "check", "--repo", "."], dir.path());
    assert_eq!(done.status.code(), Some(2));
    let said = text(&done.stderr);
    assert!(said.contains("2 things are wrong with ./CODEOWNERS:\n  line 2: is passed over: "), "{said}");
    assert!(said.contains("line 3: is passed over: "), "{said}");

    std::fs::write(dir.path().join("CODEOWNERS"), "* @acme/core\n").unwrap();
    let done = assentry(&["config", "check", "--repo", "."], dir.path());
    assert!(text(&done.stdout).contains("owners must approve, by 1 lines of ./CODEOWNERS."), "{}", text(&done.stdout));
    assert!(done.status.success());
}

#[test]
fn mistakes_of_both_files_are_told_together() {
    let dir = checkout("[aproval]\n");
    std::fs::write(dir.path().join("server.toml"), "[githb]\n").unwrap();
    let done = assentry(&["config", "check", "--config", "server.toml", "--repo", "."], dir.path());
    assert_eq!(done.status.code(), Some(2));
    let said = text(&done.stderr);
    assert!(said.contains("githb: there is no such key: did you mean `github`?"), "{said}");
    assert!(said.contains("aproval: there is no such key: did you mean `approval`?"), "{said}");
}

#[tokio::test]
async fn an_image_must_be_there_and_be_what_its_name_says() {
    let (town, archive, elsewhere) = (Town::new().await, small_system(), tempfile::tempdir().unwrap());
    let digest = keep(elsewhere.path(), &archive, "tar");
    let dir = checkout(&format!("[execute]\nimage = \"sha256:{digest}\"\n"));
    let images = dir.path().join("images");
    let usual = std::fs::read_to_string(&town.config).unwrap();
    let server = |more: &str| {
        let ours = format!("{usual}\n[sandbox]\nimages = '{}'\n{more}\n", images.display());
        std::fs::write(&town.config, ours).unwrap();
    };
    let check = || {
        let config = town.config.to_str().unwrap();
        let done = assentry(&["config", "check", "--config", config, "--repo", "."], dir.path());
        (done.status.code(), text(&done.stderr))
    };
    let wrong = |why: &str| {
        let (code, said) = check();
        assert!(code == Some(2) && said.contains(why), "{why}: {said}");
    };
    server("");
    wrong(&format!("sandbox.images: {} cannot be read (No such file or directory", images.display()));
    std::fs::create_dir(&images).unwrap();
    wrong(&format!("execute.image: is not in {}: put {digest}.tar or {digest}.tar.gz there", images.display()));

    let kept = images.join(format!("{digest}.tar"));
    std::fs::write(&kept, &archive[..archive.len() / 2]).unwrap();
    wrong(&format!("execute.image: cannot be used, for of {} its content has the digest ", kept.display()));
    keep(&images, &archive, "tar");
    assert_eq!(check(), (Some(0), String::new()));
    std::fs::write(images.join("debian.tar"), "").unwrap();
    wrong("sandbox.images: has files that no policy can name: debian.tar: call each DIGEST.tar");
    std::fs::remove_file(images.join("debian.tar")).unwrap();

    server("walls = 'landlock'");
    wrong("line 2: execute.image: this server cannot use an image: its walls are landlock alone");
    server("[models.execute]\nagent = 'guest'\n[agents.guest]\ncommand = ['agent', '{gateway}', '{token}']");
    wrong("line 2: execute.image: cannot be used with guest, which executes for the label \"assentry\"");
}

#[test]
fn the_schemas_are_printed_as_json() {
    let here = tempfile::tempdir().unwrap();
    for (what, key) in [("policy", "profile"), ("config", "github"), ("plan", "steps"), ("webhook", "issue")] {
        let done = assentry(&["schema", what], here.path());
        let schema: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert!(schema["properties"][key].is_object(), "{what}");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
}
