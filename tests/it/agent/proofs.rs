//! What proves the work: checks on exactly what was taken, and outputs that can be read to their end.

use assentry::agent::executor::{Executed, Proof};
use serde_json::json;

use super::execution::executed;
use super::*;

fn one_step(verify: &str) -> Plan {
    let mut plan = plan();
    plan.steps.truncate(1);
    plan.steps[0].verify = verify.to_owned();
    plan
}

#[tokio::test]
async fn t66_a_check_that_was_weakened_outside_the_scope_stays_red() {
    let weaker = "echo 'exit 0' > test.sh; echo '# done' >> src/greet.sh; sh test.sh";
    let house = House::with(vec![
        calls(&[("run", json!({ "command": weaker })), tick("s1"), finish()]),
        calls(&[mend(), finish()]),
    ])
    .await;

    let Executed::Finished(work) = executed(&house, &one_step("Read it.")).await else { panic!("{:?}", house.said()) };

    let said = house.said();
    assert_eq!(said[0], "exit 0", "it is green where the agent works");
    assert!(said[2].starts_with("checks are red:\n`sh test.sh`"), "{said:?}");
    assert_eq!(work.left.iter().map(|path| path.as_str()).collect::<Vec<_>>(), ["test.sh"]);
}

#[tokio::test]
async fn what_a_check_changes_is_not_part_of_the_work() {
    let house = House::with(vec![calls(&[mend(), tick("s1"), finish()])]).await;
    let mut plan = one_step("Read it.");
    plan.checks.push(Check { command: "echo x >> src/greet.sh; echo x > src/new".into() });

    let Executed::Finished(work) = executed(&house, &plan).await else { panic!("{:?}", house.said()) };

    assert_eq!(work.steps[0].own.keys().map(|path| path.as_str()).collect::<Vec<_>>(), ["src/greet.sh"]);
    assert_eq!(work.checks.iter().map(|check| check.exit_code).collect::<Vec<_>>(), [Some(0), Some(0)]);
}

#[tokio::test]
async fn a_step_whose_proof_names_a_check_is_ticked_with_what_the_check_said() {
    let house = House::with(vec![calls(&[
        ("edit", json!({"path": "src/greet.sh", "old": "Greets", "new": "Welcomes"})),
        tick("s1"),
        mend(),
        finish(),
    ])])
    .await;

    let plan = one_step("`sh test.sh` exits with 0.");
    let Executed::Finished(work) = executed(&house, &plan).await else { panic!("{:?}", house.said()) };

    let red = "s1 is done: src/greet.sh; finish is next\n`sh test.sh` is red: exit 1\nnot greeted\n";
    assert_eq!(house.said()[1], red);
    assert_eq!(work.steps[0].proofs, [Proof { command: "sh test.sh".to_owned(), exit_code: Some(1) }]);
}

#[tokio::test]
async fn a_long_output_is_shown_in_part_kept_whole_and_read_on() {
    let house = House::with(vec![
        calls(&[("run", json!({"command": "true"})), ("run", json!({"command": "seq 1 9000"}))]),
        calls(&[
            ("output", json!({"number": 2, "from": 5_001, "count": 2})),
            ("output", json!({"number": 2, "from": 90_000})),
            ("output", json!({"number": 1})),
            mend(),
            tick("s1"),
            finish(),
        ]),
    ])
    .await;

    let Executed::Finished(_) = executed(&house, &one_step("Read it.")).await else { panic!("{:?}", house.said()) };

    let said = house.said();
    assert!(said[1].ends_with("\n9000\n\n[output number=2 reads all of it]") && said[1].len() < 9_000, "{}", said[1]);
    // The first line says how it ended.
    assert_eq!(said[2], "5001\t5000\n5002\t5001\n[lines 5001 to 5002 of 9001; read on with from=5003]");
    assert_eq!(said[3], "output 2 has only 9001 lines");
    assert_eq!(said[4], "no output 1 was shown in part");
}
