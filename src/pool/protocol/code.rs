//! Where a function lies in the program, as a number that another process of the same program can
//! turn back into the function.
//!
//! The kernel loads an executable at a random address, but every byte of it at the same distance
//! from its start. So a place is that distance, and it is only valid in a process that runs the
//! same executable, which the [`BuildId`] tells. Functions of a shared library have no place: two
//! libraries are loaded at unrelated addresses.

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// The distance in bytes of a function from the start of the executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::pool) struct CodePlace(pub(in crate::pool) u32);

impl CodePlace {
    /// The place of the function at this address; `None` where it is not in the executable.
    pub(in crate::pool) fn of(function: *const ()) -> Option<Self> {
        let image = Image::of_this_program();
        let distance = function.addr().checked_sub(image.start)?;
        image.holds_code(distance).then_some(())?;
        u32::try_from(distance).ok().map(Self)
    }

    /// The address of the function; `None` where the executable has no code.
    pub(in crate::pool) fn address(self) -> Option<*const ()> {
        let image = Image::of_this_program();
        let distance = self.0 as usize;
        image.holds_code(distance).then(|| {
            // The code of the program is no Rust allocation; its addresses are exposed as such.
            std::ptr::with_exposed_provenance(image.start + distance)
        })
    }
}

/// Tells one build of a program from another: the linker's build id where there is one, and the
/// layout of the executable's segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::pool) struct BuildId(u64);

impl BuildId {
    /// The id of the program that this process runs.
    pub(in crate::pool) fn of_this_program() -> Self {
        Self(Image::of_this_program().id)
    }
}

/// The executable as it is mapped.
#[derive(Debug, Default)]
struct Image {
    start: usize,
    /// Executable segments, as distances from the start.
    code: Vec<Range<usize>>,
    id: u64,
}

impl Image {
    fn of_this_program() -> &'static Self {
        static IMAGE: OnceLock<Image> = OnceLock::new();
        IMAGE.get_or_init(|| {
            let mut image = Self::default();
            // SAFETY: the callback gets the pointer that is passed here, to a value that outlives
            // the call.
            unsafe { libc::dl_iterate_phdr(Some(read_program), (&raw mut image).cast()) };
            image
        })
    }

    fn holds_code(&self, distance: usize) -> bool {
        self.code.iter().any(|range| range.contains(&distance))
    }
}

/// Reads the first object that the loader lists, the program itself, and stops there.
unsafe extern "C" fn read_program(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    image: *mut c_void,
) -> c_int {
    // SAFETY: the loader passes a valid description, and `image` is the value of the caller.
    let (info, image) = unsafe { (&*info, &mut *image.cast::<Image>()) };
    image.start = usize::try_from(info.dlpi_addr).unwrap_or(0);
    // FNV-1a: a check that two builds are the same one, not a defence against an attack.
    let mut id = 0xCBF2_9CE4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for &byte in bytes {
            id = (id ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    };
    for at in 0..usize::from(info.dlpi_phnum) {
        // SAFETY: the loader's table has `dlpi_phnum` entries.
        let header = unsafe { &*info.dlpi_phdr.add(at) };
        let from = usize::try_from(header.p_vaddr).unwrap_or(0);
        let len = usize::try_from(header.p_memsz).unwrap_or(0);
        add(&header.p_type.to_le_bytes());
        add(&header.p_vaddr.to_le_bytes());
        add(&header.p_memsz.to_le_bytes());
        if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_X != 0 {
            image.code.push(from..from + len);
        }
        if header.p_type == libc::PT_NOTE {
            let notes = std::ptr::with_exposed_provenance(image.start + from);
            // SAFETY: the segment is mapped, readable and never written.
            add(unsafe { std::slice::from_raw_parts(notes, len) });
        }
    }
    image.id = id;
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> u32 {
        42
    }

    #[test]
    fn a_function_is_found_again_at_its_place() {
        let place = CodePlace::of(answer as *const ()).unwrap();
        let address = place.address().unwrap();
        assert_eq!(address, answer as *const ());
        // SAFETY: the address of a function of this type, as the line above checked.
        let found = unsafe { std::mem::transmute::<*const (), fn() -> u32>(address) };
        assert_eq!(found(), 42);
    }

    #[test]
    fn data_and_other_libraries_have_no_place() {
        static DATA: u8 = 0;
        assert_eq!(CodePlace::of((&raw const DATA).cast()), None);
        assert_eq!(CodePlace::of(std::ptr::null()), None);
        // In a program that is linked dynamically this one is the C library's.
        let getpid = libc::getpid as *const ();
        let place = CodePlace::of(getpid);
        assert!(place.is_none_or(|place| place.address() == Some(getpid)));
        assert_eq!(CodePlace(u32::MAX).address(), None);
    }

    #[test]
    fn a_program_has_one_build_id() {
        assert_eq!(BuildId::of_this_program(), BuildId::of_this_program());
        assert_ne!(BuildId::of_this_program().0, 0);
    }
}
