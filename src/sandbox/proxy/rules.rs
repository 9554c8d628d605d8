//! Decides what may be asked of the outside, from the head of a request and the list of hosts alone.
//!
//! One parser: what is read here is what is dialled. A host is one of the list, byte for byte; nothing is decoded, folded
//! or completed (T45). Only `GET` without a body is known; there is no tunnel (T46).

use std::collections::BTreeSet;

/// The longest head of a request.
pub(super) const LONGEST_HEAD: usize = 16 << 10;
/// The longest path with its query.
const LONGEST_TARGET: usize = 1024;
/// The longest query.
const LONGEST_QUERY: usize = 256;
/// The longest value of a header that is passed on.
const LONGEST_ACCEPT: usize = 256;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Head {
    /// A file of a host.
    Get(Asked),
    /// To speak TLS with a host, which the proxy does in its name.
    Connect(String),
}

/// A file of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) host: String,
    /// Path and query.
    pub(super) target: String,
    /// The kinds of content that are wanted.
    pub(super) accept: Option<String>,
}

/// Why a request is not passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("this is no request")]
    NoRequest,
    #[error("only GET is passed on")]
    Method,
    #[error("the host is not on the policy's list")]
    Host,
    #[error("the request names two different hosts")]
    TwoHosts,
    #[error("only ports 80 and 443 are reached")]
    Port,
    #[error("the path or its query is too long or no plain text")]
    Target,
    #[error("a GET has no body and changes no protocol")]
    Body,
}

/// Reads a head. `inside` is the host whose TLS it came through.
pub(super) fn read(head: &[u8], hosts: &BTreeSet<String>, inside: Option<&str>) -> Result<Head, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Ok(_) | Err(_) => return Err(Refusal::NoRequest),
    }
    let (method, path) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let named = header(request.headers, "host")?;
    let on_list = |host: &str| if hosts.contains(host) { Ok(host.to_owned()) } else { Err(Refusal::Host) };
    plain(request.headers)?;
    match (method, inside) {
        ("CONNECT", None) => {
            let (host, port) = path.split_once(':').ok_or(Refusal::Port)?;
            if port != "443" {
                return Err(Refusal::Port);
            }
            on_list(host).map(Head::Connect)
        }
        ("GET", None) => {
            let rest = path.strip_prefix("http://").ok_or(Refusal::NoRequest)?;
            let at = rest.find('/').ok_or(Refusal::Target)?;
            let (authority, target) = rest.split_at(at);
            let host = authority.strip_suffix(":80").unwrap_or(authority);
            if named.is_some_and(|named| named.strip_suffix(":80").unwrap_or(named) != host) {
                return Err(Refusal::TwoHosts);
            }
            asked(on_list(host)?, target, request.headers).map(Head::Get)
        }
        ("GET", Some(inside)) => {
            if named.map(|named| named.strip_suffix(":443").unwrap_or(named)) != Some(inside) {
                return Err(Refusal::TwoHosts);
            }
            asked(on_list(inside)?, path, request.headers).map(Head::Get)
        }
        (_, _) => Err(Refusal::Method),
    }
}

fn asked(host: String, target: &str, headers: &[httparse::Header<'_>]) -> Result<Asked, Refusal> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let fits = target.len() <= LONGEST_TARGET && query.len() <= LONGEST_QUERY;
    let text = target.starts_with('/') && target.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'#' | b'\\'));
    if !fits || !text {
        return Err(Refusal::Target);
    }
    let accept = header(headers, "accept")?.filter(|accept| accept.len() <= LONGEST_ACCEPT).map(str::to_owned);
    Ok(Asked { host, target: target.to_owned(), accept })
}

/// The value of a header that may stand there once.
fn header<'a>(headers: &[httparse::Header<'a>], name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut found = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
    let (first, second) = (found.next(), found.next());
    if second.is_some() {
        return Err(if name == "host" { Refusal::TwoHosts } else { Refusal::NoRequest });
    }
    first.map(|header| std::str::from_utf8(header.value).map_err(|_| Refusal::NoRequest)).transpose()
}

/// Refuses what would send something along or become another protocol.
fn plain(headers: &[httparse::Header<'_>]) -> Result<(), Refusal> {
    for never in ["transfer-encoding", "upgrade", "expect", "trailer"] {
        if headers.iter().any(|header| header.name.eq_ignore_ascii_case(never)) {
            return Err(Refusal::Body);
        }
    }
    match header(headers, "content-length")? {
        None | Some("0") => Ok(()),
        Some(_) => Err(Refusal::Body),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hosts() -> BTreeSet<String> {
        ["packages.example", "index.example"].map(str::to_owned).into()
    }

    fn outside(first: &str) -> Result<Head, Refusal> {
        read(format!("{first} HTTP/1.1\r\n\r\n").as_bytes(), &hosts(), None)
    }

    #[test]
    fn a_file_of_a_host_on_the_list_may_be_asked_for() {
        let asked = |accept: Option<&str>| {
            let (host, target) = ("packages.example".to_owned(), "/a/b?c=d".to_owned());
            Ok(Head::Get(Asked { host, target, accept: accept.map(str::to_owned) }))
        };
        assert_eq!(outside("GET http://packages.example/a/b?c=d"), asked(None));
        assert_eq!(outside("GET http://packages.example:80/a/b?c=d"), asked(None));
        assert_eq!(outside("CONNECT index.example:443"), Ok(Head::Connect("index.example".to_owned())));
        let head = b"GET /a/b?c=d HTTP/1.1\r\nHost: packages.example\r\nAccept: text/plain\r\nCookie: x\r\n\r\n";
        assert_eq!(read(head, &hosts(), Some("packages.example")), asked(Some("text/plain")));
    }

    #[test]
    fn t45_a_host_is_the_listed_one_byte_for_byte_or_refused() {
        for host in [
            "PACKAGES.example",
            "packages.example.",
            "packages.example.evil.test",
            "evil.test",
            "packages.example@evil.test",
            "packages.example:80@evil.test",
            "packages%2eexample",
            "packages.example%00.evil.test",
            "127.0.0.1",
            "[::1]",
            "2852039166",
            "",
        ] {
            assert!(outside(&format!("GET http://{host}/a")).is_err(), "{host}");
            assert!(outside(&format!("CONNECT {host}:443")).is_err(), "{host}");
        }
    }

    #[test]
    fn t46_nothing_but_a_short_get_without_a_body_is_passed_on() {
        let long = "x".repeat(300);
        for (first, refusal) in [
            ("POST http://packages.example/a", Refusal::Method),
            ("PUT http://packages.example/a", Refusal::Method),
            ("HEAD http://packages.example/a", Refusal::Method),
            ("GET https://packages.example/a", Refusal::NoRequest),
            ("GET /a", Refusal::NoRequest),
            ("GET http://packages.example", Refusal::Target),
            ("GET http://packages.example:8080/a", Refusal::Host),
            ("CONNECT packages.example:22", Refusal::Port),
            ("CONNECT packages.example", Refusal::Port),
            (format!("GET http://packages.example/a?{long}").as_str(), Refusal::Target),
            (format!("GET http://packages.example/{}", long.repeat(4)).as_str(), Refusal::Target),
        ] {
            assert_eq!(outside(first), Err(refusal), "{first}");
        }
        for (more, refusal) in [
            ("Host: index.example\r\n", Refusal::TwoHosts),
            ("Host: packages.example\r\nHost: packages.example\r\n", Refusal::TwoHosts),
            ("Host: packages.example\r\nContent-Length: 3\r\n", Refusal::Body),
            ("Host: packages.example\r\nTransfer-Encoding: chunked\r\n", Refusal::Body),
            ("Host: packages.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\n", Refusal::Body),
        ] {
            let head = format!("GET http://packages.example/a HTTP/1.1\r\n{more}\r\n");
            assert_eq!(read(head.as_bytes(), &hosts(), None), Err(refusal), "{more}");
            let head = format!("GET /a HTTP/1.1\r\n{more}\r\n");
            assert!(read(head.as_bytes(), &hosts(), Some("packages.example")).is_err(), "{more}");
        }
        let tunnel = b"CONNECT index.example:443 HTTP/1.1\r\nHost: packages.example\r\n\r\n";
        assert_eq!(read(tunnel, &hosts(), Some("packages.example")), Err(Refusal::Method), "no tunnel in a tunnel");
    }

    proptest! {
        #[test]
        fn t45_whatever_is_asked_the_host_is_one_of_the_list(head in ".{0,80}", host in "\\PC{0,40}") {
            for inside in [None, Some("packages.example")] {
                for head in [head.clone(), format!("GET http://{host}/a HTTP/1.1\r\n\r\n"), format!("CONNECT {host}:443 HTTP/1.1\r\n\r\n")] {
                    if let Ok(Head::Get(Asked { host, .. }) | Head::Connect(host)) = read(head.as_bytes(), &hosts(), inside) {
                        prop_assert!(hosts().contains(&host));
                    }
                }
            }
        }
    }
}
