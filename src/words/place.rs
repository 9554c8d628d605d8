//! Addresses of things in one repository, the only ones our texts link to (T31).

use crate::ids::{CommitSha, IssueNumber, PullNumber, RepoName, RepoPath};

/// The repository that a text is posted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The host's address without a slash at its end, such as `https://github.com`; from the configuration.
    pub web: String,
    /// The repository.
    pub repo: RepoName,
}

impl Home {
    /// The address of an issue.
    #[must_use]
    pub fn issue(&self, number: IssueNumber) -> String {
        format!("{}/{}/issues/{number}", self.web, self.repo)
    }

    /// The address of a pull request.
    #[must_use]
    pub fn pull(&self, number: PullNumber) -> String {
        format!("{}/{}/pull/{number}", self.web, self.repo)
    }

    /// The address of a note by its name within the run; `pull` where it stands on the plan pull request. None for what
    /// was said in words that were not kept as an object of their own.
    #[must_use]
    pub fn note(&self, name: &str, issue: IssueNumber, pull: Option<PullNumber>) -> Option<String> {
        let (kind, id) = name.split_once('-')?;
        let _: i64 = id.parse().ok()?;
        let anchor = match kind {
            "line" => format!("discussion_r{id}"),
            "review" => format!("pullrequestreview-{id}"),
            "comment" => format!("issuecomment-{id}"),
            _ => return None,
        };
        let place = pull.map_or_else(|| self.issue(issue), |pull| self.pull(pull));
        Some(format!("{place}#{anchor}"))
    }

    /// The address of a file as it was at a commit, with everything escaped that could end the address.
    #[must_use]
    pub fn file(&self, commit: &CommitSha, path: &RepoPath) -> String {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_');
        let mut address = format!("{}/{}/blob/{commit}/", self.web, self.repo);
        for byte in path.as_str().bytes() {
            if plain(byte) {
                address.push(char::from(byte));
            } else {
                address.extend(["%", &format!("{byte:02X}")]);
            }
        }
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t31_a_path_cannot_end_the_address_it_stands_in() {
        let address = "acme/widgets".parse().and_then(|repo| {
            let home = Home { web: "https://github.com".to_owned(), repo };
            Ok(home.file(&"ab".repeat(20).parse()?, &"a b)/ö.md".parse()?))
        });
        let blob = format!("https://github.com/acme/widgets/blob/{}/a%20b%29/%C3%B6.md", "ab".repeat(20));
        assert_eq!(address, Ok(blob));
    }
}
