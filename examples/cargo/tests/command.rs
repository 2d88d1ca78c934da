//! Runs the command itself: what a program that runs in tsemu executes does so too.

use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn sorts_what_it_reads() -> std::io::Result<()> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sorted"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child.stdin.take().unwrap().write_all(b"two\none\n")?;
    let output = child.wait_with_output()?;
    assert!(output.status.success());
    assert_eq!(output.stdout, b"one\ntwo\n");
    Ok(())
}
