use super::*;

#[test]
fn a_private_region_starts_as_zeros_and_keeps_what_is_written() {
    for len in [0, 1, 4096, 4097, HUGE_PAGE_BYTES + 1] {
        let mut region = Region::private(len).unwrap();
        if len >= HUGE_PAGE_BYTES {
            assert_eq!(region.as_ptr().addr() % HUGE_PAGE_BYTES, 0);
        }
        assert!(region.private_bytes().iter().all(|&byte| byte == 0));
        region.private_bytes_mut().fill(7);
        assert_eq!(region.private_bytes().len(), len);
        assert!(region.private_bytes().iter().all(|&byte| byte == 7));
    }
}

#[test]
fn what_one_mapping_of_a_shared_region_writes_another_one_reads() {
    let first = Region::shared(8192).unwrap();
    let second = Region::adopt(first.descriptor().unwrap().try_clone_to_owned().unwrap()).unwrap();
    // SAFETY: the byte is inside the mapping and this test is its only user.
    unsafe { first.as_ptr().add(5000).write(42) };
    // SAFETY: nobody writes any more.
    assert_eq!(unsafe { second.bytes_unwatched() }[5000], 42);
    assert_eq!((second.access(), second.len()), (Access::Writable, 8192));
}

#[test]
fn a_frozen_region_holds_what_was_written_and_takes_no_more() {
    let file = memory_file().unwrap();
    rustix::io::write(&file, b"frozen").unwrap();
    let writer = file.try_clone().unwrap();
    let region = Region::freeze(file).unwrap();
    assert_eq!(region.frozen_bytes(), b"frozen");
    assert!(rustix::io::write(&writer, b"x").is_err(), "sealed against writing");
    assert!(rustix::fs::ftruncate(&writer, 0).is_err(), "sealed against resizing");
}

#[test]
fn pages_made_huge_keep_what_is_in_them_in_every_mapping() {
    let len = 3 * HUGE_PAGE_BYTES + 5;
    let first = Region::shared(len).unwrap();
    let second = Region::adopt(first.descriptor().unwrap().try_clone_to_owned().unwrap()).unwrap();
    let written = [0, HUGE_PAGE_BYTES - 1, HUGE_PAGE_BYTES + 4097, len - 1];
    for at in written {
        // SAFETY: the byte is inside the mapping and this test is its only user.
        unsafe { first.as_ptr().add(at).write(42) };
    }
    // Some systems do not; the bytes are the same all the same.
    let _ = first.make_huge_pages(HUGE_PAGE_BYTES + 1..HUGE_PAGE_BYTES + 2);
    let _ = first.make_huge_pages(0..len);
    drop(first);
    let frozen = second.into_frozen().unwrap();
    let places: Vec<usize> = (0..len).filter(|&at| frozen.frozen_bytes()[at] != 0).collect();
    assert_eq!(places, written);
    assert!(written.iter().all(|&at| frozen.frozen_bytes()[at] == 42));
    assert!(!frozen.make_huge_pages(0..len), "nobody can write it any more");
}

#[test]
fn a_region_that_somebody_could_write_is_not_frozen() {
    let first = Region::shared(8192).unwrap();
    let writer = Region::adopt(first.descriptor().unwrap().try_clone_to_owned().unwrap()).unwrap();
    let error = first.into_frozen().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
    assert_eq!(writer.access(), Access::Writable);
}

#[test]
fn memory_that_could_shrink_is_refused() {
    let file = memory_file().unwrap();
    let error = Region::adopt(file).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
#[should_panic(expected = "only frozen memory")]
fn writable_shared_memory_is_not_given_out_as_a_slice() {
    let _ = Region::shared(16).unwrap().frozen_bytes();
}

#[test]
fn a_core_dump_leaves_large_shared_memory_out() {
    let region = Region::shared(2 * HUGE_PAGE_BYTES).unwrap();
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let start = format!("{:x}-", region.as_ptr().addr());
    let of_region = maps.split_once(&start).unwrap().1;
    let flags = of_region.lines().find(|line| line.starts_with("VmFlags:")).unwrap();
    assert!(flags.contains(" dd"), "{flags}");
}
