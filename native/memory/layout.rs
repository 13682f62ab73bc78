//! How a POSIX object is laid out.
//!
//! An object begins with a header of 8 bytes, the length of the data in bytes, as an unsigned
//! number in the byte order of the machine; the data follows. That is the layout of
//! `shm-typed-array` 0.1. Another process may write the header at any time, so it is read once, when
//! the object is opened; unless it fits the object's real size exactly, another program made the
//! object.
//!
//! A raw object has no header: all of it is data. That is what other programs make.

use crate::sys;

/// Bytes before the data.
pub const HEADER: usize = 8;

/// The bytes of a raw object, if `size` is one that can be mapped.
pub fn raw_size(size: u64) -> std::result::Result<usize, String> {
    match usize::try_from(size) {
        Ok(0) => Err("is empty: whoever made it has not given it a size yet".to_string()),
        Ok(size) => Ok(size),
        Err(_) => Err(too_large(size)),
    }
}

fn too_large(size: u64) -> String {
    format!("is {size} bytes long, more than this process can address")
}

/// The sizes in bytes of the object and of its data, if `header` describes an object of `size` bytes.
pub fn check_layout(header: Option<u64>, size: u64) -> std::result::Result<(usize, usize), String> {
    let foreign = "it was made by another program, or is damaged: { raw: true } opens it as it is, without a header";
    let Some(len) = header else {
        return Err(format!(
            "is {size} bytes long, too short for the 8-byte header; {foreign}"
        ));
    };
    let described = len.checked_add(HEADER as u64).and_then(sys::size_of_object);
    if len == 0 || described != Some(size) {
        return Err(format!(
            "is {size} bytes long, but its header tells of {len} bytes of data after the first 8; {foreign}"
        ));
    }
    match (usize::try_from(size), usize::try_from(len)) {
        (Ok(size), Ok(len)) => Ok((size, len)),
        _ => Err(too_large(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn object(len: u64) -> u64 {
        sys::size_of_object(len + HEADER as u64).unwrap()
    }

    #[test]
    fn a_header_is_believed_only_if_it_fits_exactly() {
        for len in [1, 92, 4088, 4096] {
            let found = check_layout(Some(len), object(len));
            assert_eq!(
                found,
                Ok((
                    usize::try_from(object(len)).unwrap(),
                    usize::try_from(len).unwrap()
                ))
            );
        }
        for (header, size) in [
            (None, 0),
            (None, 7),
            (Some(0), object(0)),
            (Some(0), object(4096)),
            (Some(5), object(20_000)),
            (Some(object(93)), object(92)),
            (Some(u64::MAX), object(92)),
            (Some(u64::MAX - 7), object(92)),
            (Some(1), 0),
        ] {
            let reason = check_layout(header, size).expect_err("must not fit");
            assert!(reason.contains("{ raw: true }"), "{reason}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100_000))]

        #[test]
        fn any_header_over_any_size_stays_inside(header in edgy(), size in edgy(), fitting in any::<bool>()) {
            let size = if fitting { header.checked_add(HEADER as u64).unwrap_or(size) } else { size };
            match check_layout(Some(header), size) {
                Ok((whole, len)) => {
                    prop_assert!(header > 0);
                    prop_assert_eq!((whole as u64, len as u64), (size, header));
                    prop_assert!(HEADER.checked_add(len).unwrap() <= whole);
                }
                Err(reason) => {
                    prop_assert!(header == 0 || header.checked_add(HEADER as u64) != Some(size));
                    prop_assert!(reason.contains("{ raw: true }"), "{}", reason);
                }
            }
        }
    }

    /// Any number; those where a sum could wrap or a comparison turn are as likely as all others.
    fn edgy() -> impl Strategy<Value = u64> {
        let near =
            |edge: u64| (0_u64..32).prop_map(move |by| edge.wrapping_sub(16).wrapping_add(by));
        prop_oneof![
            any::<u64>(),
            0_u64..10_000,
            (0_u32..64).prop_flat_map(move |bits| near(1 << bits)),
            near(0),
        ]
    }
}
