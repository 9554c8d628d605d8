//! Who is on the list of approvers: by number, by team, by role.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assentry::demo::github::{Fault, Membership, Role, Wrong};
use tracing::subscriber::DefaultGuard;

use super::Waiting;
use crate::world::World;

const TEAM: &str = "acme/keepers";

/// What this thread logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listens(&self) -> DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || log.clone()).finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Bob is in the team, cara is invited; the team may approve.
async fn with_team() -> Waiting {
    let world = World::start().await;
    world.team("keepers", &["bob"], &["cara"]);
    Waiting::under(world, &format!("[approval.by]\nteams = [\"{TEAM}\"]\n")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn d35_e4_a_list_of_approvers_binds_numbers_and_not_names() {
    let world = World::start().await;
    let (bob, other) = (world.github.account_id("bob").unwrap(), world.github.account_id("ann").unwrap());
    let policy = format!("[approval.by]\nusers = {{ bob = {bob}, cara = {other} }}\n");
    let waiting = Waiting::under(world, &policy).await;
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    let log = Log::default();
    let _heard = log.listens();
    waiting.still_waits().await;
    let told = waiting.said_to("cara");
    assert!(told[0].contains("names `cara`, and meant another account"), "{told:#?}");
    // The operator is told which accounts these are.
    let cara = waiting.world.github.account_id("cara").unwrap();
    let warned = format!("means account {other} by cara, and that name now belongs to account {cara}");
    assert!(log.text().contains(&warned), "{}", log.text());

    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_a_number_that_only_looks_like_a_listed_one_is_somebody_elses() {
    let world = World::start().await;
    let bob = world.github.account_id("bob").unwrap();
    let likes = [format!("{bob}0"), format!("1{bob}"), format!("{bob}{bob}"), (bob + (1 << 32)).to_string()];
    let listed: Vec<String> = likes.iter().enumerate().map(|(n, like)| format!("like{n} = {like}")).collect();
    let waiting = Waiting::under(world, &format!("[approval.by]\nusers = {{ {} }}\n", listed.join(", "))).await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("bob")[0].contains("not on this repository's list"), "{:#?}", waiting.said_to("bob"));
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_somebody_who_may_write_and_is_not_listed_neither_approves_nor_objects_and_is_told_once_an_hour() {
    let world = World::start().await;
    let bob = world.github.account_id("bob").unwrap();
    let waiting = Waiting::under(world, &format!("[approval.by]\nusers = {{ bob = {bob} }}\n")).await;
    let cara = waiting.world.person("cara");
    cara.comments(waiting.issue, "/reject I would rather not").unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("cara")[0].contains("stands here as advice"), "{:#?}", waiting.said_to("cara"));
    cara.approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert_eq!(waiting.said_to("cara").len(), 1);
    waiting.world.github.advances(Duration::from_secs(3600));
    cara.approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("cara")[1].contains("not on this repository's list"), "{:#?}", waiting.said_to("cara"));

    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_an_active_member_of_a_listed_team_approves() {
    let waiting = with_team().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d36_somebody_invited_to_the_team_approves_only_after_accepting() {
    let waiting = with_team().await;
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("cara")[0].contains("invited to `acme/keepers`"), "{:#?}", waiting.said_to("cara"));

    waiting.world.github.puts_in_team(TEAM, "cara", Membership::Active).unwrap();
    waiting.world.github.advances(Duration::from_secs(5));
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i_an_approver_who_left_the_team_before_the_start_no_longer_counts() {
    let waiting = with_team().await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.world.until(waiting.issue, "starting").await;
    waiting.world.github.takes_from_team(TEAM, "bob").unwrap();
    waiting.still_waits().await;
    assert!(waiting.status().contains("`bob` is not on this repository's list"), "{}", waiting.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn d37_a_team_about_which_github_does_not_answer_holds() {
    let waiting = with_team().await;
    let (path, wrong) = ("/memberships/bob".to_owned(), Wrong::RefusedBefore(502));
    waiting.world.github.goes_wrong(Fault { method: "GET", path, times: u32::MAX, wrong });
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.status().contains("whether `bob` is in `acme/keepers`"), "{}", waiting.status());

    waiting.world.github.heals();
    waiting.world.passes(Duration::from_secs(600)).await;
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t37_without_the_permission_for_teams_nothing_is_approved_by_one() {
    let waiting = with_team().await;
    waiting.world.github.permits("members", None);
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.status().contains("whether `bob` is in `acme/keepers`"), "{}", waiting.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn e4_a_role_that_is_enough_counts_and_a_lesser_one_does_not() {
    let waiting = Waiting::under(World::start().await, "[approval.by]\nrole = \"maintain\"\n").await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    waiting.world.person("cara").becomes(Role::Maintain).unwrap();
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d45_q15_an_approval_that_is_too_old_at_the_start_has_expired_by_githubs_clock_and_not_by_ours() {
    let waiting = Waiting::under(World::start().await, "[approval]\nrequired = 2\nexpires = \"1h\"\n").await;
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    waiting.world.github.advances(Duration::from_secs(3700));
    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.status().contains("The approval of `bob` is too old"), "{}", waiting.status());

    // A day by our clock is nothing to GitHub's.
    waiting.world.our_clock_is_ahead_by(24 * 3600 * 1000);
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e6_whom_the_operator_does_not_let_decide_neither_approves_nor_objects_and_is_told_so() {
    // The first world only tells which number bob has; numbers are the same in each.
    let bob = World::start().await.github.account_id("bob").unwrap();
    let waiting = Waiting::with(&format!("denied = {{ bob = {bob} }}")).await;
    let why = "The operator of this server does not let `bob` decide here; someone else can approve.";
    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("bob")[0].contains(why), "{:#?}", waiting.said_to("bob"));
    waiting.world.github.advances(Duration::from_secs(3600));
    waiting.world.person("bob").comments(waiting.issue, "/reject not like this").unwrap();
    waiting.still_waits().await;
    assert!(waiting.said_to("bob")[1].contains(why), "{:#?}", waiting.said_to("bob"));

    waiting.world.person("cara").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}
