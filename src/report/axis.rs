//! The axes along which the rows of a measurement differ: backend, workers, chunk size and so on.
//! Another program stands in the place of a backend, by its name.
//!
//! Labels and tables name only what varies and say the rest once; this is where "varies" is
//! decided. It knows the fields of a row, not what any of them means.

use std::collections::BTreeSet;

use crate::bench::result::ResultRow;

/// The `backend` of a row that has no workers, tasks or chunks.
pub const SERIAL: &str = "serial";

/// One property of a configuration. In the order in which a label names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Axis {
    /// What runs the tasks.
    Backend,
    /// How many run at a time.
    Workers,
    /// Words in a task.
    Chunksize,
    /// How bytes and digests travel.
    Transport,
    /// How worker processes come to be.
    StartMethod,
    /// What computes the digests.
    Engine,
    /// How often each word is hashed.
    Rounds,
    /// What else another program was told.
    Parameters,
}

impl Axis {
    /// All axes, in the order of a label.
    pub const ALL: [Self; 8] = [
        Self::Backend,
        Self::Workers,
        Self::Chunksize,
        Self::Transport,
        Self::StartMethod,
        Self::Engine,
        Self::Rounds,
        Self::Parameters,
    ];

    /// Where a row lies on this axis; `None` where the axis means nothing to it, as all but the
    /// engine and the rounds mean nothing to a serial row.
    #[must_use]
    pub fn value(self, row: &ResultRow) -> Option<String> {
        let setting = &row.setting;
        let parallel = !setting.is_serial();
        match self {
            Self::Backend => {
                let name = setting.program.as_ref().unwrap_or(&setting.backend);
                parallel.then(|| name.clone())
            }
            Self::Workers => {
                setting.workers.filter(|_| parallel).map(|workers| workers.to_string())
            }
            Self::Chunksize => row.chunksize.as_ref().filter(|_| parallel).map(ToString::to_string),
            Self::Transport => setting.transport.clone().filter(|_| parallel),
            Self::StartMethod => setting.start_method.clone().filter(|_| parallel),
            Self::Engine => (!setting.is_program()).then(|| setting.engine.clone()),
            Self::Rounds => Some(setting.iterations.to_string()),
            Self::Parameters => {
                let parameters = setting.parameters.iter();
                let named: Vec<_> =
                    parameters.map(|(name, value)| format!("{name} {value}")).collect();
                (!named.is_empty()).then(|| named.join(", "))
            }
        }
    }

    /// The same as a part of a label: `4 workers`, `chunksize 5000`, `pipe`.
    #[must_use]
    pub fn phrase(self, row: &ResultRow) -> Option<String> {
        let value = self.value(row)?;
        Some(match self {
            Self::Workers if value == "1" => "1 worker".to_owned(),
            Self::Workers => format!("{value} workers"),
            Self::Chunksize => format!("chunksize {value}"),
            Self::Rounds if value == "1" => "1 round".to_owned(),
            Self::Rounds => format!("{value} rounds"),
            Self::Backend
            | Self::Transport
            | Self::StartMethod
            | Self::Engine
            | Self::Parameters => value,
        })
    }

    /// Whether two of the rows lie at different places on this axis. Rows to which it means
    /// nothing do not count: threads beside processes do not make the transport vary.
    #[must_use]
    pub fn varies(self, rows: &[ResultRow]) -> bool {
        let values: BTreeSet<_> = rows.iter().filter_map(|row| self.value(row)).collect();
        values.len() > 1
    }
}

/// What all rows have in common, for a caption: `processes, 4 workers, shared, spawn, avx512`.
/// Rounds are named only where there is more than one.
#[must_use]
pub fn in_common(rows: &[ResultRow]) -> String {
    let phrases: Vec<_> = Axis::ALL
        .into_iter()
        .filter(|axis| !axis.varies(rows))
        .filter(|axis| *axis != Axis::Rounds || rows.iter().any(|row| row.setting.iterations != 1))
        .filter_map(|axis| rows.iter().find_map(|row| axis.phrase(row)))
        .collect();
    phrases.join(", ")
}
