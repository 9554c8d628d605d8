//! Bombs, floods and whatever wants to live longer than its command.

use super::*;

pub(super) fn scripts(bait: &Bait) -> Vec<Hostile> {
    let mark = &bait.mark;
    // A process that carries the mark in its command line and does not end by itself.
    let stays = format!("sh -c \"trap '' TERM HUP INT; while :; do sleep 1; done\" {mark}");
    vec![
        Hostile::runs("forks", &["f() { f | f & }; f; sleep 5"]),
        Hostile::runs("many-processes", &["for n in $(seq 500); do sleep 60 & done; wait"]),
        Hostile::runs("memory", &["tail /dev/zero; echo \"ended $?\""]),
        Hostile::spoilt("disk", "dd if=/dev/zero of=big bs=1M count=200; sleep 5").told("too much of disk"),
        Hostile::runs("temporary-disk", &["dd if=/dev/zero of=/tmp/big bs=1M count=200; echo ended"])
            .told("No space left"),
        Hostile::runs("small-files", &["mkdir d; cd d; for n in $(seq 3000); do : > $n; done; cd ..; rm -r d"]),
        Hostile::runs("flood", &["yes"]).told("stopped: too much output"),
        Hostile::runs("flood-of-escapes", &["head -c 300000 /dev/zero | tr '\\0' '\\033'; head -c 9000 /dev/urandom"]),
        Hostile::runs("one-long-line", &["head -c 60000 /dev/zero | tr '\\0' x"]),
        Hostile::runs("sleeps", &["sleep 1000"]).told("stopped: out of time"),
        Hostile::runs("stops-itself", &["kill -STOP $$"]).told("stopped: out of time"),
        Hostile::runs("ignores-signals", &[&stays]).told("stopped: out of time"),
        Hostile::runs("daemon", &[&format!("setsid nohup {stays} >/dev/null 2>&1 </dev/null & echo started")])
            .told("exit 0\nstarted"),
        Hostile::runs(
            "daemon-twice-forked",
            &[&format!("( ( setsid {stays} >/dev/null 2>&1 & ) & ); exec >&- 2>&-; exit 0")],
        ),
        Hostile::runs("holds-the-pipe", &[&format!("{stays} & echo started")]).told("exit 0\nstarted"),
        {
            let mut hostile = Hostile::new("a-check-that-leaves-a-daemon", honest());
            let daemon = format!("sh tests/run.sh; code=$?; setsid {stays} >/dev/null 2>&1 & exit $code");
            hostile.checks = json!([{ "command": daemon }]);
            hostile
        },
        {
            let mut hostile = Hostile::new("a-check-that-never-ends", honest()).ends(End::Nothing);
            hostile.checks = json!([{ "command": format!("{stays}") }]);
            hostile.told("stopped: out of time")
        },
        Hostile::calls("long-command", vec![run(&format!("true {}", "x".repeat(200_000)))]),
    ]
}
