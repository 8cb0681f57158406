//! The engines' names: what the command line takes, `info` prints and an export carries.
//!
//! A kind is only a name. It says nothing of the machine: that a kind can be run here is what an
//! [`Engine`](super::Engine) stands for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a way to compute SHA-512.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// The `sha2` crate, one word after another.
    Sha2,
    /// Four words side by side in 256-bit registers.
    Avx2,
    /// Eight words side by side in 512-bit registers.
    Avx512,
}

impl EngineKind {
    /// All kinds, slowest first.
    pub const ALL: [Self; 3] = [Self::Sha2, Self::Avx2, Self::Avx512];

    /// The name that the command line uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha2 => "sha2",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no engine has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown engine '{name}': use sha2, avx2 or avx512")]
pub struct UnknownEngine {
    /// The name as it was given.
    pub name: String,
}

impl FromStr for EngineKind {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownEngine { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_the_same_in_text_and_in_json() {
        for kind in EngineKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
            assert_eq!(serde_json::from_str::<EngineKind>(&json).unwrap(), kind);
        }
    }

    #[test]
    fn an_unknown_name_is_named_with_the_remedy() {
        let error = "AVX2".parse::<EngineKind>().unwrap_err();
        assert_eq!(error.to_string(), "unknown engine 'AVX2': use sha2, avx2 or avx512");
    }
}
