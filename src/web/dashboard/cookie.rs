//! The two cookies: who is signed in, and which sign-in is under way.

use axum::http::{HeaderMap, HeaderValue, header};
use std::time::Duration;

/// A cookie's name; with TLS it gets the prefix that keeps other hosts and plain HTTP from setting it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookie {
    name: &'static str,
    secure: bool,
}

impl Cookie {
    /// The session.
    pub(super) fn session(secure: bool) -> Cookie {
        Cookie { name: "assentry", secure }
    }

    /// The sign-in that is under way.
    pub(super) fn login(secure: bool) -> Cookie {
        Cookie { name: "assentry-login", secure }
    }

    fn prefix(self) -> &'static str {
        if self.secure { "__Host-" } else { "" }
    }

    /// Its value in a request.
    pub(super) fn of(self, headers: &HeaderMap) -> Option<&str> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(name, _)| name.strip_prefix(self.prefix()) == Some(self.name));
        values.next().map(|(_, value)| value)
    }

    /// The header that sets it. A value of ours has no character that a cookie may not have.
    pub(super) fn set(self, value: &str, life: Duration) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let (prefix, name, seconds) = (self.prefix(), self.name, life.as_secs());
        let line = format!("{prefix}{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(line).ok()
    }

    /// The header that takes it away.
    pub(super) fn unset(self) -> Option<HeaderValue> {
        self.set("", Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("xassentry=1; assentry=2; __Host-assentry=3"));
        assert_eq!(Cookie::session(false).of(&headers), Some("2"));
        assert_eq!(Cookie::session(true).of(&headers), Some("3"));
        assert_eq!(Cookie::login(true).of(&headers), None);
    }

    #[test]
    fn t69_a_cookie_is_kept_from_scripts_other_sites_and_plain_http() {
        let set = Cookie::session(true).set("v", Duration::from_secs(60));
        let line = "__Host-assentry=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(set.and_then(|value| value.to_str().ok().map(str::to_owned)), Some(line.to_owned()));
    }
}
