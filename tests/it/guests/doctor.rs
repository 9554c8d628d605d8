//! `assentry doctor` and agents that are not the house's own.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tries_an_agent_before_anybody_waits_for_it() {
    for (story, more, found) in [
        ("options", "mode = 'bypass'", "scripted opens a session in its mode bypass: scripted 1.0"),
        ("version", "", "scripted speaks version 9 of the Agent Client Protocol; 1 is known here"),
    ] {
        let world = World::with(Arc::new(model()), story::repository(), &agent("execute", story, more)).await;
        let doctor = tokio::process::Command::new(env!("CARGO_BIN_EXE_assentry"))
            .args(["doctor", "--config"])
            .arg(world.data.path().join("assentry.toml"))
            .output()
            .await
            .unwrap();
        let told = String::from_utf8(doctor.stdout).unwrap();
        assert!(told.contains(found), "{told}");
    }
}
