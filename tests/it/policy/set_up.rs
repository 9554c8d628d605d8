//! Set-up commands of the policy: run once per base commit, kept as a layer, and copied into each checkout.

use std::sync::Arc;
use std::time::Duration;

use assentry::demo::model::{Call, Reply, Seen};
use serde_json::json;

use super::*;

/// A world whose executor runs `command`, then works honestly.
async fn works(set_up: &[&str], ignored: &str, command: &'static str) -> World {
    let policy = format!("[execute]\nset_up = {}\n", json!(set_up));
    let mut repository = repository(&policy);
    repository.files.push((".gitignore".to_owned(), ignored.as_bytes().to_vec(), false));
    works_by(repository, command, "").await
}

/// The same with a repository and more of a configuration.
pub(super) async fn works_by(repository: NewRepository, command: &'static str, more: &str) -> World {
    let edit = json!({
        "path": "bin/slug",
        "old": r"sed -e 's/[^a-z0-9]\{1,\}/-/g'",
        "new": r"sed -e 's/[^a-z0-9]\{1,\}/-/g' -e 's/^-//' -e 's/-$//'",
    });
    let script = move |seen: &Seen| match (seen.offers("tick"), seen.turns) {
        (false, _) => Reply::call("submit_plan", &json!({"plan": plan()})),
        (true, 0) => Reply::call("run", &json!({ "command": command })),
        (true, 1) => Reply::calls("", vec![Call::new("edit", &edit), Call::new("tick", &json!({"step": "s1"}))]),
        (true, _) => Reply::call("finish", &json!({"summary": "Trimmed."})),
    };
    World::with(Arc::new(script), repository, more).await
}

/// Has a new issue planned, approved and executed; gives it and what the executor was sent at last.
pub(super) async fn executed(world: &World) -> (i64, String) {
    let issue = labelled(world, "ann", "assentry").await;
    world.passes(Duration::from_secs(60)).await;
    world.person("bob").comments(issue, &format!("/approve {}", world.digest(issue).await)).unwrap();
    world.settle().await;
    (issue, world.model.requests().pop().unwrap().body)
}

#[tokio::test(flavor = "multi_thread")]
async fn set_up_runs_once_a_base_commit_and_nothing_an_execution_does_to_it_stays() {
    let world = works(
        &["echo x >> ~/count", "mkdir tools; cp ~/count tools/count; chmod -w tools/count"],
        "tools\n",
        "cat ~/count tools/count; echo y >> ~/count; rm -f tools/count; echo y > tools/count",
    )
    .await;
    for _ in 0..2 {
        let (issue, sent) = executed(&world).await;
        assert!(sent.contains("exit 0\\nx\\nx\\n"), "{sent}");
        assert!(world.work_pulls().iter().any(|pull| pull.body.contains(&format!("#{issue}"))));
    }
    let folders = |dir: &std::path::Path| {
        let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect::<Vec<_>>()
    };
    let repositories = folders(&world.core.settings.data_dir.join("layers"));
    assert_eq!((repositories.len(), folders(&repositories[0]).len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_set_up_does_to_the_repositorys_files_is_not_part_of_the_work() {
    let world = works(
        &["echo changed >> bin/slug; rm CHANGELOG.md; echo generated > bin/generated"],
        "tools\n",
        "cat CHANGELOG.md bin/generated; tail -1 bin/slug",
    )
    .await;
    let (_, sent) = executed(&world).await;
    assert!(sent.contains("generated") && !sent.contains("changed\\n"), "{sent}");
    let pulls = world.work_pulls();
    assert_eq!(world.github.changed_files(REPO, pulls[0].number), ["bin/slug"]);
    assert!(!world.github.file(REPO, &pulls[0].head, "bin/slug").unwrap().contains("changed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_command_that_fails_ends_the_work_before_it_begins_and_says_why() {
    let world = works(&["true", "echo the tools are missing; exit 3"], "", "true").await;
    let issue = labelled(&world, "ann", "assentry").await;
    world.passes(Duration::from_secs(60)).await;
    world.person("bob").comments(issue, &format!("/approve {}", world.digest(issue).await)).unwrap();
    world.settle().await;
    assert_eq!((world.phase(issue).await.as_str(), world.work_pulls().len()), ("ended", 0));
    let status = world.said(issue).first().cloned().unwrap();
    for told in ["`echo the tools are missing; exit 3`", "exit 3: the tools are missing", "set-up command", "`/retry "]
    {
        assert!(status.contains(told), "{status}");
    }
    assert_eq!(world.model.requests().len(), 1, "the executor was not asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn t59_set_up_that_leaves_a_link_is_told_apart_from_work_that_does() {
    let world = works(&["ln -s /etc bin/link"], "", "true").await;
    let (issue, _) = executed(&world).await;
    let status = world.said(issue).first().cloned().unwrap();
    assert!(status.contains("it left bin/link: a link must be unchanged"), "{status}");
    assert_eq!(world.work_pulls().len(), 0);
}
