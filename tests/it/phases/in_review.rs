//! Column P: the work is up for review. What bears on the plan alone changes nothing any more; what bears on the work is
//! said on its pull request, once.

use assentry::demo::github::Role;
use assentry::demo::story;

use super::Case;
use super::base::{other_model, rewrites};
use crate::after::update::another_line;
use crate::world::REPO;

type Deed = fn(&mut Case);

/// How much the bot has said on the issue, on the plan pull request and on that with the work.
fn said(case: &Case) -> [usize; 3] {
    [case.issue, case.pull, case.work().number].map(|number| case.world.said(number).len())
}

/// Bob's approving review.
fn review(case: &Case) -> i64 {
    case.world.github.reviews(REPO, case.pull)[0].id
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_what_bears_on_the_plan_alone_changes_nothing_and_is_not_answered_p() {
    let deeds: [(&str, Deed); 14] = [
        ("unrelated commits", |case| {
            case.world.file_on_main("README.md", "Other words.\n");
        }),
        ("commits in scope that fit", |case| {
            let tool = case.world.github.file(REPO, "main", "bin/slug").unwrap();
            case.world.file_on_main("bin/slug", &tool.replacen('\n', "\n# Prints the slug of a title.\n", 1));
        }),
        ("foreign push to the plan branch", |case| {
            case.world.person("cara").pushes(&case.plan_branch(), "sneaky.md", "more").unwrap();
        }),
        ("plan pull request merged", |case| {
            let cara = case.world.person("cara");
            cara.reopens(case.pull).unwrap();
            cara.marks_ready(case.pull).unwrap();
            cara.merges(case.pull).unwrap();
        }),
        ("plan branch deleted", |case| case.world.person("cara").deletes_branch(&case.plan_branch()).unwrap()),
        ("objection", |case| {
            case.world.person("cara").comments(case.issue, "/reject not like this").unwrap();
        }),
        ("dismissal", |case| case.world.person("cara").dismisses(case.pull, review(case), "no").unwrap()),
        ("withdrawal", |case| {
            case.world.person("bob").comments(case.issue, "/unapprove").unwrap();
        }),
        ("approver loses access", |case| case.world.github.grants("bob", REPO, Role::Read).unwrap()),
        ("requester loses access", |case| case.world.github.grants("ann", REPO, Role::None).unwrap()),
        ("another model", other_model),
        ("archived", |case| case.world.github.archives(REPO).unwrap()),
        ("in use again, and suspended", |case| {
            case.world.github.unarchives(REPO).unwrap();
            case.world.github.suspends_installation(REPO, true).unwrap();
        }),
        ("not suspended any more", |case| case.world.github.suspends_installation(REPO, false).unwrap()),
    ];
    let mut case = Case::delivered().await;
    for (name, deed) in deeds {
        let before = said(&case);
        deed(&mut case);
        case.world.passes(std::time::Duration::from_secs(60)).await;
        case.is_built().await;
        assert_eq!(said(&case), before, "{name}: {:#?}", case.world.said(case.work().number));
    }

    // It is with the people who merge, all the time.
    case.world.person("cara").merges(case.work().number).unwrap();
    case.world.settle().await;
    assert_eq!(case.phase().await, "ended");
    assert!(case.status().starts_with("**Assentry: merged**"), "{}", case.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_what_bears_on_the_work_is_told_once_where_it_is_decided_p() {
    let deeds: [(Deed, &str); 5] = [
        (
            |case| {
                case.world.file_on_main("bin/slug", &another_line());
            },
            "this work conflicts with it in `bin/slug`. `/update` here merges it",
        ),
        (|case| rewrites(case), "moved away from the commit that this work was built on"),
        (
            |case| case.world.github.shows_only_to_collaborators(REPO, false).unwrap(),
            "was made public after this work was done: please look for what should not be seen",
        ),
        (|case| case.world.person("tim").closes(case.issue).unwrap(), "which this work is for, was closed"),
        (|case| case.world.person("ann").deletes_issue(case.issue).unwrap(), "was deleted or moved"),
    ];
    let private = assentry::demo::github::NewRepository { private: true, ..story::repository() };
    let mut case = Case::waiting_in(private).await;
    case.world.person("bob").approves(case.pull).unwrap();
    case.is_built().await;
    let work = case.work().number;
    for (deed, told) in deeds {
        let before = case.world.said(work).len();
        deed(&mut case);
        case.world.passes(std::time::Duration::from_secs(60)).await;
        assert_eq!(case.phase().await, "in_review", "{told}");
        let said = case.world.said(work);
        assert_eq!(said.len(), before + 1, "{told}: {said:#?}");
        assert!(said[before].contains(told), "{told}: {}", said[before]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn phase_commits_in_scope_that_conflict_are_told_once_for_each_state_of_the_work_p() {
    let case = Case::delivered().await;
    let conflicts = || {
        let said = case.world.said(case.work().number);
        said.iter().filter(|text| text.contains("this work conflicts with it in")).count()
    };
    case.world.file_on_main("bin/slug", &another_line());
    case.world.settle().await;
    assert_eq!(conflicts(), 1);
    case.world.file_on_main("bin/slug", &format!("{}# More.\n", another_line()));
    case.world.settle().await;
    assert_eq!(conflicts(), 1);
    assert_eq!(
        (case.phase().await.as_str(), case.world.github.pull_commits(REPO, case.work().number).len()),
        ("in_review", 1)
    );
}
