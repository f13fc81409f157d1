//! A reader of JSON that refuses what Elasticsearch refuses.

use std::{collections::BTreeSet, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A value whose objects have no key twice, nor one that Elasticsearch refuses.
pub(crate) struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some((key, Strict)) = map.next_entry::<String, Strict>()? {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let is_good = !key.is_empty() && !key.starts_with('_') && key.chars().all(plain);
            assert!(is_good && key.len() <= 36, "{key:?}");
            assert!(keys.insert(key.to_ascii_lowercase()), "{key:?} twice");
        }
        Ok(Strict)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Strict, A::Error> {
        while seq.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Strict, E> {
        assert!(i64::try_from(number).is_ok(), "{number} is too big for a long");
        Ok(Strict)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Strict, E> {
        assert!((number as f32).is_finite(), "{number} is too big for a float");
        Ok(Strict)
    }

    fn visit_str<E>(self, _: &str) -> Result<Strict, E> {
        Ok(Strict)
    }
}
