//! Out of the walls: files, network, environment, processes.

use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::Command;

use super::*;

#[tokio::test]
async fn a_command_runs_in_the_checkout_and_its_changes_are_found() {
    for place in Place::each().await {
        let ended = place.sh("echo out; echo err >&2; mkdir d; echo hello > d/f; exit 3").await;

        assert_eq!((ended.exit, ended.output.text().as_str()), (Exit::Code(3), "out\nerr\n"), "{}", place.name());
        let changes = place.checkout.changes().unwrap();
        assert_eq!(changes.iter().map(|c| c.path.as_str()).collect::<Vec<_>>(), ["d/f"]);
    }
}

#[tokio::test]
async fn t33_a_tool_runs_behind_the_walls_and_answers() {
    for place in Place::each().await {
        let (access, cancel) = (Access::ReadOnly, CancellationToken::new());
        let answer = place.sandbox.tool(&place.checkout, access, b"{}", limits(), &cancel).await.unwrap();

        serde_json::from_slice::<serde_json::Value>(&answer).unwrap();
    }
}

#[tokio::test]
async fn a_checkout_that_is_read_only_is_not_written() {
    for place in Place::each().await {
        std::fs::write(place.checkout.dir().join("kept"), "kept").unwrap();
        let script = "cat kept; echo x > kept || echo no; echo x > new || echo no; rm -f kept || echo no; \
                      chmod 777 . 2>/dev/null || echo no; mkdir d || echo no";
        let ended = place.run(&["sh", "-c", script], Access::ReadOnly, limits()).await;

        assert!(ended.output.text().starts_with("kept"), "{}", place.name());
        assert_eq!(std::fs::read_to_string(place.checkout.dir().join("kept")).unwrap(), "kept");
        assert_eq!(std::fs::read_dir(place.checkout.dir()).unwrap().count(), 1, "{}", place.name());
    }
}

#[tokio::test]
async fn the_system_and_what_is_around_the_checkout_cannot_be_written() {
    for place in Place::each().await {
        let ended = place
            .sh("for at in / /usr /usr/bin /etc /proc /dev /bin /lib /var /var/tmp /root /home /work/.. ..; do \
                 (echo x > $at/assentry-was-here) 2>/dev/null && echo wrote $at; done; \
                 (echo x > $TMPDIR/fine) && (echo x > $HOME/fine) && echo done")
            .await;

        assert_eq!(ended.output.text(), "done\n", "{}", place.name());
    }
}

#[tokio::test]
async fn t39_the_environment_is_the_fixed_list_whatever_the_core_has() {
    let canaries = (0..50).map(|n| (if n < 10 { format!("PAGER{n}") } else { format!("SECRET_{n}") }, "canary"));

    again("sandbox::escape::prints_no_more_environment_than_the_list").envs(canaries).succeeds();
}

#[tokio::test]
#[ignore = "started by the test above with canaries in its environment"]
async fn prints_no_more_environment_than_the_list() {
    assert_eq!(std::env::var("SECRET_49").unwrap(), "canary");
    for place in Place::each().await {
        let ended = place.run(&["env"], Access::Writable, limits()).await.output.text();
        let mut names: Vec<&str> = ended.lines().map(|line| line.split('=').next().unwrap()).collect();
        names.sort_unstable();

        assert_eq!(names, ["CI", "HOME", "LANG", "PATH", "TERM", "TMPDIR"], "{}", place.name());
        assert!(!ended.contains("canary"));
        let all = place.sh("cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c canary").await;
        assert_eq!(all.output.text(), "0\n", "{}", place.name());
    }
}

#[tokio::test]
async fn t42_only_own_processes_are_seen_and_none_of_the_others_is_touched() {
    let core = std::process::id();
    for place in Place::each().await {
        let script = format!(
            "ls /proc 2>/dev/null | grep -c '^[0-9]'; kill -0 {core} 2>/dev/null && echo kill; \
             cat /proc/{core}/environ /proc/{core}/cmdline /proc/{core}/maps /proc/1/environ /proc/1/mem 2>/dev/null; \
             sudo -n true 2>/dev/null && echo sudo; id -u; \
             perl -e 'print syscall(101, 16, {core}, 0, 0), \" \", syscall(101, 16, 1, 0, 0), \"\\n\"'; \
             grep -E '^(CapEff|NoNewPrivs)' /proc/self/status 2>/dev/null; true"
        );
        let text = place.sh(&script).await.output.text();
        let lines: Vec<&str> = text.lines().collect();

        let own: u32 = lines[0].parse().unwrap();
        assert!(own <= 5, "{}: {text}", place.name());
        assert!(lines[1].parse::<u32>().unwrap() > 0, "{}: {text}", place.name());
        assert_eq!(lines[2], "-1 -1", "{}: {text}", place.name());
        if place.name() != Walls::Landlock {
            assert_eq!(lines[3..], ["CapEff:\t0000000000000000", "NoNewPrivs:\t1"], "{}", place.name());
        }
    }
}

#[tokio::test]
async fn t44_t47_no_packet_leaves_by_any_protocol() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind(tcp.local_addr().unwrap()).unwrap();
    tcp.set_nonblocking(true).unwrap();
    udp.set_nonblocking(true).unwrap();
    let port = tcp.local_addr().unwrap().port();
    let script = format!(
        r#"use Socket;
        for my $ip ("127.0.0.1", "169.254.169.254", "2852039166", "10.0.0.1", "8.8.8.8") {{
            for my $port ({port}, 53, 853, 80) {{
                my $to = pack_sockaddr_in($port, inet_aton($ip) // INADDR_LOOPBACK);
                socket(my $t, PF_INET, SOCK_STREAM, 0) and connect($t, $to) and print "tcp $ip $port\n";
                socket(my $u, PF_INET, SOCK_DGRAM, 0) and send($u, "x", 0, $to) and print "udp $ip $port\n";
            }}
        }}
        for my $family (PF_INET, 10, 16, 17, 40) {{
            for my $type (SOCK_STREAM, SOCK_DGRAM, SOCK_RAW) {{
                socket(my $s, $family, $type, 0) and print "socket $family $type\n";
            }}
        }}
        print "name\n" if gethostbyname("localtest.me");
        print "done\n";"#
    );
    for place in Place::each().await {
        let ended = place.run(&["perl", "-e", &script], Access::Writable, limits()).await;

        assert_eq!(ended.output.text(), "done\n", "{}", place.name());
        assert!(tcp.accept().is_err() && udp.recv(&mut [0]).is_err());
    }
}

#[tokio::test]
async fn t48_no_kind_of_link_reads_or_writes_outside() {
    for place in Place::each().await {
        let outside = place.outside();
        std::fs::create_dir(&outside).unwrap();
        std::fs::create_dir(place.dir.path().join("checkout-evil")).unwrap();
        for secret in [outside.join("secret"), place.dir.path().join("checkout-evil/secret")] {
            std::fs::write(&secret, "secret").unwrap();
            // Everybody may read and write it: only the walls forbid it.
            std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o666)).unwrap();
        }
        let out = outside.display();
        let script = format!(
            "ln -s {out}/secret absolute; ln -s ../outside/secret relative; ln -s {out} dir; ln -s dir chain; \
             ln {out}/secret hard 2>/dev/null; ln /etc/passwd hard2 2>/dev/null; ln -s /proc/1/root root; \
             ln -s /proc/self/cwd/../outside/secret cwd; \
             for at in absolute relative dir/secret chain/secret hard root{out}/secret cwd ../checkout-evil/secret \
                       ../outside/secret {out}/secret /etc/shadow /etc/gshadow; do \
                 cat $at 2>/dev/null && echo read $at; (echo x > $at) 2>/dev/null && echo wrote $at; \
                 (echo x >> $at) 2>/dev/null && echo wrote $at; \
             done; perl -e 'truncate(\"{out}/secret\", 0) and print \"truncated\"'; \
             rm -f {out}/secret ../outside/secret 2>/dev/null; mv {out}/secret here 2>/dev/null; echo done"
        );
        let text = place.sh(&script).await.output.text();

        // A hard link could not be made, so this is a file of its own.
        assert_eq!(text, "wrote hard\nwrote hard\ndone\n", "{}", place.name());
        for secret in [outside.join("secret"), place.dir.path().join("checkout-evil/secret")] {
            assert_eq!(std::fs::read_to_string(secret).unwrap(), "secret", "{}: {text}", place.name());
        }
    }
}

#[tokio::test]
async fn t48_a_file_swapped_for_a_link_while_the_core_reads_gives_nothing_away() {
    let place = Place::new(ALL[1]).await;
    let secret = place.outside();
    std::fs::write(&secret, "the secret").unwrap();
    let script = format!(
        r#"mkdir "d"; mkdir "e"; for (1..20000) {{
            open(my $f, ">", "d/f"); print $f "plain"; close $f;
            unlink "l"; symlink "{0}", "l"; rename "l", "d/f";
            rename "d", "was"; symlink "..", "d"; unlink "d"; rename "was", "d";
        }}"#,
        secret.display()
    );
    let cancel = CancellationToken::new();
    let job = place.job(&["perl", "-e", &script], Access::Writable, limits());
    let mut rounds = 0;
    let look = async {
        while !cancel.is_cancelled() {
            let checkout = place.checkout.clone();
            let found = tokio::task::spawn_blocking(move || checkout.changes()).await.unwrap();
            let bytes = format!("{found:?}");
            assert!(!bytes.contains(&format!("{:?}", b"the secret")), "{bytes}");
            rounds += 1;
        }
    };
    let swap = async {
        place.sandbox.run(job, &CancellationToken::new()).await.unwrap();
        cancel.cancel();
    };
    tokio::join!(look, swap);
    assert!(rounds > 10, "{rounds}");
}

#[tokio::test]
async fn t53_no_unix_socket_of_the_host_answers() {
    for (n, place) in Place::each().await.into_iter().enumerate() {
        let path = place.outside();
        let named = UnixListener::bind(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
        let name = format!("assentry-test-{}-{n}", std::process::id());
        let hidden = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let script = format!(
            r#"use Socket; for my $at ("{}", "\0{name}", "/var/run/docker.sock", "/run/containerd/containerd.sock") {{
                my $s; socket($s, PF_UNIX, SOCK_STREAM, 0) and connect($s, pack_sockaddr_un($at)) and print "reached $at\n";
            }} print "done\n";"#,
            path.display()
        );
        let ended = place.run(&["perl", "-e", &script], Access::Writable, limits()).await;

        assert_eq!(ended.output.text(), "done\n", "{}", place.name());
        drop((named, hidden));
    }
}

#[tokio::test]
async fn t54_walls_with_a_hole_are_refused() {
    for (choice, walls) in ALL {
        let dir = TempDir::new().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut config = config(dir.path().join("data"), choice);
        config.read_only.push(dir.path().join("data"));
        let why = Sandbox::probe(&config).await.map(|sandbox| sandbox.walls()).unwrap_err().to_string();

        assert!(why.contains("does not hold: read"), "{walls}: {why}");
    }
}

#[tokio::test]
async fn t54_without_walls_nothing_runs_and_the_message_names_the_remedy() {
    let dir = TempDir::new().unwrap();
    let config = SandboxConfig { helper: "/bin/true".into(), ..config(dir.path().join("data"), WallsChoice::Auto) };

    let why = Sandbox::probe(&config).await.map(|sandbox| sandbox.walls()).unwrap_err().to_string();

    assert!(why.contains("apt-get install bubblewrap") && why.contains("unprivileged_userns"), "{why}");
}

/// This test program again, with one of its ignored tests.
pub(crate) fn again(test: &str) -> Again {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    Again(command)
}

pub(crate) struct Again(pub(crate) Command);

impl Again {
    pub(crate) fn envs(mut self, envs: impl IntoIterator<Item = (String, &'static str)>) -> Again {
        self.0.envs(envs);
        self
    }

    fn succeeds(mut self) {
        let output = self.0.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}
