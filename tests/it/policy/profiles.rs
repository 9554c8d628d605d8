//! What a profile decides: budget, models, template, checks, tiers; and whose policy counts.

use std::sync::Arc;

use assentry::demo::github::NewRepository;
use assentry::demo::model::{Reply, Seen};
use assentry::workflow::approval::Separation;

use super::{PATH, labelled, plan, repository, terms, world};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_of_the_profile_is_what_the_plan_shows_and_an_approval_grants() {
    let policy = "[[profile]]\nlabel = 'small'\nbudget = { dollars = '0.75', minutes = 7 }\n";
    let world = world(policy, "").await;
    let issue = labelled(&world, "ann", "small").await;
    let terms = terms(&world, issue).await;
    assert_eq!((terms.budget.micro_dollars, terms.budget.minutes, terms.budget.turns), (750_000, 7, 150));
    assert!(world.said(issue).iter().any(|text| text.contains("$0.75")), "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_of_the_profile_plan_and_execute() {
    let policy = "[[profile]]\nlabel = 'deep'\nmodel = { plan = 'big', execute = 'big' }\n";
    let allowed = "[models.allowed.big]\nmodel = 'claude-test-big'\n";
    let world = world(policy, allowed).await;
    let issue = labelled(&world, "ann", "deep").await;
    let terms = terms(&world, issue).await;
    assert_eq!(terms.models.plan, "anthropic/claude-test-big");
    world.passes(std::time::Duration::from_secs(60)).await;
    world.person("bob").comments(issue, &format!("/approve {}", world.digest(issue).await)).unwrap();
    world.settle().await;
    assert_eq!(world.work_pulls().len(), 1, "{:#?}", world.said(issue));
    assert!(world.model.requests().iter().all(|request| request.body.contains("\"claude-test-big\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn instructions_and_template_reach_the_planner_and_a_section_that_is_missing_is_asked_for() {
    let policy = "[plan]\ninstructions = 'Keep it in POSIX shell.'\n[plan.template.care]\nsections = ['Rollback']\n\
        [[profile]]\nlabel = 'assentry'\ntemplate = 'care'\n";
    let planner = Arc::new(|seen: &Seen| {
        assert!(seen.user_texts.iter().any(|text| text.contains("Keep it in POSIX shell.")));
        let mut submission = plan();
        if seen.turns > 0 {
            submission["approach"] = "By hand.\n\nRollback: revert the commit.".into();
        }
        Reply::call("submit_plan", &serde_json::json!({ "plan": submission }))
    });
    let world = World::with(planner, repository(policy), "").await;
    let issue = labelled(&world, "ann", "assentry").await;
    let terms = terms(&world, issue).await;
    assert!(terms.plan.approach.contains("Rollback: revert"), "{}", terms.plan.approach);
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_set_up_and_protected_paths_of_the_policy_are_part_of_what_is_approved() {
    let policy = "[execute]\nset_up = ['true']\nchecks = ['test -x bin/slug']\nprotected = ['infra/**']\n";
    let world = world(policy, "").await;
    let issue = labelled(&world, "ann", "assentry").await;
    let covered = terms(&world, issue).await;
    assert!(covered.plan.checks.iter().any(|check| check.command == "test -x bin/slug"));
    assert_eq!((covered.set_up, covered.protected), (vec!["true".to_owned()], vec!["infra/**".to_owned()]));
    for shown in ["test -x bin/slug", "| Set-up commands | `true` |", "| Protected by the policy | `infra/**` |"] {
        assert!(world.said(issue).iter().any(|text| text.contains(shown)), "{shown}: {:#?}", world.said(issue));
    }
    world.passes(std::time::Duration::from_secs(60)).await;
    world.person("bob").comments(issue, &format!("/approve {}", world.digest(issue).await)).unwrap();
    world.settle().await;
    assert_eq!(world.work_pulls().len(), 1, "{:#?}", world.said(issue));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_the_policy_protects_is_planned_only_by_its_exact_name() {
    let policy = "[execute]\nprotected = ['bin/**']\n";
    let planner = Arc::new(|seen: &Seen| {
        let mut plan = plan();
        plan["scope"]["protected"] = (seen.turns > 0).into();
        Reply::call("submit_plan", &serde_json::json!({ "plan": plan }))
    });
    let world = World::with(planner, repository(policy), "").await;
    let issue = labelled(&world, "ann", "assentry").await;
    assert!(terms(&world, issue).await.plan.scope.protected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_that_the_plan_fits_asks_for_more() {
    let policy = "[[approval.tier]]\npaths = ['bin/**']\nrequired = 2\nseparation = 'two-person'\n\
        [[approval.tier]]\npaths = ['infra/**']\nrequired = 5\n";
    let world = world(policy, "").await;
    let issue = labelled(&world, "ann", "assentry").await;
    let state = world.state(issue).await;
    let rules = &state.shown().unwrap().rules;
    assert_eq!((rules.required, rules.separation), (2, Separation::TwoPerson));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organisations_policy_counts_where_the_repository_has_none() {
    let world = World::start().await;
    let files = vec![(PATH.to_owned(), b"[approval]\nrequired = 3\n".to_vec(), false)];
    let shared = NewRepository { name: "acme/.github".to_owned(), files, private: true };
    world.github.adds_repository(shared).await.unwrap();
    let issue = labelled(&world, "ann", "assentry").await;
    assert_eq!(world.state(issue).await.shown().unwrap().rules.required, 3);
    world.person("ann").pushes("main", PATH, "[approval]\nrequired = 2\n").unwrap();
    let own = labelled(&world, "ann", "assentry").await;
    assert_eq!(world.state(own).await.shown().unwrap().rules.required, 2);
}
