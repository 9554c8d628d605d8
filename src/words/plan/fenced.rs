//! A plan that somebody put into fenced code, as chat programs hand texts out.

use crate::words::escape::Scanner;

/// The plan in a text's fenced code, all other lines blanked so that those of the plan keep their numbers. `None` unless
/// exactly one fence holds a title, all of them are closed, and no heading stands outside: otherwise the text itself is the
/// plan, or its fence was ended early by code within it and a part of the plan would be taken for the whole.
#[must_use]
pub fn fenced_plan(text: &str) -> Option<String> {
    let mut scanner = Scanner::default();
    let mut inside: Vec<&str> = Vec::new();
    let mut fences = 0;
    let (mut plan, mut taken) = (Vec::new(), false);
    let mut holds_title = false;
    for line in text.lines() {
        let was_open = scanner.is_open();
        let is_code = scanner.is_code(line);
        if !is_code && line.starts_with('#') {
            return None;
        }
        match (was_open, scanner.is_open()) {
            (false, true) => {
                // Within a list or a quote it is something that the text talks about.
                (inside, holds_title, taken) = (Vec::new(), false, line.starts_with("```"));
            }
            (true, true) => {
                holds_title |= line.starts_with("## ");
                inside.push(line);
            }
            (true, false) if taken && holds_title => {
                fences += 1;
                plan.truncate(plan.len() - inside.len());
                plan.append(&mut inside);
                plan.push("");
                continue;
            }
            (true, false) | (false, false) => {}
        }
        plan.push("");
    }
    (fences == 1 && !scanner.is_open()).then(|| plan.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_in_one_fence_is_taken_out_and_its_lines_keep_their_numbers() {
        let plan = "## Title\n\n### Goal\n\nA goal.";
        let around =
            format!("\nHere it is:\n```markdown\n{plan}\n```\n\nThe test was `make`:\n\n```\nmake test\n```\n");
        assert_eq!(fenced_plan(&around), Some(format!("\n\n\n{plan}\n\n\n\n\n\n\n")));
        let longer = "````\n## Title\n```sh\nmake\n```\n````\n";
        assert_eq!(fenced_plan(longer).as_deref(), Some("\n## Title\n```sh\nmake\n```\n"));
    }

    #[test]
    fn what_is_not_one_whole_plan_in_a_fence_is_left_as_it_is() {
        for text in [
            "## Title\n\n### Approach\n\n```markdown\n## Not a title\n```\n",
            "```markdown\n## One\n```\n```markdown\n## Two\n```\n",
            "```markdown\n## Open\n",
            // The plan's own code ends the fence, and its end begins another.
            "```markdown\n## Title\n### Approach\n```sh\nmake\n```\n### Scope\n```\n",
            "```markdown\n## Title\n### Risks\n```sh\nmake\n```\nMore.\n```\n",
            "> ```markdown\n> ## Quoted\n> ```\n",
            "- ```markdown\n  ## In a list\n  ```\n",
            "no fence at all",
            "```\nno title\n```",
        ] {
            assert_eq!(fenced_plan(text), None, "{text}");
        }
    }
}
