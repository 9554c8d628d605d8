//! Who of those that asked for a version approved it.

use super::Approved;
use crate::ids::Person;

impl Approved {
    /// Who of those that approved it had asked for it: it is self-approved by them (D30).
    #[must_use]
    pub fn self_approved(&self) -> Vec<&Person> {
        let asked = |person: &&Person| self.by_requester && self.shown.subject.requesters.contains(&person.id);
        self.by.iter().filter(asked).collect()
    }
}
