//! Durations as the seconds of the JSON.

/// A duration as a number of seconds, to the nanosecond.
pub(super) mod one {
    use std::time::Duration;

    use serde::Deserialize as _;
    use serde::de::Error as _;
    use serde::{Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_secs_f64())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(D::Error::custom)
    }
}

/// Two durations as an array of seconds.
pub(super) mod two {
    use std::time::Duration;

    use serde::Deserialize;
    use serde::{Deserializer, Serialize as _, Serializer};

    #[derive(Deserialize)]
    struct Seconds(#[serde(with = "super::one")] Duration);

    pub(in super::super) fn serialize<S: Serializer>(
        durations: &[Duration; 2],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        durations.map(|duration| duration.as_secs_f64()).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[Duration; 2], D::Error> {
        let [first, second] = <[Seconds; 2]>::deserialize(deserializer)?;
        Ok([first.0, second.0])
    }
}

/// The same, or `null`.
pub(super) mod optional {
    use std::time::Duration;

    use serde::Deserialize;
    use serde::{Deserializer, Serialize as _, Serializer};

    #[derive(Deserialize)]
    struct Seconds(#[serde(with = "super::one")] Duration);

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Seconds>::deserialize(deserializer)?.map(|Seconds(duration)| duration))
    }
}
