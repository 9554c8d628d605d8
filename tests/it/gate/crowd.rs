//! Many acts of people who may not: they neither fill the run nor stop it.

use super::Waiting;

#[tokio::test(flavor = "multi_thread")]
async fn q5b_forty_comments_of_a_stranger_leave_twenty_acts_and_block_nobody() {
    let waiting = Waiting::begin().await;
    let text = format!("/approve {}", waiting.digest().await);
    for n in 0..40 {
        let text = if n % 2 == 0 { text.as_str() } else { "/reject no" };
        waiting.world.person("eve").comments(waiting.issue, text).unwrap();
    }
    waiting.still_waits().await;
    assert!(waiting.world.state(waiting.issue).await.acts().len() <= 20);
    assert!(waiting.said_to("eve").len() <= 2, "{:#?}", waiting.said_to("eve"));

    waiting.world.person("bob").approves(waiting.pull).unwrap();
    waiting.is_built().await;
}
