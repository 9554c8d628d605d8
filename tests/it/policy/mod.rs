//! The policy of a repository: `.github/assentry.toml`, from the program that checks it to what it changes.

mod program;
