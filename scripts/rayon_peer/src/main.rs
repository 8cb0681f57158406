//! The short program that a Rust user would write for the job: read the list, hash its lines with
//! rayon and the `sha2` crate, collect the digests in a `HashSet`.

use std::collections::HashSet;
use std::error::Error;

use rayon::prelude::*;
use sha2::{Digest, Sha512};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: rayon_peer WORDS")?;
    let list = std::fs::read_to_string(path)?;
    let lines: Vec<&str> = list.lines().collect();
    let hash = |line: &&str| -> [u8; 64] { Sha512::digest(line).into() };
    let hashed: Vec<[u8; 64]> = lines.par_iter().map(hash).collect();
    let distinct: HashSet<[u8; 64]> = HashSet::from_iter(hashed);
    println!("{} {}", lines.len(), distinct.len());
    Ok(())
}
