//! How often a plan is revised before a person must ask for it.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn after_so_many_rounds_a_person_must_ask_and_then_all_notes_are_taken_up() {
    let world = World::with(story::script(), story::repository(), "[plan]\nrounds = 2\n").await;
    let talk = Talk::of(world).await;
    for (version, risk) in [(2, "- One."), (3, "- Two.")] {
        let start = if version == 2 { "- Pages that link" } else { "- One." };
        talk.remarks("bob", start, &suggestion(risk));
        assert_eq!(talk.version().await, version);
    }
    talk.remarks("bob", "- Two.", &suggestion("- Three."));
    let note = talk.remarks("cara", story::REMARK_AT, story::REMARK);
    assert_eq!(talk.version().await, 3);
    let said = talk.world.said(talk.pull);
    assert_eq!(said.iter().filter(|text| text.starts_with("2 revisions were made in a row.")).count(), 1, "{said:#?}");

    let told = "2 revisions were made in a row; what was said since waits, and `/plan` by someone with write access takes it up.";
    assert!(talk.world.said(talk.issue)[0].contains(told), "{}", talk.world.said(talk.issue)[0]);

    talk.world.person("ann").comments(talk.issue, "/plan").unwrap();
    assert_eq!(talk.version().await, 4);
    let plan = talk.plan();
    assert_eq!((plan.risks, plan.steps.len()), (vec!["Three.".to_owned()], 2));
    assert!(talk.is_resolved(note));
    talk.remarks("bob", "- Three.", &suggestion("- Four."));
    assert_eq!(talk.version().await, 5, "and the count begins anew");
}
