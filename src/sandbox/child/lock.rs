//! Locks this process in, for good and for all it will start: limits, landlock, seccomp, no new privileges.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
    path_beneath_rules,
};
use nix::libc;
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::super::job::Access;
use super::super::spec::{Spec, Walls};

/// Puts up every wall that a process can put up around itself. There is no way back. `counted_alone` says that the
/// kernel counts this job's processes apart from the account's others.
pub(super) fn lock(spec: &Spec, counted_alone: bool) -> Result<(), String> {
    let others = if counted_alone { 4 } else { already_running(spec) };
    limits(spec, others).map_err(|e| format!("cannot set limits: {e}"))?;
    // Nobody may look into this process: it holds the socket to the core.
    prctl::set_dumpable(false).map_err(|e| e.to_string())?;
    prctl::set_no_new_privs().map_err(|e| format!("cannot give up privileges: {e}"))?;
    file_access(spec)?;
    system_calls(spec.walls, spec.proxy).map_err(|e| format!("seccomp: {e}"))
}

fn limits(spec: &Spec, others: u64) -> nix::Result<()> {
    let mut set = vec![
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_FSIZE, spec.limits.file_bytes),
        (Resource::RLIMIT_NOFILE, 4096),
        (Resource::RLIMIT_NPROC, spec.limits.processes.saturating_add(others)),
    ];
    if !spec.memory_by_cgroup {
        // Not RLIMIT_AS: node, Go and Java reserve far more addresses than they use.
        set.push((Resource::RLIMIT_DATA, spec.limits.memory_bytes));
    }
    for (resource, limit) in set {
        let (_, hard) = getrlimit(resource)?;
        setrlimit(resource, limit.min(hard), limit.min(hard))?;
    }
    Ok(())
}

/// Threads of this account that the kernel counts against the same limit, as far as they can be seen from here.
fn already_running(spec: &Spec) -> u64 {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let statuses = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("status")).ok());
    let threads = |status: String| {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
        let ours = field("Uid:").and_then(|uid| uid.parse().ok()) == Some(spec.account.uid);
        if ours { field("Threads:").and_then(|n| n.parse().ok()).unwrap_or(1) } else { 0 }
    };
    statuses.map(threads).sum::<u64>() + 4
}

fn file_access(spec: &Spec) -> Result<(), String> {
    let abi = ABI::V6;
    let (read, all) = (AccessFs::from_read(abi), AccessFs::from_all(abi));
    let seen = readable(spec);
    let open = writable(spec);
    let restrict = || {
        Ruleset::default()
            .handle_access(all)?
            .scope(Scope::from_all(abi))?
            .create()?
            .add_rules(path_beneath_rules(&seen, read))?
            .add_rules(path_beneath_rules(&open, all))?
            .restrict_self()
    };
    let status = restrict().map_err(|e| format!("landlock: {e}"))?;
    if spec.walls != Walls::Landlock {
        // The file system and the namespaces are the wall here, landlock a second one where the kernel has it.
        return Ok(());
    }
    let LandlockStatus::Available { effective_abi, .. } = status.landlock else {
        return Err("the kernel has no landlock".to_owned());
    };
    if status.ruleset == RulesetStatus::NotEnforced {
        return Err("landlock is not enforced".to_owned());
    }
    if !spec.account.change && effective_abi < ABI::V6 {
        // Without it a job could kill any process of this account, the core and this helper among them.
        return Err("the kernel's landlock cannot refuse signals (that takes Linux 6.12)".to_owned());
    }
    Ok(())
}

fn readable(spec: &Spec) -> Vec<PathBuf> {
    match spec.walls {
        Walls::Bubblewrap | Walls::Namespaces => vec![PathBuf::from("/")],
        Walls::Landlock => {
            let files = ["/proc/cpuinfo", "/proc/meminfo", "/proc/filesystems", "/proc/stat", "/proc/loadavg"];
            let same = spec.view.read_only.iter().filter(|(from, to)| from == to).map(|(from, _)| from.clone());
            let own = [spec.view.checkout.clone()].into_iter().chain(spec.view.home.clone());
            same.chain(files.map(PathBuf::from)).chain(own).collect()
        }
    }
}

fn writable(spec: &Spec) -> Vec<PathBuf> {
    let devices = ["null", "zero", "full", "random", "urandom"].map(|name| Path::new("/dev").join(name));
    let mut paths: Vec<PathBuf> = devices.into();
    paths.push(spec.view.tmp(spec.walls));
    match spec.walls {
        Walls::Bubblewrap | Walls::Namespaces => paths.push(PathBuf::from("/dev/shm")),
        Walls::Landlock => {}
    }
    match spec.view.access {
        Access::Writable => {
            paths.push(spec.view.work(spec.walls));
            if spec.view.home.is_some() {
                paths.push(spec.view.home(spec.walls));
            }
        }
        Access::ReadOnly => {}
    }
    paths
}

/// Refuses the system calls that a build never needs and an escape often does.
fn system_calls(walls: Walls, proxy: bool) -> Result<(), seccompiler::Error> {
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in NEVER {
        // x86-64 has a second table of the same calls, behind this bit.
        refused.insert(*call, Vec::new());
        refused.insert(*call | X32, Vec::new());
    }
    let namespaces = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    let mut clone = Vec::new();
    for bit in (0..32).map(|n| 1_u64 << n).filter(|bit| u64::from(namespaces.cast_unsigned()) & bit != 0) {
        clone.push(rule(0, SeccompCmpOp::MaskedEq(bit), bit)?);
    }
    let unix = libc::AF_UNIX.cast_unsigned().into();
    let inet = libc::AF_INET.cast_unsigned().into();
    let other = |family| SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family);
    let socket = match walls {
        // The network is the job's own; there is nobody in it but the helper, which leads to the proxy.
        Walls::Bubblewrap | Walls::Namespaces if proxy => vec![SeccompRule::new(vec![other(unix)?, other(inet)?])?],
        // No socket of the host is in the file system, and abstract names end at the network namespace.
        Walls::Bubblewrap | Walls::Namespaces => vec![rule(0, SeccompCmpOp::Ne, unix)?],
        // Landlock does not refuse to connect to a socket in the file system, such as Docker's.
        Walls::Landlock => Vec::new(),
    };
    let typing = vec![rule(1, SeccompCmpOp::Eq, TIOCSTI)?, rule(1, SeccompCmpOp::Eq, TIOCLINUX)?];
    let pair = vec![rule(0, SeccompCmpOp::Ne, unix)?];
    for (call, rules) in
        [(libc::SYS_clone, clone), (libc::SYS_socket, socket), (libc::SYS_socketpair, pair), (libc::SYS_ioctl, typing)]
    {
        refused.insert(call | X32, rules.clone());
        refused.insert(call, rules);
    }
    apply(refused, libc::EPERM)?;
    // Its flags lie in memory where a filter cannot read; programs fall back to clone.
    apply([(libc::SYS_clone3, Vec::new()), (libc::SYS_clone3 | X32, Vec::new())].into(), libc::ENOSYS)
}

fn rule(argument: u8, compare: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::Error> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compare, value)?;
    Ok(SeccompRule::new(vec![condition])?)
}

fn apply(refused: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<(), seccompiler::Error> {
    let answer = SeccompAction::Errno(errno.cast_unsigned());
    let arch = std::env::consts::ARCH.try_into()?;
    let program: BpfProgram = SeccompFilter::new(refused, SeccompAction::Allow, answer, arch)?.try_into()?;
    seccompiler::apply_filter(&program)
}

/// Both type into a terminal as if a person did. Spelt out, for their type is not the same with every C library.
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541c;

const X32: i64 = 0x4000_0000;

const NEVER: &[i64] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
];
