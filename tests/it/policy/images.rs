//! A root file system that the policy names by its digest: approved with the plan, and what the execution runs in.

use super::set_up::{executed, works_by};
use super::*;
use crate::sandbox::images::{keep, small_system};

/// A world whose policy names the small system, and the folder of images, which is empty yet.
async fn with_image(command: &'static str) -> (World, tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let digest = keep(elsewhere.path(), &small_system(), "tar").to_string();
    let policy = format!("[execute]\nimage = \"sha256:{digest}\"\nset_up = [\"cat /mark > bin/from\"]\n");
    let mut repository = repository(&policy);
    repository.files.push((".gitignore".to_owned(), b"from\n".to_vec(), false));
    let more = format!("[sandbox]\nimages = '{}'\n", folder.path().display());
    (works_by(repository, command, &more).await, folder, digest)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_runs_in_the_image_that_was_approved() {
    let (world, folder, digest) = with_image("cat bin/from /mark; test -e /usr/bin/env || echo not the host").await;
    keep(folder.path(), &small_system(), "tar");
    let (issue, sent) = executed(&world).await;

    assert!(sent.contains("exit 0\\nimage\\nimage\\nnot the host\\n"), "{sent}");
    assert_eq!(world.work_pulls().len(), 1, "{:#?}", world.said(issue));
    let shown = format!("| Run in the image | `sha256:{digest}` |");
    assert!(world.said(issue).iter().any(|text| text.contains(&shown)), "{:#?}", world.said(issue));
    assert_eq!(terms_of_first(&world, issue).await.image.unwrap().as_str(), digest);
}

async fn terms_of_first(world: &World, issue: i64) -> Terms {
    let row = world.row(issue).await.unwrap();
    serde_json::from_str(&world.core.store.plan(row.id, 1).await.unwrap().unwrap().terms).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_image_nothing_is_run_and_the_way_on_is_told() {
    let (world, folder, digest) = with_image("true").await;
    let (issue, _) = executed(&world).await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("ended", 0));
    assert_eq!(world.model.requests().len(), 1, "the executor was not asked");
    let status = world.said(issue).first().cloned().unwrap();
    for told in [&format!("there is no {digest}.tar"), "The operator has to", "`/retry "] {
        assert!(status.contains(told), "{told}: {status}");
    }

    keep(folder.path(), &small_system(), "tar");
    world.passes(std::time::Duration::from_secs(60)).await;
    let again = status.split('`').find(|code| code.starts_with("/retry ")).unwrap();
    world.person("bob").comments(issue, again).unwrap();
    world.settle().await;
    assert_eq!(world.work_pulls().len(), 1, "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_server_has_no_images_a_policy_cannot_name_one() {
    let policy = format!("[execute]\nimage = \"sha256:{}\"\n", "ab".repeat(32));
    let world = world(&policy, "").await;
    let issue = labelled(&world, "ann", "assentry").await;
    let said = world.said(issue).join("\n");
    assert!(said.contains("this server has no images; its operator can add them"), "{said}");
}

/// Asserts that a policy with an image is refused before anything is asked of a model, and that the run goes on once the
/// policy names none.
async fn refused_until_mended(more: &str, why: &str) {
    let folder = tempfile::tempdir().unwrap();
    let digest = keep(folder.path(), &small_system(), "tar");
    let more = format!("[sandbox]\nimages = '{}'\n{more}\n", folder.path().display());
    let world = world(&format!("[execute]\nimage = \"sha256:{digest}\"\n"), &more).await;
    let issue = labelled(&world, "ann", "assentry").await;
    let said = world.said(issue).join("\n");
    for told in [PATH, "line 2: `execute.image: ", why, "leave image out"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert_eq!((world.model.requests().len(), world.phase(issue).await.as_str()), (0, "none"));
    let pull = proposes(&world, "image", &format!("[execute]\nimage = \"sha256:{digest}\"\nchecks = ['true']\n"));
    world.settle().await;
    let head = world.github.pull(REPO, pull).unwrap().head_sha;
    let check = world.github.checks(REPO, &head).into_iter().find(|check| check.name == "assentry/policy").unwrap();
    assert!(check.conclusion.as_deref() == Some("failure") && check.summary.contains(why), "{}", check.summary);

    mended(&world, "[execute]\nchecks = ['true']\n").await;
    world.passes(std::time::Duration::from_secs(900)).await;
    assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_walls_are_landlock_alone_a_policy_cannot_name_an_image() {
    refused_until_mended("walls = 'landlock'", "its walls are landlock alone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_agent_of_others_executes_a_policy_cannot_name_an_image() {
    let agent = "[models.execute]\nagent = 'guest'\n[agents.guest]\ncommand = ['agent', '{gateway}', '{token}']";
    refused_until_mended(agent, "cannot be used with guest, which executes for the label \"assentry\"").await;
}
