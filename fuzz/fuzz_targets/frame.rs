//! Any bytes a worker could send: the decoder takes frames off them or says what is wrong, never
//! reads past them and never believes more than they hold.
//!
//! `cargo +nightly fuzz run frame`. The same property runs with seeded inputs in the tests of
//! `src/pool/protocol/frame.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wordhash::pool::frame::{HEADER_LEN, ITEM_HEAD_LEN, Items, Place, split_frame};

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok(Some(frame)) = split_frame(rest) {
        assert_eq!(frame.len, HEADER_LEN + frame.body.len());
        assert_eq!(frame.header.encode(), rest[..HEADER_LEN]);
        if let Ok(items) = Items::checked(frame.body, frame.header.count) {
            let read: usize = items.map(|item| item.len() + ITEM_HEAD_LEN).sum();
            assert_eq!(read, frame.body.len());
        }
        if let Ok(place) = Place::decode(frame.body) {
            assert_eq!(place.encode(), frame.body);
        }
        rest = &rest[frame.len..];
    }
});
