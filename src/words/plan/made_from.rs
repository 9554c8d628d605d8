//! The list of what a version was made from, with the way to each part and a mark where it comes from outside.

use crate::ids::{CommentId, IssueNumber};
use crate::words::escape::code;
use crate::words::figures::many;
use crate::words::place::Home;

/// How many comments are listed.
const MOST: usize = 30;

/// What a version was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MadeFrom {
    /// Who wrote title and text; `None` where that is not known any more.
    pub author: Option<Source>,
    /// The comments that were read, oldest first.
    pub comments: Vec<(CommentId, Source)>,
    /// How many comments of people without write access were left out, as the policy says.
    pub left_out: usize,
}

/// Where a text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The author's login.
    pub by: String,
    /// What that person could do when the text was frozen.
    pub standing: SourceStanding,
}

/// What an author could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceStanding {
    /// Write to the repository.
    Writes,
    /// Not that.
    Outside,
    /// GitHub did not say.
    Unknown,
}

/// The section, with a line break before and behind it; empty if nothing is known.
pub(super) fn made_from(made: &MadeFrom, issue: IssueNumber, home: &Home) -> String {
    let Some(author) = &made.author else { return String::new() };
    let at = home.issue(issue);
    let mut lines = vec![format!("- Title and text of [#{issue}]({at}) by {}", by(author))];
    for (id, source) in made.comments.iter().take(MOST) {
        lines.push(format!("- [Comment {id}]({at}#issuecomment-{id}) by {}", by(source)));
    }
    if made.comments.len() > MOST {
        lines.push(format!("- {} after these", many((made.comments.len() - MOST) as u64, "comment")));
    }
    if made.left_out > 0 {
        let comments = many(made.left_out as u64, "comment");
        lines.push(format!("- Left out: {comments} by people without write access"));
    }
    format!("\n### Made from\n\n{}\n", lines.join("\n"))
}

fn by(source: &Source) -> String {
    let who = code(&source.by);
    match source.standing {
        SourceStanding::Writes => who,
        SourceStanding::Outside => format!("{who}, without write access"),
        SourceStanding::Unknown => format!("{who}, whose access is not known"),
    }
}
