//! What the codec holds for all inputs.

use super::*;
use proptest::prelude::*;

const KINDS: [Kind; 8] = [
    Kind::Start,
    Kind::Tasks,
    Kind::Stop,
    Kind::Ready,
    Kind::StartFailed,
    Kind::Done,
    Kind::Failed,
    Kind::Report,
];

fn headers() -> impl Strategy<Value = Header> {
    let numbers = (any::<u64>(), any::<u32>(), any::<u32>(), any::<u64>());
    (prop::sample::select(KINDS.to_vec()), 0..=ALL_FLAGS, 0..200_u32, numbers).prop_map(
        |(kind, flags, body_len, (first, count, job, busy_ns))| Header {
            kind,
            flags,
            body_len,
            first,
            count,
            job,
            busy_ns,
        },
    )
}

proptest! {
    #[test]
    fn a_frame_reads_back_as_it_was_written_and_not_before_it_is_complete(
        header in headers(), rest in prop::collection::vec(any::<u8>(), 0..50)
    ) {
        let mut bytes = header.encode().to_vec();
        bytes.extend((0..header.body_len).map(|at| at.to_le_bytes()[0]));
        let len = bytes.len();
        for cut in 0..len {
            prop_assert_eq!(split_frame(&bytes[..cut]), Ok(None));
        }
        bytes.extend(rest);
        let body = &bytes[HEADER_LEN..len];
        prop_assert_eq!(split_frame(&bytes), Ok(Some(Frame { header, body, len })));
    }

    #[test]
    fn items_read_back_as_they_were_written(
        items in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..30)
    ) {
        let mut body = Vec::new();
        for item in &items {
            let start = start_item(&mut body);
            body.extend_from_slice(item);
            finish_item(&mut body, start);
        }
        let count = u32::try_from(items.len()).unwrap();
        prop_assert!(Items::checked(&body, count).unwrap().eq(items.iter().map(Vec::as_slice)));
        prop_assert!(Items::checked(&body, count + 1).is_err());
        prop_assert!(count == 0 || Items::checked(&body, count - 1).is_err());
    }

    #[test]
    fn any_bytes_are_a_frame_or_an_error_within_the_limits(
        bytes in prop::collection::vec(any::<u8>(), 0..300), real_head in any::<bool>()
    ) {
        let mut bytes = bytes;
        if real_head && bytes.len() >= 3 {
            bytes[..2].copy_from_slice(&MAGIC);
            bytes[2] %= 10;
        }
        if let Ok(Some(frame)) = split_frame(&bytes) {
            prop_assert!(frame.len <= bytes.len());
            prop_assert_eq!(frame.body.len(), frame.header.body_len as usize);
            prop_assert!(frame.body.len() <= frame.header.kind.max_body());
            prop_assert_eq!(&frame.header.encode()[..], &bytes[..HEADER_LEN]);
        }
        if let Ok(items) = Items::checked(&bytes, 3) {
            prop_assert_eq!(items.map(|item| item.len() + ITEM_HEAD_LEN).sum::<usize>(), bytes.len());
        }
    }

    #[test]
    fn a_place_reads_back_as_it_was_written(position in any::<u64>(), len in any::<u64>()) {
        let place = Place { position, len };
        prop_assert_eq!(Place::decode(&place.encode()), Ok(place));
    }
}

#[test]
fn what_is_wrong_with_a_header_is_said() {
    let good = Header::new(Kind::Done).encode();
    let spoilt = |at: usize, byte: u8| {
        let mut bytes = good;
        bytes[at] = byte;
        Header::decode(&bytes).unwrap_err()
    };
    assert_eq!(spoilt(0, b'x'), FrameError::NotAFrame);
    assert_eq!(spoilt(2, 0), FrameError::UnknownKind(0));
    assert_eq!(spoilt(2, 9), FrameError::UnknownKind(9));
    assert_eq!(spoilt(3, 0x10), FrameError::UnknownFlags(0x10));
    let too_long = FrameError::TooLong { bytes: 0x00FF_0000, limit: MAX_BODY_TO_PARENT };
    assert_eq!(spoilt(6, 0xFF), too_long);
}
