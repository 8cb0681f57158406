//! The ways to start a worker and to carry a task's bytes, with the names that users type.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How a worker process comes to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StartMethod {
    /// The program is run anew. Works in every program, whatever its threads.
    #[default]
    Spawn,
    /// The process is copied. Faster to start; refused while more than one thread is alive.
    Fork,
}

/// How a task's bytes travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Large bodies lie in memory that parent and worker share; only their places are sent.
    #[default]
    Shared,
    /// All bytes go through the socket.
    Pipe,
}

/// A name that is none of an option's values.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown {option} `{name}` (one of: {allowed})")]
pub struct UnknownName {
    option: &'static str,
    name: String,
    allowed: &'static str,
}

impl StartMethod {
    /// All start methods.
    pub const ALL: [Self; 2] = [Self::Spawn, Self::Fork];

    /// The name that users type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spawn => "spawn",
            Self::Fork => "fork",
        }
    }
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 2] = [Self::Shared, Self::Pipe];

    /// The name that users type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Pipe => "pipe",
        }
    }
}

impl fmt::Display for StartMethod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for StartMethod {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|method| method.name() == name).ok_or_else(|| UnknownName {
            option: "start method",
            name: name.to_owned(),
            allowed: "spawn, fork",
        })
    }
}

impl FromStr for Transport {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|transport| transport.name() == name).ok_or_else(|| {
            UnknownName { option: "transport", name: name.to_owned(), allowed: "shared, pipe" }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_what_they_name() {
        for method in StartMethod::ALL {
            assert_eq!(method.to_string().parse(), Ok(method));
        }
        for transport in Transport::ALL {
            assert_eq!(transport.to_string().parse(), Ok(transport));
        }
        let error = "thread".parse::<StartMethod>().unwrap_err();
        assert_eq!(error.to_string(), "unknown start method `thread` (one of: spawn, fork)");
    }
}
