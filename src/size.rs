//! Amounts of memory as people write them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
///
/// It is read from `1_000_000`, `500m`, `4G`, `512KiB`: `k`, `m`, `g` and `t`, in either case and
/// with or without `i` and `B`, are powers of 1024, as memory is counted. (The `k` and `m` of
/// counts, such as `--words 10k`, are powers of 1000.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// What is no amount of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number of bytes, such as 4G, 500m or 1_000_000 (k, m, g and t are powers of 1024)")]
pub struct SizeError;

/// The names of the powers of 1024, from the first on.
const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        if !digits.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(SizeError);
        }
        let power = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "ki" | "kib" => 1,
            "m" | "mb" | "mi" | "mib" => 2,
            "g" | "gb" | "gi" | "gib" => 3,
            "t" | "tb" | "ti" | "tib" => 4,
            _ => return Err(SizeError),
        };
        let number: u64 = digits.replace('_', "").parse().map_err(|_| SizeError)?;
        number.checked_mul(1 << (10 * power)).map(Self).ok_or(SizeError)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0 as f64;
        let mut unit = "bytes";
        for larger in UNITS {
            // What would be shown as 1024.0 is shown as 1 of the next unit.
            if shown < 1023.95 {
                break;
            }
            shown /= 1024.0;
            unit = larger;
        }
        let figures = format!("{shown:.1}");
        write!(f, "{} {unit}", figures.trim_end_matches(".0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_powers_of_1024() {
        for (text, bytes) in [
            ("0", 0),
            ("1_000_000", 1_000_000),
            ("7b", 7),
            ("500m", 500 << 20),
            ("4G", 4 << 30),
            ("4GiB", 4 << 30),
            ("4gb", 4 << 30),
            ("512Ki", 512 << 10),
            ("2T", 2 << 40),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "_1", "G", "-1", "1.5G", "4 G", "4x", "4Gx", "99999999T", "1e9"] {
            assert_eq!(text.parse::<Size>(), Err(SizeError), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_unit_that_is_full() {
        for (bytes, shown) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (36 << 20, "36 MiB"),
            ((1 << 20) - 1, "1 MiB"),
            (3 << 29, "1.5 GiB"),
            (6_400_000_000, "6 GiB"),
            (5 << 50, "5120 TiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), shown);
        }
    }
}
