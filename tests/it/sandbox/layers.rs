//! Set-up commands and their way out, seen from the sandbox alone.

use assentry::ids::RepoId;
use assentry::sandbox::mirror::{FetchFrom, Mirror};
use assentry::sandbox::{NoLayer, Recipe};

use super::*;

#[tokio::test]
async fn t44_without_namespaces_no_way_out_is_opened() {
    let place = Place::new(ALL[2]).await;
    let mirror = Mirror::open(place.dir.path(), RepoId(1)).await.unwrap();
    let from = FetchFrom { url: "https://nowhere.example/x.git".parse().unwrap(), token: None };
    let (commit, hosts) = ("1111111111111111111111111111111111111111".parse().unwrap(), ["a.example".to_owned()]);
    let commands = ["true".to_owned()];
    let recipe =
        Recipe { repository: RepoId(1), commit: &commit, commands: &commands, hosts: &hosts, limits: limits() };
    let dir = place.dir.path().join("prepared");

    let refused = place.sandbox.prepared((&mirror, &from), &recipe, &dir, &CancellationToken::new()).await;

    assert!(matches!(refused, Err(NoLayer::NoNetwork)), "{refused:?}");
}
