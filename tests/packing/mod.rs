//! Archives for tests to read, made by the crates that the program unpacks them with.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::io::Write as _;

use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};

/// The bytes as a gzip archive, at a level from 1 to 9.
pub(crate) fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// The bytes as a zstd archive like those of `zstd -c`, at a level from 1 to 19.
pub(crate) fn zstd(bytes: &[u8], level: i32) -> Vec<u8> {
    zstd_with(bytes, &[CParameter::CompressionLevel(level)])
}

/// The same with a window of 128 MiB, like those of `zstd -c --long=27`.
pub(crate) fn zstd_long(bytes: &[u8]) -> Vec<u8> {
    zstd_with(bytes, &[CParameter::EnableLongDistanceMatching(true), CParameter::WindowLog(27)])
}

fn zstd_with(bytes: &[u8], parameters: &[CParameter]) -> Vec<u8> {
    let mut context = CCtx::create();
    // The tool's default.
    context.set_parameter(CParameter::ChecksumFlag(true)).expect("a parameter");
    for &parameter in parameters {
        context.set_parameter(parameter).expect("a parameter");
    }
    let mut archive = vec![0; zstd_safe::compress_bound(bytes.len())];
    let mut output = OutBuffer::around(&mut archive[..]);
    // Streamed, as the tool does with a pipe: the archive does not have the length.
    let mut input = InBuffer::around(bytes);
    while input.pos < bytes.len() {
        context.compress_stream(&mut output, &mut input).expect("there is room");
    }
    let left = context.end_stream(&mut output).expect("there is room");
    assert_eq!(left, 0, "there is room");
    let length = output.pos();
    archive.truncate(length);
    archive
}
