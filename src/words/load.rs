//! Loading a whole list, or giving it away block by block.

use super::blocks::Blocks;
use super::error::LoadError;
use super::input::open_source;
use super::list::WordList;
use super::source::Source;
use super::split::Rules;
use super::windows::{Room, Windows};
use crate::os::interrupt::Interrupt;

/// Loads a list; `utf8` demands that all of it is UTF-8.
///
/// # Errors
///
/// See [`LoadError`].
#[expect(clippy::missing_panics_doc, reason = "even an empty list is a window")]
pub fn load(
    origin: &Source,
    rules: Rules,
    utf8: bool,
    interrupt: &Interrupt,
) -> Result<WordList, LoadError> {
    let mut windows = Windows::open(origin, rules, utf8, interrupt)?;
    let all = windows.next_window(Room::ALL, interrupt)?;
    Ok(all.expect("even an empty list is a window").list)
}

/// Reads a list from its start to its end, unpacked where it is packed, and gives it away block by
/// block.
///
/// # Errors
///
/// See [`LoadError`]; or what `give` says.
pub fn read_blocks<E: From<LoadError>>(
    origin: &Source,
    interrupt: &Interrupt,
    mut give: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    /// What a packed list may take to be unpacked.
    const ROOM_BYTES: usize = 256 << 20;
    let mut blocks = Blocks::new(open_source(origin, interrupt)?, origin.clone());
    blocks.prepare(ROOM_BYTES, interrupt)?;
    let mut block = Vec::new();
    loop {
        blocks.next_block(&mut block, interrupt)?;
        if block.is_empty() {
            return Ok(());
        }
        give(&block)?;
    }
}
