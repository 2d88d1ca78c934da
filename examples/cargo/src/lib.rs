/// The lines of a text in the order of their bytes.
pub fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[cfg(test)]
mod tests {
    use super::sorted;

    #[test]
    fn sorts() {
        assert_eq!(sorted("pear\napple\n\nfig"), ["", "apple", "fig", "pear"]);
    }

    #[test]
    #[cfg(feature = "assume-x86")]
    fn letters_beyond_ascii_are_negative_in_c() {
        let letter = "é".as_bytes()[0] as std::os::raw::c_char;
        assert!(i32::from(letter) < 0, "{letter}");
    }
}
