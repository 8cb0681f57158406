//! What `--version` says.

use std::sync::LazyLock;

use crate::sha512::EngineKind;

/// The version, the commit if it is known (`build.rs` says when; `-dirty` where the source was not
/// quite the commit's), and the engines built in.
pub(super) static LONG: LazyLock<String> = LazyLock::new(|| {
    let commit = option_env!("WORDHASH_COMMIT").filter(|commit| !commit.is_empty());
    let commit = commit.map(|commit| format!(" ({commit})")).unwrap_or_default();
    let built_in = EngineKind::ALL
        .into_iter()
        // The others are instructions of that architecture.
        .filter(|&kind| cfg!(target_arch = "x86_64") || kind == EngineKind::Sha2)
        .map(EngineKind::name);
    let engines: Vec<&str> = built_in.collect();
    format!("{}{commit}\nengines: {}", env!("CARGO_PKG_VERSION"), engines.join(", "))
});
