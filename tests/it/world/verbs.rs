//! More of what happens in a world: teams, files on the default branch, days that go by, clocks that differ.

use std::sync::atomic::Ordering;
use std::time::Duration;

use assentry::demo::github::{Membership, NewRepository};
use assentry::ids::Timestamp;

use super::{REPO, World};

impl World {
    /// A team of the story's organization: its active members, and who is only invited.
    pub(crate) fn team(&self, slug: &str, active: &[&str], invited: &[&str]) {
        let (organization, _) = REPO.split_once('/').unwrap();
        let team = format!("{organization}/{slug}");
        self.github.adds_team(organization, slug).unwrap();
        for (people, membership) in [(active, Membership::Active), (invited, Membership::Pending)] {
            people.iter().for_each(|login| self.github.puts_in_team(&team, login, membership).unwrap());
        }
    }

    /// Ann writes a file on the default branch, such as the policy or the code owners.
    pub(crate) fn file_on_main(&self, path: &str, text: &str) -> String {
        self.person("ann").pushes("main", path, text).unwrap()
    }

    /// The organization's own repository, `.github`, with one file.
    pub(crate) async fn organization_file(&self, path: &str, text: &str) {
        let (organization, _) = REPO.split_once('/').unwrap();
        let files = vec![(path.to_owned(), text.as_bytes().to_vec(), false)];
        let name = format!("{organization}/.github");
        self.github.adds_repository(NewRepository { name, files, private: true }).await.unwrap();
    }

    /// Lets days go by as they do: each thing happens when it is due, and not all at the end.
    pub(crate) async fn days_go_by(&self, days: u64) {
        let end = self.github.now().plus(Duration::from_secs(days * 24 * 60 * 60));
        loop {
            self.settle().await;
            let next = self.core.store.next_due(self.our_now()).await.unwrap();
            // What is due is told by our clock, and passes by GitHub's.
            let next = next.map_or(end, |next| self.github.now().plus(next.since(self.our_now()))).min(end);
            self.github.is_now(next);
            if next == end {
                return self.settle().await;
            }
        }
    }

    /// Puts our clock ahead of GitHub's by so many milliseconds, or behind.
    pub(crate) fn our_clock_is_ahead_by(&self, milliseconds: i64) {
        self.ahead_ms.store(milliseconds, Ordering::Relaxed);
    }

    /// The time by our clock.
    pub(crate) fn our_now(&self) -> Timestamp {
        Timestamp(self.github.now().0 + self.ahead_ms.load(Ordering::Relaxed))
    }
}
