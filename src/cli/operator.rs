//! Who is at the keyboard, for the event log.

/// The user of this process and the host, such as `root@builder`.
pub(super) fn operator() -> String {
    let id = nix::unistd::geteuid();
    let user = nix::unistd::User::from_uid(id).ok().flatten().map_or_else(|| id.to_string(), |user| user.name);
    let host =
        nix::unistd::gethostname().map_or_else(|_| "host".to_owned(), |name| name.to_string_lossy().into_owned());
    format!("{user}@{host}")
}
