//! Takes out of a stranger's text whatever a reader on GitHub does not see, and says what was taken.
//!
//! Promises: what is left is what a person would have read; everything removed is counted and quoted as [`Hidden`], so
//! that it can be shown to whoever approves. Refuses to guess: where it is unclear whether readers see something, it is
//! taken out. What a repository's files and a command's output say is not Markdown; for these only [`visible`] is used.

mod code;
mod links;
mod markup;
mod unicode;

use serde::{Deserialize, Serialize};

/// Characters of removed text that a disclosure quotes at most.
const EXCERPT_CHARS: usize = 300;

/// How often markup is looked through until nothing is found any more.
const ROUNDS: usize = 8;

/// A text without what readers do not see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleaned {
    /// What is left.
    pub text: String,
    /// What was taken out, in the order it was found.
    pub hidden: Vec<Hidden>,
}

/// One thing that was taken out of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// What kind of thing.
    pub kind: HiddenKind,
    /// How many characters were taken out.
    pub chars: usize,
    /// Its beginning, without invisible characters; for these their code points, such as `U+200B`.
    pub excerpt: String,
}

/// Ways to put text where readers do not see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenKind {
    /// Code points without a shape: control, zero-width, direction, tag and variation characters.
    InvisibleCharacters,
    /// An HTML comment, declaration or processing instruction.
    HtmlComment,
    /// Attributes of an HTML tag, or the content of one that is not shown.
    HtmlTag,
    /// The text, title and address of an image.
    Image,
    /// The title of a link, or a link without text.
    Link,
    /// A link reference definition.
    Definition,
}

/// Removes from Markdown written by a stranger all that GitHub's readers do not see.
///
/// Where GitHub shows the source itself (fenced code, code spans) it is kept, but only where that is beyond doubt.
#[must_use]
pub fn clean(markdown: &str) -> Cleaned {
    let mut hidden = Vec::new();
    let mut text = visible_into(markdown, &mut hidden);
    for _ in 0..ROUNDS {
        let found = hidden.len();
        text = markup::strip(&text, &mut hidden);
        // Entities are undone by the stripping, and may have stood for what is invisible.
        text = visible_into(&text, &mut hidden);
        if hidden.len() == found {
            return Cleaned { text, hidden };
        }
    }
    // Made to grow anew each time it is looked at: without angles and brackets nothing is left to hide in.
    text.retain(|c| !matches!(c, '<' | '[' | '&'));
    Cleaned { text, hidden }
}

/// Removes invisible characters from any text and counts them; line ends become `\n`.
#[must_use]
pub fn visible(text: &str) -> Cleaned {
    let mut hidden = Vec::new();
    let text = visible_into(text, &mut hidden);
    Cleaned { text, hidden }
}

fn visible_into(text: &str, hidden: &mut Vec<Hidden>) -> String {
    let (kept, dropped) = unicode::split(text);
    if !dropped.is_empty() {
        let codes: Vec<String> = dropped.iter().take(12).map(|c| format!("U+{:04X}", u32::from(*c))).collect();
        let more = if dropped.len() > 12 { " …" } else { "" };
        let excerpt = format!("{}{more}", codes.join(" "));
        hidden.push(Hidden { kind: HiddenKind::InvisibleCharacters, chars: dropped.len(), excerpt });
    }
    kept
}

fn note(hidden: &mut Vec<Hidden>, kind: HiddenKind, removed: &str) {
    let excerpt: String = removed.chars().take(EXCERPT_CHARS).collect();
    hidden.push(Hidden { kind, chars: removed.chars().count(), excerpt });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(markdown: &str) -> (String, Vec<(HiddenKind, String)>) {
        let cleaned = clean(markdown);
        (cleaned.text, cleaned.hidden.into_iter().map(|h| (h.kind, h.excerpt)).collect())
    }

    #[test]
    fn t24_comments_are_removed_and_disclosed_however_they_end() {
        let comment = HiddenKind::HtmlComment;
        for (input, text, hidden) in [
            ("a <!-- evil --> b", "a   b", vec!["<!-- evil -->"]),
            ("a <!-- evil", "a  ", vec!["<!-- evil"]),
            ("a <!-- evil --!> b", "a   b", vec!["<!-- evil --!>"]),
            ("a <!--> b", "a   b", vec!["<!-->"]),
            ("a <!---> b", "a   b", vec!["<!--->"]),
            ("a &lt;!-- evil --&gt; b", "a   b", vec!["&lt;!-- evil --&gt;"]),
            ("a &#60;!-- evil --&#x3E; b", "a   b", vec!["&#60;!-- evil --&#x3E;"]),
            ("a <? evil ?> b", "a   b", vec!["<? evil ?>"]),
            ("a <![CDATA[evil > x]]> b", "a   b", vec!["<![CDATA[evil > x]]>"]),
            ("a <!X evil> b", "a   b", vec!["<!X evil>"]),
            ("a </# evil> b", "a   b", vec!["</# evil>"]),
        ] {
            let hidden: Vec<_> = hidden.into_iter().map(|h| (comment, h.to_owned())).collect();
            assert_eq!(found(input), (text.to_owned(), hidden), "{input}");
        }
    }

    #[test]
    fn t24_image_texts_link_titles_and_attributes_are_removed_and_disclosed() {
        for (input, text, kind, excerpt) in [
            ("![evil](x.png \"more\")", "[image]", HiddenKind::Image, "![evil](x.png \"more\")"),
            ("![a ![b] evil](x.png)", "[image]", HiddenKind::Image, "![a ![b] evil](x.png)"),
            ("![evil][ref]", "[image]", HiddenKind::Image, "![evil][ref]"),
            ("<img alt='a > evil' src=x>", "[image]", HiddenKind::Image, "<img alt='a > evil' src=x>"),
            ("[see](https://a.b/ \"evil\")", "[see](https://a.b/)", HiddenKind::Link, " \"evil\""),
            ("[see](<a%20b> 'evil')", "[see](<a%20b>)", HiddenKind::Link, " 'evil'"),
            ("[](https://a.b/evil)", " ", HiddenKind::Link, "[](https://a.b/evil)"),
            ("<p title=\"evil\">hi</p>", "<p>hi</p>", HiddenKind::HtmlTag, " title=\"evil\""),
            ("<style>evil</style>x", " x", HiddenKind::HtmlTag, "<style>evil</style>"),
            ("[//]: # (evil)\nx", " \nx", HiddenKind::Definition, "[//]: # (evil)"),
            ("[a]: b\n  \"evil\nevil\"\nx", " \nx", HiddenKind::Definition, "[a]: b\n  \"evil\nevil\""),
            ("> [a]:\n> evil\n\nx", ">  \n\nx", HiddenKind::Definition, "[a]:\n> evil"),
        ] {
            assert_eq!(found(input), (text.to_owned(), vec![(kind, excerpt.to_owned())]), "{input}");
        }
    }

    #[test]
    fn t24_what_is_nested_does_not_come_together_again() {
        for input in
            ["<!<!-- x -->-- evil -->", "<!--<!-- a --> evil -->", "<im<!-- x -->g alt=evil>", "<!&#8203;-- evil -->"]
        {
            let text = clean(input).text;
            assert!(!text.contains("<!--") && !text.contains("<img"), "{input} -> {text}");
        }
    }

    #[test]
    fn code_that_readers_see_is_kept() {
        for shown in [
            "Output:\n```html\n<!-- seen --> <p class=\"x\">\n```\nafter",
            "Use `<!-- seen -->` and ``a `<p id=x>` b``.",
            "A `Vec<T>`, <https://example.org/x>, a < b and c > d, vec![1, 2] and f(x)[1](y).",
            "[text](https://example.org/a_(b)) and [^1]\n\n[^1]: a footnote is shown",
        ] {
            assert_eq!(clean(shown), Cleaned { text: shown.to_owned(), hidden: vec![] });
        }
    }

    #[test]
    fn t24_what_only_looks_like_code_is_not_kept() {
        for input in [
            "<div>\n```\n<!-- evil -->\n```\n</div>",
            "<pre>\n\n```\n<!-- evil -->\n```\n</pre>",
            "<!-- x --!>\n\n```\n<!-- evil -->\n```",
            "- item\n\n  ```\n<!-- evil -->\n\n```\n",
            "\\`<!-- evil -->`",
            "`a\nb` <!-- evil --> `c",
            "```\n<!-- evil -->",
            "    ```\n<!-- evil -->\n    ```",
        ] {
            assert!(!clean(input).text.contains("evil"), "{input}");
        }
    }

    #[test]
    fn a_hostile_text_of_full_size_is_cleaned_without_taking_for_ever() {
        for piece in ["![", "<a \"", "<!--", "[a]:", "`<", "[](", "](x \"", "<!<!", "&#8203;<", "```\n", "<a '>\""] {
            let text = piece.repeat(65_536 / piece.len());
            assert!(clean(&text).text.len() <= 2 * text.len(), "{piece}");
        }
    }

    proptest::proptest! {
        #[test]
        fn t24_nothing_that_hides_survives(parts in proptest::collection::vec(proptest::sample::select(vec![
            "<!--", "-->", "--!>", "<!", "!", "--", ">", "<", "a", " ", "\n", "[", "]", "(", ")", "\"", "'", "&lt;", "&#60;", "&#8203;",
            "<img ", "<p ", "alt=x", "</", "?", "![", "](", "]:", "\u{200b}", "\u{e0041}",
        ]), 0..40)) {
            let text = clean(&parts.concat()).text;
            assert!(!text.contains("<!--") && !text.contains("\u{200b}"), "{text}");
            assert_eq!(clean(&text), Cleaned { text: text.clone(), hidden: vec![] });
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(1_000))]

        #[test]
        fn no_text_is_too_odd_to_be_cleaned(text in "[-<>!?\\[\\]()&;`~#\"'/ \n\\t:|\\\\aimgxpreé\u{200b}😀\u{ad}0-9]{0,90}") {
            let cleaned = clean(&text);
            assert!(!cleaned.text.chars().any(unicode::is_hidden), "{cleaned:?}");
        }
    }
}
