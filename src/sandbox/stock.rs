//! What lies in the operator's folder of images, looked at before anything is unpacked.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};

use crate::ids::Digest;

/// Where in a folder the archive of an image is, by its name.
#[must_use]
pub fn archive_of(folder: &Path, digest: &Digest) -> Option<PathBuf> {
    ["tar", "tar.gz"].map(|ending| folder.join(format!("{digest}.{ending}"))).into_iter().find(|path| path.is_file())
}

/// Whether a name in a folder is that of an image, and of the one that counts where there are two.
#[must_use]
pub fn is_image(folder: &Path, name: &str) -> bool {
    named(folder, name).is_some()
}

fn named(folder: &Path, name: &str) -> Option<Digest> {
    let digest: Digest = name.split('.').next()?.parse().ok()?;
    (archive_of(folder, &digest)? == folder.join(name)).then_some(digest)
}

/// Why a file among the images cannot be used.
#[derive(Debug)]
pub enum Unusable {
    /// Its name is no digest, or another file comes before it.
    Name,
    /// It is not what its name says.
    Other(Digest),
    /// It cannot be read.
    Unreadable(io::Error),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Name => f.write_str("no policy can name it"),
            Unusable::Other(found) => write!(f, "its content has the digest {found}"),
            Unusable::Unreadable(error) => write!(f, "it cannot be read: {error}"),
        }
    }
}

/// Why the archive of an image cannot be used; `None` where it is what its name says. Reads all of it.
#[must_use]
pub fn unusable(archive: &Path, digest: &Digest) -> Option<Unusable> {
    match digest_of(archive) {
        Ok(found) if found == *digest => None,
        Ok(found) => Some(Unusable::Other(found)),
        Err(error) => Some(Unusable::Unreadable(error)),
    }
}

/// Looks at every file of a folder: how many are images, and which cannot be used. Reads all of them.
///
/// # Errors
/// When the folder cannot be read.
pub fn stock(folder: &Path) -> io::Result<(usize, Vec<(String, Unusable)>)> {
    let (mut good, mut bad) = (0, vec![]);
    for entry in folder.read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let wrong = match named(folder, &name) {
            Some(digest) => unusable(&folder.join(&name), &digest),
            None => Some(Unusable::Name),
        };
        match wrong {
            None => good += 1,
            Some(wrong) => bad.push((name, wrong)),
        }
    }
    bad.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok((good, bad))
}

fn digest_of(file: &Path) -> io::Result<Digest> {
    let (mut file, mut hash, mut part) = (File::open(file)?, Context::new(&SHA256), vec![0; 1 << 16]);
    loop {
        match file.read(&mut part)? {
            0 => break,
            n => hash.update(&part[..n]),
        }
    }
    let mut found = [0; 32];
    found.copy_from_slice(hash.finish().as_ref());
    Ok(Digest::from_bytes(found))
}
