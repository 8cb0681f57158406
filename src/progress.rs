//! The progress bar on standard error. It knows nothing of what progresses.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Redrawing this often is smooth to the eye and costs nothing beside the work.
const REDRAWS_PER_SECOND: u8 = 12;

/// A bar that counts words or bytes, or nothing at all.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for so many words, with words a second and the time left; `visible` is the caller's
    /// decision.
    ///
    /// No thread is started: the bar is redrawn when it is told of progress, and `fork` later on
    /// wants no second thread alive.
    #[must_use]
    pub fn new(words: usize, visible: bool) -> Self {
        let target = if visible {
            ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(words as u64), target);
        let style = ProgressStyle::with_template(
            "{msg}{wide_bar} {human_pos}/{human_len} words, {per_sec}, {eta} left",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.with_key(
            "per_sec",
            |state: &indicatif::ProgressState, sink: &mut dyn std::fmt::Write| {
                let _ = write!(sink, "{:.1} M/s", state.per_sec() / 1e6);
            },
        ));
        Self { bar }
    }

    /// A bar for so many bytes, in the same manner.
    #[must_use]
    pub fn of_bytes(bytes: u64, visible: bool) -> Self {
        let Self { bar } = Self::new(0, visible);
        let style = ProgressStyle::with_template(
            "{msg}{wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left",
        );
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_length(bytes);
        Self { bar }
    }

    /// So many more words are to be done, from where the bar stands.
    pub fn expect(&self, words: usize) {
        self.bar.set_length(self.bar.position() + words as u64);
    }

    /// So many more words, or bytes, are done. Any thread may call it.
    pub fn advance(&self, words: usize) {
        self.bar.inc(words as u64);
    }

    /// Says before the bar what is at work.
    pub fn say(&self, what: &str) {
        self.bar.set_message(format!("{what} "));
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
