//! Arguments, wiring, exit codes.

fn main() {}
