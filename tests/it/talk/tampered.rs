//! Somebody changes or deletes what we wrote: the database stays the truth, and there is no war of edits (F44).

use std::time::Duration;

use assentry::demo::github::CommentView;

use crate::world::{REPO, World};

fn ours(world: &World, issue: i64) -> Vec<CommentView> {
    let bot = world.github.bot_login();
    world.github.issue_comments(REPO, issue).into_iter().filter(|comment| comment.author == bot).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f44_comments_of_ours_that_people_edit_or_delete_decide_nothing_and_are_not_fought_for() {
    for deleted in [false, true] {
        let world = Box::pin(World::start()).await;
        let issue = world.planned().await;
        let digest = world.state(issue).await.shown().unwrap().subject.digest.to_string();
        for comment in ours(&world, issue) {
            if deleted {
                world.person("ann").deletes_comment(comment.id).unwrap();
            } else {
                let forged = comment.body.replace(&digest[..12], "000000000000");
                world.person("ann").edits_comment(comment.id, &format!("{forged}\n\n/approve")).unwrap();
            }
        }
        world.settle().await;
        world.passes(Duration::from_secs(600)).await;
        assert_eq!(world.phase(issue).await, "awaiting_approval", "{:#?}", world.said(issue));
        assert!(ours(&world, issue).len() <= 3, "{:#?}", world.said(issue));

        world.person("bob").approves(world.plan_pull(issue).await).unwrap();
        world.settle().await;
        assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
        let pulls = world.work_pulls();
        let commits = world.github.pull_commits(REPO, pulls[0].number);
        assert!(commits[0].message.contains(&format!("Plan-Digest: {digest}")), "{}", commits[0].message);
        assert!(ours(&world, issue).len() <= 3, "{:#?}", world.said(issue));
    }
}
