//! What a guest can know and reach (T40, T44): neither the model's key nor anything but its gateway, and that for one visit.

use assentry::ids::RunId;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn t40_a_guest_sees_no_key_and_reaches_nothing_but_its_gateway() {
    // Two services of the host that the walls must keep it from.
    let services = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let ports = services.each_ref().map(|service| service.local_addr().unwrap().port());
    let (world, issue) = executed_by(&format!("leaks', '{}', '{}", ports[0], ports[1]), "").await;

    in_review(&world, issue, &["bin/slug"]).await;
    let report = report(&world);
    let seen = report.to_string();
    for secret in ["sk-scripted", "It's a Secret", "BEGIN RSA", "ghs_", "model-key", "key.pem"] {
        assert!(!seen.contains(secret), "{secret}: {seen}");
    }
    assert_eq!((&report["wrong"], &report["none"]), (&401.into(), &401.into()));
    assert_eq!(report["elsewhere"], serde_json::json!([false, false, false]));
    // What went to the model had the real key, or the scripted model would have refused it; the token did not.
    let token = report["environment"]["TOKEN"].as_str().unwrap();
    assert_eq!(token.len(), 64);
    // Where the token could be shown is gone with the visit.
    let left: Vec<_> = std::fs::read_dir(world.data.path().join("data/sandbox"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("job-"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn t40_a_guest_gets_the_approved_model_within_its_limits_whatever_it_asks_for() {
    let (world, issue) = executed_by("greedy", "").await;

    in_review(&world, issue, &["bin/slug"]).await;
    let greedy = world.model.requests().into_iter().find(|request| request.body.contains("greedy")).unwrap();
    let greedy: serde_json::Value = serde_json::from_str(&greedy.body).unwrap();
    assert_eq!((&greedy["model"], &greedy["max_tokens"]), (&"claude-sonnet-5-5".into(), &32_000.into()));
    assert_eq!((greedy.get("tools"), greedy.get("metadata")), (None, None));
    let report = report(&world);
    assert_eq!(
        (&report["image"], &report["count"], &report["other"], &report["away"]),
        (&400.into(), &200.into(), &400.into(), &404.into())
    );
    assert!(!world.model.requests().iter().any(|request| request.body.contains("away.example")));
    assert!(world.core.store.worked(RunId(1), "execute-1").await.unwrap() > 0);
}
