//! Arguments, wiring, exit codes.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all: the sandbox's helper is this program too, and must not have a thread yet.
    if let Some(code) = assentry::sandbox::child::main(assentry::agent::tools::answer) {
        return code;
    }
    ExitCode::SUCCESS
}
