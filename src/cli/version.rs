//! What `--version` says.

use std::sync::LazyLock;

use crate::sha512::EngineKind;

/// The version, the commit if whoever built the program named it in `WORDHASH_COMMIT`, and the
/// engines built in.
///
/// A build script could ask `git` instead. It would have every new commit recompile everything,
/// and name the commit of whatever repository the source happens to lie in.
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
