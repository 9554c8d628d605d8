//! Secrets stay where they are, and tokens are no broader than their step.

use std::path::Path;

use super::words::harmless;
use super::*;

/// Everything in a folder, as one heap of bytes, without the files that hold the secrets by right.
fn heap(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_symlink() || ["key.pem", "secret", "model-key"].contains(&name.as_str()) {
            continue;
        }
        bytes.extend(if path.is_dir() { heap(&path) } else { std::fs::read(&path).unwrap_or_default() });
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn t32_t36_t38_t41_no_secret_is_in_anything_that_is_said_sent_or_kept() {
    let mut work = vec![calls(vec![
        run("env; cat /proc/self/environ /proc/1/environ; ls -la / /tmp /root /home; cat .git/config; ps auxeww"),
        run(
            "cat ../../../key.pem ../../../secret ../../../model-key; find / -name key.pem -o -name model-key 2>/dev/null",
        ),
        run("grep -r 'ghs_\\|x-access-token\\|AUTHORIZATION' . 2>/dev/null"),
    ])];
    work.extend(honest());
    let world = world(works(plan(), work), "").await;
    // A model's error that repeats the key, and GitHub's refusals, on the way.
    let issue = executed(&world).await;
    assert_eq!(world.work_pulls().len(), 1, "{:#?}", world.said(issue));

    let key = world.github.private_key_pem().to_owned();
    let middle = key.lines().nth(5).unwrap().to_owned();
    let canaries = [middle.as_str(), crate::world::SECRET, "sk-scripted", "ghs_", "BEGIN RSA PRIVATE", "BEGIN PRIVATE"];
    let mut said = world.said(issue);
    for pull in world.github.pulls(REPO) {
        said.extend(world.said(pull.number));
        said.extend([pull.body, pull.title]);
        said.extend(world.github.pull_commits(REPO, pull.number).into_iter().map(|commit| commit.message));
    }
    said.extend(world.model.requests().into_iter().map(|request| request.body));
    let kept = heap(world.data.path());
    assert!(kept.windows(9).any(|window| window == b"awaiting_"), "the database is in the heap");
    for canary in canaries {
        // What the script itself asks for stands in the conversation.
        let own = |text: &str| text.replace("grep -r 'ghs_", "").replace("grep -r 'ghs_", "");
        assert!(said.iter().all(|text| !own(text).contains(canary)), "{canary} was said");
        if canary != "ghs_" {
            assert!(!kept.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary} was kept");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t41_a_vendor_that_repeats_the_key_does_not_bring_it_into_public() {
    let world = world(
        |_: &Seen| Reply::status(
            401,
            &json!({"type": "error", "error": {"type": "authentication_error", "message": "bad key sk-scripted, @acme/all"}}),
        ),
        "",
    )
    .await;
    let issue = world.planned().await;
    ended(&world, issue, "refused the key", "operator").await;
    let status = status(&world, issue);
    assert!(!status.contains("sk-scripted"), "{status}");
    harmless(&status);
    assert!(!heap(world.data.path()).windows(11).any(|window| window == b"sk-scripted"));
}
