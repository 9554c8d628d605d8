//! Git over HTTP, served by `git http-backend` from the real repositories ("Git: http-backend", "Git protocol: HTTP").
//!
//! Refuses as GitHub does: 401 without credentials where they are needed, 404 for a repository that the caller may not
//! see, 403 for a push without write access. A push is taken into the state when git has accepted it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use super::auth::{self, Actor, Needs};
use super::branches::{self, Move};
use super::call::{Outcome, Refusal};
use super::door::{Answered, Asked, name_of};
use super::state::{Level, Role, State};
use super::{Hub, Kind, Request, shapes};
use crate::ids::CommitSha;
use crate::sandbox::process::{Git, GitOutput};

/// A request of git: which repository, which service, what for.
#[derive(Debug, PartialEq)]
pub(super) struct GitPath {
    owner: String,
    repo: String,
    rest: &'static str,
}

/// Reads `/owner/repo.git/info/refs` and the like; anything else is not for git.
pub(super) fn git_path(path: &str) -> Option<GitPath> {
    let mut parts = path.trim_start_matches('/').splitn(3, '/');
    let (owner, repo, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let rest = ["info/refs", "git-upload-pack", "git-receive-pack"].into_iter().find(|known| *known == rest)?;
    let repo = repo.strip_suffix(".git").unwrap_or(repo);
    Some(GitPath { owner: owner.to_owned(), repo: repo.to_owned(), rest })
}

/// What the client said beside path and body.
#[derive(Debug, Default)]
pub(super) struct GitHeaders {
    pub(super) content_type: String,
    pub(super) content_encoding: String,
    pub(super) protocol: String,
}

/// Serves one request of a git client.
pub(super) async fn serve(hub: &Arc<Hub>, path: GitPath, asked: Asked, headers: GitHeaders) -> Answered {
    let pushes = asked.query.contains("git-receive-pack") || path.rest == "git-receive-pack";
    let entered = enter(&hub.lock(), &path, &asked, pushes);
    let (actor, repo, dir) = match entered {
        Ok(entered) => entered,
        Err(refusal) => {
            note(&mut hub.lock(), (&path, &asked), "nobody", refusal.status);
            return refused(&refusal);
        }
    };
    let ran = backend(hub, (&path, &asked, &headers), (&actor, &dir)).await;
    let answered = match ran {
        Ok(answered) => answered,
        Err(failed) => refused(&Refusal::from(failed)),
    };
    if path.rest == "git-receive-pack"
        && let Err(refusal) = take_in(hub, (repo, &dir), &actor, &asked.body).await
    {
        return refused(&refusal);
    }
    let mut state = hub.lock();
    let name = name_of(&state, &actor);
    note(&mut state, (&path, &asked), &name, answered.status);
    answered
}

/// Runs git in a repository of ours, with `stdin` as its input.
pub(super) async fn git(dir: &Path, args: &[&str], stdin: &[u8]) -> io::Result<GitOutput> {
    Git::new(dir).args(args).stdin(stdin).run().await
}

/// Reads all objects and references of a repository that is on disk already.
pub(super) async fn load(dir: &Path) -> io::Result<(Vec<Loaded>, BTreeMap<String, String>)> {
    let refs = git(dir, &["for-each-ref", "--format=%(objectname) %(refname)"], b"").await?;
    let refs = String::from_utf8_lossy(&refs.stdout)
        .lines()
        .filter_map(|line| line.split_once(' ').map(|(sha, name)| (name.to_owned(), sha.to_owned())))
        .collect();
    let all = git(dir, &["cat-file", "--batch-all-objects", "--batch"], b"").await?;
    Ok((parse_batch(&all.stdout), refs))
}

/// An object as `git cat-file --batch` prints it: id, kind, bytes.
pub(super) type Loaded = (String, String, Vec<u8>);

fn enter(state: &State, path: &GitPath, asked: &Asked, pushes: bool) -> Outcome<(Actor, i64, PathBuf)> {
    let actor = auth::identify(state, asked.authorization.as_deref())?;
    let missing = || Refusal::new(404, "Repository not found.");
    let Some(repo) = state.repo_named(&path.owner, &path.repo) else {
        // "Renaming a repository": git operations on the old name are redirected.
        if let Some(now) = state.old_names.get(&format!("{}/{}", path.owner, path.repo).to_lowercase()) {
            let clone_url = shapes::html(state, state.repo(*now)?, "");
            let clone_url = format!("{}.git/{}?{}", clone_url.trim_end_matches('/'), path.rest, asked.query);
            return Err(Refusal { location: Some(clone_url), ..Refusal::new(301, "Moved Permanently") });
        }
        return Err(if actor == Actor::Nobody { unauthorized() } else { missing() });
    };
    let (level, role) = if pushes { (Level::Write, Role::Write) } else { (Level::Read, Role::Read) };
    let needs: &'static [(&str, Level)] = match level {
        Level::Read => &[("contents", Level::Read)],
        Level::Write => &[("contents", Level::Write)],
    };
    auth::admit(state, &actor, Some(repo), Needs::Access(needs, role)).map_err(|refusal| match refusal.status {
        404 if actor == Actor::Nobody => unauthorized(),
        404 => missing(),
        403 => Refusal::new(403, "Write access to repository not granted."),
        _ => unauthorized(),
    })?;
    if pushes && repo.archived {
        return Err(Refusal::new(403, "This repository was archived so it is read-only."));
    }
    Ok((actor, repo.id, repo.dir()))
}

async fn backend(hub: &Hub, request: (&GitPath, &Asked, &GitHeaders), place: (&Actor, &Path)) -> io::Result<Answered> {
    let (path, asked, headers) = request;
    let (actor, dir) = place;
    let mut run = Git::new(dir)
        .args(&["http-backend"])
        .stdin(&asked.body)
        .env("GIT_PROJECT_ROOT", &dir.to_string_lossy())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", &asked.method)
        .env("PATH_INFO", &format!("/{}", path.rest))
        .env("QUERY_STRING", &asked.query)
        .env("CONTENT_TYPE", &headers.content_type)
        .env("HTTP_CONTENT_ENCODING", &headers.content_encoding)
        .env("CONTENT_LENGTH", &asked.body.len().to_string())
        .env("REMOTE_USER", "pusher")
        .env("GIT_PROTOCOL", &headers.protocol)
        .config("uploadpack.allowFilter", SecretString::from("true"))
        .config("uploadpack.allowAnySHA1InWant", SecretString::from("true"))
        .config("receive.autogc", SecretString::from("false"));
    if !actor.may_touch_workflows() {
        run = run.config("core.hooksPath", SecretString::from(hub.hooks_dir.to_string_lossy().into_owned()));
    }
    let output = run.run().await?;
    let text = &output.stdout;
    let end = text
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or_else(|| io::Error::other(format!("git http-backend: {}", String::from_utf8_lossy(&output.stderr))))?;
    let mut answered = Answered { status: 200, headers: Vec::new(), body: text[end + 4..].to_vec() };
    for line in String::from_utf8_lossy(&text[..end]).lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => {
                answered.status = status.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(500);
            }
            Some(("Content-Type", kind)) => answered.headers.push(("content-type", kind.to_owned())),
            Some(("Cache-Control", value)) => answered.headers.push(("cache-control", value.to_owned())),
            Some(_) | None => {}
        }
    }
    Ok(answered)
}

/// Brings what a push has changed on disk into the state.
async fn take_in(hub: &Hub, repo: (i64, &Path), actor: &Actor, body: &[u8]) -> Outcome<()> {
    let (id, dir) = repo;
    let names = pushed_refs(body);
    let on_disk = |name: &String| {
        let text = std::fs::read_to_string(dir.join(name)).ok()?;
        CommitSha::try_from(text.trim().to_owned()).ok().map(String::from)
    };
    let known: Vec<String> = hub.lock().repo(id)?.refs.values().cloned().collect();
    let fresh: Vec<String> = names.iter().filter_map(on_disk).filter(|sha| !known.contains(sha)).collect();
    let mut loaded = Vec::new();
    if !fresh.is_empty() {
        let mut args = vec!["rev-list", "--objects", "--no-object-names"];
        args.extend(fresh.iter().map(String::as_str));
        args.push("--not");
        args.extend(known.iter().map(String::as_str));
        let listed = git(dir, &args, b"").await?;
        loaded = parse_batch(&git(dir, &["cat-file", "--batch"], &listed.stdout).await?.stdout);
    }
    let mut state = hub.lock();
    for (sha, kind, bytes) in loaded {
        state.repo_mut(id)?.objects.learn(sha, kind, bytes);
    }
    let by = actor.account(&state);
    for name in names {
        let old = state.repo(id)?.refs.get(&name).cloned();
        let new = on_disk(&name);
        if old != new {
            branches::moved(&mut state, id, by, &Move { name, old, new })?;
        }
    }
    drop(state);
    hub.woken.notify_one();
    Ok(())
}

/// The references named in a push: lines of `old new name`, before the pack ("Git protocol: pkt-line").
fn pushed_refs(body: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = body;
    while let Some(length) = rest.get(..4).and_then(|hex| usize::from_str_radix(&String::from_utf8_lossy(hex), 16).ok())
    {
        let Some(line) = rest.get(4..length) else { break };
        let text = String::from_utf8_lossy(line);
        let command = text.split('\0').next().unwrap_or_default();
        if let Some(name) = command
            .split(' ')
            .nth(2)
            .map(str::trim)
            .filter(|name| name.starts_with("refs/") && branches::well_formed(name))
        {
            names.push(name.to_owned());
        }
        rest = &rest[length..];
    }
    names
}

fn parse_batch(mut rest: &[u8]) -> Vec<Loaded> {
    let mut found = Vec::new();
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        let mut words = head.split(' ');
        let (sha, kind, size) = (words.next(), words.next(), words.next().and_then(|size| size.parse::<usize>().ok()));
        rest = &rest[end + 1..];
        if let (Some(sha), Some(kind), Some(size)) = (sha, kind, size)
            && let Some(bytes) = rest.get(..size)
        {
            found.push((sha.to_owned(), kind.to_owned(), bytes.to_vec()));
            rest = rest.get(size + 1..).unwrap_or_default();
        }
    }
    found
}

fn unauthorized() -> Refusal {
    Refusal::new(401, "Invalid username or token.")
}

fn refused(refusal: &Refusal) -> Answered {
    let mut headers = vec![("content-type", "text/plain; charset=utf-8".to_owned())];
    if refusal.status == 401 {
        headers.push(("www-authenticate", "Basic realm=\"GitHub\"".to_owned()));
    }
    headers.extend(refusal.location.clone().map(|location| ("location", location)));
    Answered { status: refusal.status, headers, body: refusal.message.clone().into_bytes() }
}

fn note(state: &mut State, request: (&GitPath, &Asked), actor: &str, status: u16) {
    let (path, asked) = request;
    state.log.push(Request {
        method: asked.method.clone(),
        path: asked.path.clone(),
        route: format!("/{{owner}}/{{repo}}.git/{}", path.rest),
        actor: actor.to_owned(),
        status,
        kind: if path.rest == "git-receive-pack" { Kind::Push } else { Kind::Fetch },
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t60_a_pushed_name_that_leads_out_of_refs_is_not_even_looked_at() {
        let line = |name: &str| {
            let text = format!("{} {} {name}\0 report-status", "0".repeat(40), "1".repeat(40));
            format!("{:04x}{text}", text.len() + 4)
        };
        let body =
            [line("refs/heads/good"), line("refs/../../etc/passwd"), line("HEAD"), "0000PACK".to_owned()].concat();

        assert_eq!(pushed_refs(body.as_bytes()), ["refs/heads/good"]);
        assert_eq!(pushed_refs(b"ffff"), Vec::<String>::new());
        assert_eq!(pushed_refs(b"0001"), Vec::<String>::new());
    }

    #[test]
    fn only_the_three_addresses_of_git_are_for_git() {
        let path = |rest| GitPath { owner: "a".to_owned(), repo: "b".to_owned(), rest };

        assert_eq!(git_path("/a/b.git/info/refs"), Some(path("info/refs")));
        assert_eq!(git_path("/a/b/git-receive-pack"), Some(path("git-receive-pack")));
        assert_eq!(git_path("/a/b.git/objects/info/packs"), None);
    }
}
