//! Writes the argument list for `bwrap`: namespaces and file system. The helper inside does the rest.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use super::job::Access;
use super::spec::{COMMAND, Spec, View};

/// Where the helper is seen inside.
const HELPER: &str = "/.assentry";

/// `bwrap` and its arguments, up to and including our own program as the helper.
///
/// As root no user namespace is made: root mounts what the account it becomes could not reach, and the helper changes
/// the account inside, for which it keeps two capabilities until then.
pub(crate) fn argv(helper: &Path, spec: &Spec) -> Vec<OsString> {
    let mut argv: Vec<OsString> = Vec::new();
    let mut say = |words: &[&str]| argv.extend(words.iter().map(OsString::from));
    say(&["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]);
    say(&["--as-pid-1", "--hostname", "sandbox", "--cap-drop", "ALL"]);
    if spec.account.change {
        say(&["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]);
    } else {
        say(&["--unshare-user"]);
    }
    say(&["--proc", "/proc", "--dev", "/dev"]);
    // Whatever the account could fill has a size, also where the kernel has no landlock.
    say(&["--perms", "1777", "--size", "67108864", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]);
    say(&["--perms", "1777", "--size", &spec.limits.tmp_bytes().to_string(), "--tmpfs", "/tmp"]);
    files(&mut argv, helper, &spec.view);
    argv.extend(["--remount-ro", "/", "--chdir", "/", "--", HELPER, COMMAND, "inner"].map(OsString::from));
    argv
}

fn files(argv: &mut Vec<OsString>, helper: &Path, view: &View) {
    // bwrap makes missing directories for root alone, who is somebody else by the time they are used.
    let places = view.read_only.iter().map(|(_, to)| to).chain(view.links.iter().map(|(link, _)| link));
    let above: BTreeSet<&Path> = places.flat_map(|place| place.ancestors().skip(1)).collect();
    for dir in above.into_iter().filter(|dir| *dir != Path::new("/")) {
        argv.extend(["--perms".into(), "0755".into(), "--dir".into(), dir.into()]);
    }
    let mut mount = |how: &str, from: &Path, to: &Path| argv.extend([how.into(), from.into(), to.into()]);
    for (from, to) in &view.read_only {
        mount("--ro-bind", from, to);
    }
    for (link, target) in &view.links {
        mount("--symlink", target, link);
    }
    let access = match view.access {
        Access::ReadOnly => "--ro-bind",
        Access::Writable => "--bind",
    };
    mount(access, &view.checkout, Path::new("/work"));
    if let Some(home) = &view.home {
        mount(access, home, Path::new("/tmp/home"));
    }
    mount("--ro-bind", helper, Path::new(HELPER));
}
