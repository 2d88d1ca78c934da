//! Prints the lines that it reads, sorted.

use std::io::Read;

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    for line in sorted::sorted(&text) {
        println!("{line}");
    }
    Ok(())
}
