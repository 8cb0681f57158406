//! What a session measures, and how.

use crate::bench::plan::Plan;

/// What is measured, and how.
#[derive(Clone, Debug)]
pub struct SessionSpec {
    /// The command line, which every result has.
    pub command: Vec<String>,
    /// The list's name, for people; empty where no row needs one.
    pub list: String,
    /// How often the rows run, and in which order.
    pub plan: Plan,
    /// Differences up to this share of the time count as the same.
    pub margin: f64,
    /// The label of the row that others are compared with, where it is not the serial one.
    pub reference: Option<String>,
    /// So many more chunk sizes are tried around the best ones.
    pub refine: usize,
}
