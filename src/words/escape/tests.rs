#![expect(clippy::wildcard_enum_match_arm, reason = "the renderer's kinds of nodes are not ours")]

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, markdown_to_html, parse_document};
use proptest::prelude::*;

use super::*;

fn github() -> Options<'static> {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    options.extension.alerts = true;
    options.render.r#unsafe = true;
    options
}

fn html(markdown: &str) -> String {
    markdown_to_html(markdown, &github())
}

/// Everything a reader sees, and how often something is there that must not be.
fn seen(markdown: &str) -> (String, Vec<String>) {
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &github());
    let (mut text, mut bad) = (String::new(), Vec::new());
    for node in root.descendants() {
        let data = node.data.borrow();
        match &data.value {
            NodeValue::Text(part) => {
                if part.contains('@') || part.contains("://") {
                    let live = part
                        .char_indices()
                        .any(|(at, c)| c == '@' && part[at + 1..].starts_with(|c: char| c.is_ascii_alphanumeric()));
                    if live || part.contains("://") {
                        bad.push(part.to_string());
                    }
                }
                text.push_str(part);
            }
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::CodeBlock(code) => text.extend([code.info.as_str(), code.literal.as_str()]),
            NodeValue::Item(item) if item.list_type == comrak::nodes::ListType::Ordered => {
                // What is shown is the list's first number, counted on from there.
                let first = node.parent().map_or(0, |list| match &list.data.borrow().value {
                    NodeValue::List(list) => list.start,
                    _ => 0,
                });
                let mut before = 0;
                let mut sibling = node.previous_sibling();
                while let Some(found) = sibling {
                    before += 1;
                    sibling = found.previous_sibling();
                }
                text.push_str(&(first + before).to_string());
            }
            value @ (NodeValue::HtmlBlock(_)
            | NodeValue::HtmlInline(_)
            | NodeValue::Image(_)
            | NodeValue::Link(_)
            | NodeValue::Heading(_)
            | NodeValue::ThematicBreak
            | NodeValue::Table(_)
            | NodeValue::BlockQuote
            | NodeValue::Math(_)
            | NodeValue::TaskItem(_)
            | NodeValue::Alert(_)
            | NodeValue::FootnoteReference(_)
            | NodeValue::FootnoteDefinition(_)) => bad.push(format!("{value:?}")),
            _ => {}
        }
    }
    (text, bad)
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || "<>&[]($#@/:|\\=,;!?".contains(*c)).collect()
}

const HOSTILE: [&str; 44] = [
    "![x](https://evil.example/a.png)",
    "![x][r]\n\n[r]: https://evil.example/a.png",
    "<img src=https://evil.example/x>",
    "<picture><source srcset='//evil.example/x'></picture>",
    "<svg/onload=alert(1)>",
    "<https://evil.example>",
    "[a](//evil.example)",
    "[a]( javascript:alert(1) )",
    "see https://evil.example/?q=1, www.evil.example. and ftp://evil.example",
    "write to ann@evil.example or a@_b.example",
    "text[^1]\n\n[^1]: https://evil.example",
    "https://camo.githubusercontent.com/abc/def",
    "<details><summary>short</summary>\n\nlong\n\n</details>",
    "<!-- approve this -->",
    "&lt;b&gt; &#60;i&#62; &copy",
    "cc @org/all and (@ann) **@bob** @a@b",
    "fixes #1, closes owner/repo#2 resolves https://github.com/o/r/issues/3 GH-4",
    "/lgtm\n/approve 3fa9c1d2e07b\n- /merge",
    "@dependabot merge",
    "bors r+",
    "# Goal\n## Scope\nText\n---\nText\n===\n- # deep\n> quote\n> [!WARNING]\n> x",
    "| a | b |\n| --- | --- |\n| c | d |",
    "```\nunclosed <b>",
    "```rust\nlet a = \"<b>\";\n``` trailing\n<b>",
    "````\n```\n<b>\n```\n````",
    "```mermaid\ngraph TD\n```",
    "```math\nx\n```",
    "~~~\n<b>\n~~~\n<i>",
    "`a` b ` c @user d",
    "@user`x` `y`@user",
    "`@user` ``@user`` ``` @user ```",
    "a ` b\nc ` <b>@user</b>",
    "\\<b> \\\\<b> \\[a](b) \\`<b>` \\@user \\",
    "- a\n  ```rust\n  <b>\n  ```\n- b",
    "1.  a\n   ```\n <b>\n   ```",
    "$\\color{white}{x}$ and $$y$$ and $`z`$",
    ":octocat: :tada: a:shipit:b",
    "- [ ] open\n- [x] done",
    "1. a\n1. b\n7. c\n\n3. d\n   9. e\n   9. f",
    "    <b>@user</b>\n\n\t@user",
    "a\u{202e}b\u{200b}c\u{fe0f}d @\u{fe0f}user",
    "a\r\n<b>\r\nc",
    "x\n- \n-\ny\n*\n+\n1.",
    "www\\.evil.example ht\\tps://evil.example <b",
];

#[test]
fn t22_t31_t62_hostile_text_is_shown_and_does_nothing() {
    for text in HOSTILE {
        for markdown in [block(text), inline(text), format!("- {}", block(text).replace('\n', "\n  "))] {
            let (shown, bad) = seen(&markdown);
            assert_eq!(bad, Vec::<String>::new(), "{text:?} as {markdown:?}");
            assert_eq!(letters(&shown), letters(&clean(text)), "{text:?} as {markdown:?}");
        }
    }
}

#[test]
fn hostile_text_comes_back_as_it_was() {
    for text in HOSTILE {
        assert_eq!(text_of(&block(text)), clean(text).trim(), "{:?}", block(text));
    }
}

#[test]
fn emphasis_code_and_lists_survive() {
    let text = "Use **one** `Vec<u8>`:\n\n- a\n  - *b*\n\n```rust\nlet a = &b[0];\n```";
    assert_eq!(block(text), text);
}

#[test]
fn t31_code_of_any_text_is_code() {
    for text in ["a", "`", "``a", "a`", " a ", " ", "", "a|b", "<b>", "a``b`c"] {
        assert_eq!(
            html(&code(text)).trim_end(),
            format!(
                "<p><code>{}</code></p>",
                if text.is_empty() { " ".to_owned() } else { text.replace('<', "&lt;").replace('>', "&gt;") }
            ),
            "{text:?}"
        );
    }
}

#[test]
fn t62_no_text_ends_its_fence_or_its_cell() {
    assert_eq!(fence("text", "a\n```\n# b"), "````text\na\n```\n# b\n````");
    let table = format!("| a |\n| - |\n| {} |\n", cell_code("x | `y`|z"));
    let cells: Vec<String> = html(&table).lines().filter(|line| line.starts_with("<td>")).map(str::to_owned).collect();
    assert_eq!(cells, ["<td><code>x | `y`|z</code></td>"]);
}

#[test]
fn t62_no_title_and_no_message_keeps_ci_from_running() {
    for (text, apart) in [
        ("Tidy up [skip ci]", "Tidy up [ skip ci]"),
        ("[CI skip] Tidy [no ci] up", "[ CI skip] Tidy [ no ci] up"),
        ("[skip actions][actions skip]", "[ skip actions][ actions skip]"),
        ("[[skip  \n ci]", "[ [ skip ci]"),
        ("a[0] [ci-skip] [skip netlify]", "a[0] [ ci-skip] [ skip netlify]"),
        ("Tidy ***NO_CI***", "Tidy *** NO_CI***"),
        ("skip-checks: true", "skip- checks: true"),
        ("Skip-Checks:true", "Skip- Checks:true"),
        ("[ci] Cache `x[no]`, then skip", "[ci] Cache `x[no]`, then skip"),
    ] {
        assert_eq!(bare_line(text, 100), apart);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn t22_any_text_is_shown_and_comes_back(text in "([a-b1-3`#@<>&*_~=+.)\\[\\](!|$:/\\\\ \n-]|```|```rust\n|\n  |\n- |\n1\\. |@a|#1|://|www\\.b){0,40}") {
        let markdown = block(&text);
        let (shown, bad) = seen(&markdown);
        prop_assert_eq!(bad, Vec::<String>::new(), "{:?}", &markdown);
        let back = text_of(&markdown);
        prop_assert_eq!(back, clean(&text).trim().to_owned());
        let digits = |t: &str| t.chars().filter(|c| c.is_alphanumeric() || "<&[$#@:|".contains(*c)).collect::<String>();
        prop_assert_eq!(digits(&shown), digits(&text), "{:?}", &markdown);
    }

    #[test]
    fn t62_nothing_skips_ci_wherever_it_stands(text in "(\\[|\\]|skip|SKIP|no|ci|CI|actions|-|checks|: ?true| |\n|@|#1|\\*\\*\\*|_|x){0,30}") {
        for text in [bare_line(&text, 60), bare(&text).split_whitespace().collect::<Vec<_>>().join(" ")] {
            let lower = text.to_lowercase();
            for skips in ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]", "skip-checks:", "***no_ci***"] {
                prop_assert!(!lower.contains(skips), "{:?}", text);
            }
        }
    }
}
