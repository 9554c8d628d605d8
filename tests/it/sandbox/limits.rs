//! Too much of everything: time, output, memory, processes, files; and nothing that stays.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;

use assentry::sandbox::Resource;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::escape::again;
use super::*;

/// A pipe by name in a checkout, to see whether anybody still holds its other end.
struct Trace(File);

impl Trace {
    fn lay(dir: &Path) -> Trace {
        let path = dir.join("trace");
        mkfifo(&path, Mode::empty()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        Trace(File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).unwrap())
    }

    /// Everything that was written; blocks for ever only if somebody is left, hence the thread.
    fn all_gone(mut self) -> String {
        let (done, ended) = mpsc::channel();
        std::thread::spawn(move || {
            nix::fcntl::fcntl(&self.0, nix::fcntl::FcntlArg::F_SETFL(OFlag::empty())).unwrap();
            let mut text = String::new();
            self.0.read_to_string(&mut text).unwrap();
            done.send(text).unwrap();
        });
        ended.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("a process of the job is left"))
    }
}

/// Leaves a process that ignores signals, has no parent and holds the trace and the output open.
const DAEMON: &str = "perl -e 'open(T, \">\", \"trace\"); $SIG{TERM} = $SIG{HUP} = $SIG{INT} = \"IGNORE\"; \
                      fork and exit; setpgrp; fork and exit; syswrite(T, \"up\"); sleep 1 while 1'";

#[tokio::test]
async fn t52_a_daemon_does_not_outlive_its_job() {
    for place in Place::each().await {
        let trace = Trace::lay(place.checkout.dir());
        let ended = place.sh(&format!("{DAEMON}; echo done; exit 5")).await;

        assert_eq!((ended.exit, ended.output.text().as_str()), (Exit::Code(5), "done\n"), "{}", place.name());
        trace.all_gone();
        let left: Vec<_> = std::fs::read_dir(place.dir.path().join("data/sandbox")).unwrap().flatten().collect();
        assert_eq!(left.len(), 2, "{}: {left:?}", place.name());
    }
}

#[tokio::test]
async fn t29_t52_what_a_job_wrote_outside_the_checkout_is_gone_in_the_next() {
    for place in Place::each().await {
        place.sh("echo x > ~/.profile; echo x > $TMPDIR/cache; echo x > /dev/shm/x").await;
        let next = place.sh("ls -A ~ /dev/shm 2>/dev/null | grep -v : ; ls -A $TMPDIR").await;

        assert_eq!(next.output.text().trim(), "home", "{}", place.name());
    }
}

#[tokio::test]
async fn f54_a_command_that_never_ends_is_ended_with_its_output_kept() {
    for place in Place::each().await {
        let trace = Trace::lay(place.checkout.dir());
        let short = Limits { wall: Duration::from_secs(1), ..limits() };
        let ended = place.sh_within(&format!("trap '' TERM; echo last words; {DAEMON}; sleep inf"), short).await;

        assert_eq!((ended.exit, ended.output.text().as_str()), (Exit::TimedOut, "last words\n"), "{}", place.name());
        trace.all_gone();
    }
}

#[tokio::test]
async fn a_job_ends_when_its_caller_gives_up() {
    for place in Place::each().await {
        let trace = Trace::lay(place.checkout.dir());
        let cancel = CancellationToken::new();
        let job = place.job(&["sh", "-c", "exec 9>trace; sleep inf"], Access::Writable, limits());
        cancel.cancel();

        assert_eq!(place.sandbox.run(job, &cancel).await.unwrap().exit, Exit::Cancelled);
        trace.all_gone();
    }
}

#[tokio::test]
async fn t55_a_flood_of_output_is_stopped_and_its_ends_are_kept() {
    for place in Place::each().await {
        let little = Limits { output_bytes: 1000, ..limits() };
        let ended = place.sh_within("echo first; yes", little).await;

        assert_eq!(ended.exit, Exit::OutputFlood, "{}", place.name());
        assert!(ended.output.head.starts_with(b"first\ny\n") && ended.output.tail.ends_with(b"y\ny\n"));
        assert!(ended.output.head.len() + ended.output.tail.len() == 1000 && ended.output.dropped > 200_000);
    }
}

#[tokio::test]
async fn t55_a_fork_bomb_stays_within_its_number_and_leaves_nobody() {
    for place in Place::each().await {
        let trace = Trace::lay(place.checkout.dir());
        let few = Limits { wall: Duration::from_secs(3), processes: 40, ..limits() };
        let bomb = "exec 9>trace; perl -e 'my $n = 0; while (1) { my $p = fork; defined $p or last; $n++ if $p; \
                    $p or sleep 1000 } print \"$n\\n\"; '; b() { b | b & }; b 2>/dev/null; sleep inf";
        let ended = place.sh_within(bomb, few).await;

        // What refused the last fork, the group or the account's limit, depends on the host.
        let over =
            matches!(ended.exit, Exit::TimedOut | Exit::ResourceLimit(Resource::Processes) | Exit::Code(2 | 254));
        assert!(over, "{}: {ended:?}", place.name());
        let forks: u32 = ended.output.text().lines().next().unwrap().parse().unwrap();
        assert!(forks <= 48, "{}: {forks}", place.name());
        trace.all_gone();
    }
}

#[tokio::test]
async fn t55_one_file_and_all_files_have_a_size() {
    for place in Place::each().await {
        let small = Limits { file_bytes: 1 << 20, disk_bytes: 20 << 20, ..limits() };
        let one = place.run(&["head", "-c", "100M", "/dev/zero"], Access::Writable, small).await;
        assert_eq!(one.exit, Exit::OutputFlood, "{}", place.name());

        let one = place.sh_within("exec head -c 100M /dev/zero > big", small).await;
        assert_eq!(one.exit, Exit::ResourceLimit(Resource::FileSize), "{}", place.name());
        assert_eq!(std::fs::metadata(place.checkout.dir().join("big")).unwrap().len(), 1 << 20);

        let many =
            "i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > f$i || exit; [ $i = 200 ] && sleep inf; done";
        let many = place.sh_within(many, small).await;
        assert_eq!(many.exit, Exit::ResourceLimit(Resource::Disk), "{}", place.name());
    }
}

#[tokio::test]
async fn t55_temporary_files_have_a_size_too() {
    for place in Place::each().await {
        let small = Limits { file_bytes: 1 << 30, disk_bytes: 20 << 20, ..limits() };
        for dir in ["$TMPDIR", "/dev/shm"] {
            let fill = format!("exec head -c 200M /dev/zero 2>/dev/null > {dir}/x");
            let exit = place.sh_within(&fill, small).await.exit;

            assert!(exit != Exit::Code(0), "{} {dir}: {exit:?}", place.name());
        }
    }
}

#[tokio::test]
async fn t55_memory_ends() {
    for place in Place::each().await {
        let little = Limits { memory_bytes: 100 << 20, ..limits() };
        let ended =
            place.run(&["perl", "-e", "my $x = 'a' x (400 << 20); print 'had it'"], Access::Writable, little).await;

        assert!(ended.exit != Exit::Code(0) && !ended.output.text().contains("had it"), "{}: {ended:?}", place.name());
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_ends_as_in_a_shell() {
    for place in Place::each().await {
        let exit = place.run(&["no-such-program"], Access::Writable, limits()).await.exit;
        assert_eq!(exit, Exit::Code(127), "{}", place.name());
        let exit = place.run(&["/etc"], Access::Writable, limits()).await.exit;
        assert_eq!(exit, Exit::Code(126), "{}", place.name());
        let exit = place.sh("kill -SEGV $$").await.exit;
        assert_eq!(exit, Exit::Signal(11), "{}", place.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_run_beside_each_other_and_do_not_count_against_each_other() {
    for place in Place::each().await {
        let place = std::sync::Arc::new(place);
        let few = Limits { processes: 12, ..limits() };
        let script = "for i in 1 2 3 4 5; do sleep 0.3 & done; wait; echo $$ >/dev/null; echo done";
        let jobs: Vec<_> = (0..4)
            .map(|_| std::sync::Arc::clone(&place))
            .map(|place| tokio::spawn(async move { place.sh_within(script, few).await }))
            .collect();
        for job in jobs {
            let ended = job.await.unwrap();
            assert_eq!((ended.exit, ended.output.text().as_str()), (Exit::Code(0), "done\n"), "{}", place.name());
        }
    }
}

#[tokio::test]
async fn a_job_reads_what_it_is_given_and_starts_where_it_is_told() {
    for place in Place::each().await {
        place.sh("mkdir -p a/b").await;
        let mut job = place.job(&["sh", "-c", "cat; basename $PWD"], Access::Writable, limits());
        job.stdin = b"given\n".to_vec();
        job.cwd = Some("a/b".parse().unwrap());
        let ended = place.sandbox.run(job, &CancellationToken::new()).await.unwrap();

        assert_eq!(ended.output.text(), "given\nb\n", "{}", place.name());
    }
}

#[tokio::test]
async fn f53_when_the_core_is_killed_its_jobs_die_with_it() {
    for (n, (_, walls)) in ALL.into_iter().enumerate() {
        let dir = TempDir::new().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let place = dir.path().join("place");
        let mut core = again("sandbox::limits::runs_a_job_until_it_is_killed").0;
        let core = core
            .env("WALLS", n.to_string())
            .env("PLACE", &place)
            .env("TMPDIR", dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut core = core.spawn().unwrap();
        let mut said = core.stdout.take().unwrap();
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).contains("ready") {
            let mut byte = [0];
            assert_eq!(said.read(&mut byte).unwrap(), 1, "{walls}: the core ended");
            bytes.extend(byte);
        }
        let trace = Trace(File::open(place.join("trace")).unwrap());

        core.kill().unwrap();
        core.wait().unwrap();

        trace.all_gone();
    }
}

#[tokio::test]
#[ignore = "started by the test above, which kills it"]
async fn runs_a_job_until_it_is_killed() {
    let n: usize = std::env::var("WALLS").unwrap().parse().unwrap();
    let place = Place::new(ALL[n]).await;
    let checkout = Checkout::empty(Path::new(&std::env::var_os("PLACE").unwrap())).unwrap();
    let trace = checkout.dir().join("trace");
    mkfifo(&trace, Mode::empty()).unwrap();
    std::fs::set_permissions(&trace, std::fs::Permissions::from_mode(0o666)).unwrap();
    let script = format!("{DAEMON}; sleep inf");
    let job = Job { checkout: &checkout, ..place.job(&["sh", "-c", &script], Access::Writable, limits()) };
    std::io::Write::write_all(&mut std::io::stdout(), b"ready\n").unwrap();
    place.sandbox.run(job, &CancellationToken::new()).await.unwrap();
}
