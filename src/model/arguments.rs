//! Reads the arguments of a call as what the model wrote, or not at all (F49).
//!
//! Nothing is repaired: a closing brace is not added, a comment not removed, a text not turned into a number. A key that
//! is given twice has no one meaning, so that is refused as well, which serde_json alone would not do.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::conversation::Arguments;

impl Arguments {
    /// Reads the text of a call's arguments. No text at all means no arguments, as on both vendors' wires.
    pub(super) fn parse(text: String) -> Arguments {
        if text.trim().is_empty() {
            return Arguments::Json(Value::Object(Map::new()));
        }
        match serde_json::from_str::<Strict>(&text) {
            Ok(Strict(value @ Value::Object(_))) => Arguments::Json(value),
            Ok(Strict(_)) => Arguments::Broken { text, why: "not a JSON object".into() },
            Err(why) => Arguments::Broken { text, why: why.to_string() },
        }
    }

    /// What goes back to the vendor as the arguments of this call: an object in any case, since both vendors ask for one.
    pub(super) fn sent(&self) -> Value {
        match self {
            Arguments::Json(value) => value.clone(),
            Arguments::Broken { text, .. } => serde_json::json!({ "unreadable": text }),
        }
    }
}

/// A JSON value in which no object has a key twice and no number has lost digits.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Strict, D::Error> {
        from.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // From here on an f64 no longer holds every whole number, so the text may have said another one.
        if value.abs() >= 9_007_199_254_740_992.0 {
            return Err(E::custom("a number is too large to be read exactly"));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((key, Strict(value))) = from.next_entry::<String, Strict>()? {
            if fields.insert(key, value).is_some() {
                return Err(A::Error::custom("a key is given twice"));
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn f49_what_is_not_one_json_object_is_broken_and_keeps_its_text() {
        for bad in [
            "{",
            "{\"path\": \"a\"",
            "{\"path\": \"a\",}",
            "{'path': 'a'}",
            "{path: \"a\"}",
            "```json\n{}\n```",
            "{} {}",
            "[1]",
            "\"x\"",
            "null",
            "{\"a\": NaN}",
            "{\"a\": 1e999}",
            "{\"a\": 123456789012345678901234567890}",
            "{\"path\": \"a\", \"path\": \"b\"}",
            "{\"a\": {\"b\": 1, \"b\": 1}}",
            "{\"a\": \"\\ud800\"}",
            "{\"a\": \"line\nbreak\"}",
        ] {
            match Arguments::parse(bad.into()) {
                Arguments::Broken { text, why } => assert!(text == bad && !why.is_empty(), "{bad}"),
                Arguments::Json(value) => assert_eq!(value, json!("must be broken"), "{bad}"),
            }
        }
    }

    #[test]
    fn f49_a_deep_pit_of_brackets_is_broken_and_harmless() {
        let pit = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(matches!(Arguments::parse(pit), Arguments::Broken { .. }));
    }

    #[test]
    fn a_call_without_arguments_has_none() {
        for none in ["", " ", "{}"] {
            assert_eq!(Arguments::parse(none.into()), Arguments::Json(json!({})));
        }
    }

    #[test]
    fn broken_arguments_go_back_as_an_object_that_shows_them() {
        assert_eq!(Arguments::parse("{\"a".into()).sent(), json!({"unreadable": "{\"a"}));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// Whatever happens to one byte of a good call, it is either refused or means what its text says.
        #[test]
        fn f49_a_mutated_call_is_broken_or_exact(at in any::<prop::sample::Index>(), new in any::<char>(), cut: bool) {
            let good = r#"{"path":"src/lib.rs","line":17,"all":false,"more":{"a":[1,-2,3.5,null],"b":"\u00e9\n"}}"#;
            let mut text: Vec<char> = good.chars().collect();
            let at = at.index(text.len());
            if cut { text.truncate(at) } else { text[at] = new }
            let text: String = text.into_iter().collect();
            match Arguments::parse(text.clone()) {
                Arguments::Broken { text: kept, .. } => prop_assert_eq!(kept, text),
                Arguments::Json(value) if text.trim().is_empty() => prop_assert_eq!(value, json!({})),
                Arguments::Json(value) => {
                    let plain: Value = serde_json::from_str(&text).unwrap_or_default();
                    prop_assert_eq!(value, plain);
                }
            }
        }
    }
}
