//! Types that have a name: written with `Display`, read with `FromStr`, described by the names that there are.

use std::fmt::Display;
use std::str::FromStr;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer, de};
use smbsign_engine::protocol::Dialect;

use super::Protection;

pub(crate) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// Lists of such types.
pub(crate) mod list {
    use super::*;

    pub(crate) fn serialize<T: Display, S: Serializer>(
        values: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(T::to_string))
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let names = Vec::<String>::deserialize(deserializer)?;
        names.iter().map(|name| name.parse().map_err(de::Error::custom)).collect()
    }
}

pub(crate) fn list_of_dialects(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": dialects(generator) })
}

pub(crate) fn dialects(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Dialect::ALL.map(Dialect::name) })
}

pub(crate) fn protections(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = Protection::all().chain([Protection::Null]).map(Protection::name).collect();
    json_schema!({ "type": "string", "enum": names })
}
