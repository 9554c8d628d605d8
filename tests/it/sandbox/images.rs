//! Root file systems in the place of the host's: what commands see, and archives that would write elsewhere.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use assentry::ids::Digest;
use assentry::sandbox::NoImage;
use aws_lc_rs::digest::{SHA256, digest};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// A root file system as small as it can be: a shell, what the story's check needs, their libraries, and a file `mark`.
pub(crate) fn small_system() -> Vec<u8> {
    // The self-test asks `env` what it is given.
    let programs = ["sh", "cat", "dirname", "env", "sed", "tr"].map(|name| which(name).unwrap());
    // The helper of a test is linked against the libraries of the host; the one that people install is not.
    let all = programs.iter().map(PathBuf::as_path).chain([Path::new(env!("CARGO_BIN_EXE_assentry"))]);
    let libraries: BTreeSet<PathBuf> = all.flat_map(libraries).collect();
    let mut archive = tar::Builder::new(vec![]);
    for file in &libraries {
        archive.append_path_with_name(file, file.strip_prefix("/").unwrap()).unwrap();
    }
    for program in &programs {
        let name = Path::new("bin").join(program.file_name().unwrap());
        archive.append_path_with_name(std::fs::canonicalize(program).unwrap(), name).unwrap();
    }
    archive.append(&header(b'0', "mark", "", 6), &b"image\n"[..]).unwrap();
    archive.append(&header(b'2', "tools", "/bin", 0), &b""[..]).unwrap();
    archive.append(&header(b'1', "mark.again", "mark", 0), &b""[..]).unwrap();
    archive.append(&header(b'3', "dev/console", "", 0), &b""[..]).unwrap();
    archive.into_inner().unwrap()
}

/// Puts an archive where images are, under the name that it has to have.
pub(crate) fn keep(folder: &Path, archive: &[u8], ending: &str) -> Digest {
    let digest = sha256(archive);
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(format!("{digest}.{ending}")), archive).unwrap();
    digest
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_bytes(digest(&SHA256, bytes).as_ref().try_into().unwrap())
}

fn which(name: &str) -> Option<PathBuf> {
    ["/bin", "/usr/bin"].map(|dir| Path::new(dir).join(name)).into_iter().find(|path| path.exists())
}

fn libraries(program: &Path) -> Vec<PathBuf> {
    let told = Command::new("ldd").arg(program).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    told.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// A header that may say anything.
fn header(kind: u8, name: &str, link: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    let old = header.as_old_mut();
    old.name[..name.len()].copy_from_slice(name.as_bytes());
    old.linkname[..link.len()].copy_from_slice(link.as_bytes());
    old.linkflag = [kind];
    header.set_size(size);
    header.set_mode(0o4755);
    header.set_cksum();
    header
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut zip = GzEncoder::new(vec![], Compression::fast());
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap()
}

async fn place_with_images(walls: (WallsChoice, Walls)) -> Place {
    let mut place = Place::new(walls).await;
    let images = Some(place.dir.path().join("images"));
    let config = SandboxConfig { images, ..config(place.dir.path().join("data"), walls.0) };
    place.sandbox = Sandbox::probe(&config).await.unwrap();
    place
}

#[tokio::test]
async fn commands_see_the_image_and_nothing_of_the_host() {
    let system = small_system();
    for (walls, ending) in [(ALL[0], "tar"), (ALL[1], "tar.gz")] {
        let mut place = place_with_images(walls).await;
        let archive = if ending == "tar" { system.clone() } else { zipped(&system) };
        let image = keep(&place.dir.path().join("images"), &archive, ending);
        place.sandbox = place.sandbox.with_image(Some(&image)).await.unwrap();
        place.sandbox.self_test().await.unwrap();

        let script = "cat /mark /mark.again; tools=$(echo /tools/s*); echo $tools; cat /etc/passwd; \
                      for no in /usr/bin/env /usr/share /etc/os-release /etc/ssl; do test -e $no && echo $no; done; \
                      (echo x > /mark) 2>&1 | sed 's/.*: //'; echo mine > file";
        let ended = place.sh(script).await;

        let (uid, name) = (assentry_uid(), place.name());
        let seen =
            format!("image\nimage\n/tools/sed /tools/sh\nsandbox:x:{uid}::/tmp/home:/bin/sh\nRead-only file system\n");
        assert_eq!((ended.output.text(), ended.exit), (seen, Exit::Code(0)), "{name}");
        assert_eq!(place.checkout.changes().unwrap().len(), 1, "{name}");
        // A second time nothing is unpacked, and so the archive may be gone.
        std::fs::remove_dir_all(place.dir.path().join("images")).unwrap();
        place.sandbox.with_image(Some(&image)).await.unwrap();
        // It goes when the next server starts without its archive.
        let kept = place.dir.path().join("data/images").join(image.as_str());
        assert!(kept.is_dir());
        place_again(&place, walls.0).await;
        assert!(!kept.exists());
    }
}

async fn place_again(place: &Place, walls: WallsChoice) {
    let images = Some(place.dir.path().join("images"));
    let config = SandboxConfig { images, ..config(place.dir.path().join("data"), walls) };
    Sandbox::probe(&config).await.unwrap();
}

/// User and group of the sandbox's account, as a line of passwd has them.
fn assentry_uid() -> String {
    match nix::unistd::Uid::effective() {
        root if root.is_root() => "59742:59742".to_owned(),
        user => format!("{user}:{}", nix::unistd::Gid::effective()),
    }
}

#[tokio::test]
async fn without_namespaces_no_image_takes_the_place_of_the_host() {
    let place = place_with_images(ALL[2]).await;
    let image = keep(&place.dir.path().join("images"), &small_system(), "tar");
    let refused = place.sandbox.with_image(Some(&image)).await;
    assert!(matches!(refused, Err(NoImage::Walls)), "{refused:?}");
}

#[tokio::test]
async fn an_image_is_what_its_digest_names_or_nothing() {
    let place = place_with_images(ALL[0]).await;
    let (images, system) = (place.dir.path().join("images"), small_system());
    let image = sha256(&system);
    let why = async || place.sandbox.with_image(Some(&image)).await.unwrap_err().to_string();
    assert_eq!(why().await, format!("there is no {image}.tar and no {image}.tar.gz among the images of this server"));

    keep(&images, &system, "tar");
    let mut other = system.clone();
    *other.last_mut().unwrap() ^= 1;
    std::fs::write(images.join(format!("{image}.tar")), &other).unwrap();
    assert_eq!(why().await, format!("the archive that is named {image} has the digest {}", sha256(&other)));
    std::fs::write(images.join(format!("{image}.tar")), &system[..system.len() / 2]).unwrap();
    assert!(why().await.contains("has the digest"));

    std::fs::write(images.join(format!("{image}.tar")), &system).unwrap();
    place.sandbox.with_image(Some(&image)).await.unwrap();
}

#[tokio::test]
async fn an_archive_that_would_write_elsewhere_or_bring_a_device_is_refused_by_name() {
    let place = place_with_images(ALL[0]).await;
    let (images, outside) = (place.dir.path().join("images"), place.outside());
    std::fs::create_dir(&outside).unwrap();
    let out = outside.to_str().unwrap();
    let deep = "d/".repeat(48) + "f";
    type Entry<'a> = (u8, &'a str, &'a str);
    let cases: [(&str, &[Entry<'_>]); 15] = [
        ("an absolute path", &[(b'0', "/etc/evil", "")]),
        ("a path that goes up", &[(b'0', "../evil", "")]),
        ("a path that goes up in its middle", &[(b'0', "a/../../evil", "")]),
        ("a file through a link", &[(b'2', "in", out), (b'0', "in/evil", "")]),
        ("a folder through a link", &[(b'2', "in", out), (b'5', "in/evil", "")]),
        ("a folder in the place of a link", &[(b'2', "in", out), (b'5', "in", "")]),
        ("a link through a link", &[(b'2', "in", out), (b'2', "in/evil", "x")]),
        ("a link that leaves", &[(b'2', "usr/in", "../../evil")]),
        ("a hard link to the outside", &[(b'1', "in", "/etc/passwd")]),
        ("a hard link that goes up", &[(b'1', "in", "../../../etc/passwd")]),
        ("a hard link through a link", &[(b'2', "in", "/etc"), (b'1', "passwd", "in/passwd")]),
        ("etc as a link", &[(b'2', "etc", out)]),
        ("a character device", &[(b'3', "null", "")]),
        ("a block device", &[(b'4', "lib/disk", "")]),
        ("a pipe", &[(b'6', "pipe", "")]),
    ];
    for (name, entries) in cases {
        let mut archive = tar::Builder::new(vec![]);
        for (kind, path, link) in entries {
            archive.append(&header(*kind, path, link, 0), &b""[..]).unwrap();
        }
        let image = keep(&images, &archive.into_inner().unwrap(), "tar");
        let refused = place.sandbox.with_image(Some(&image)).await;
        assert!(matches!(&refused, Err(NoImage::Bad { digest, .. }) if *digest == image), "{name}: {refused:?}");
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0, "{name}");
        assert!(!place.dir.path().join("data/evil").exists() && !place.dir.path().join("data/images/evil").exists());
        assert!(!place.dir.path().join("data/images/half").exists(), "{name} is not kept");
    }
    let mut archive = tar::Builder::new(vec![]);
    archive.append(&header(b'0', &deep, "", 0), &b""[..]).unwrap();
    let image = keep(&images, &archive.into_inner().unwrap(), "tar");
    place.sandbox.with_image(Some(&image)).await.unwrap();
}

#[tokio::test]
async fn an_archive_that_is_no_archive_or_grows_without_end_is_refused() {
    let place = place_with_images(ALL[0]).await;
    let images = place.dir.path().join("images");
    // A name of 64 MiB, a few hundred bytes on disk: it must not be read into memory.
    let name = 64 << 20;
    let mut long = header(b'L', "././@LongLink", "", name).as_bytes().to_vec();
    long.resize(long.len() + usize::try_from(name).unwrap(), b'n');
    let system = zipped(&small_system());
    for (name, archive, ending) in [
        ("a long name", zipped(&long), "tar.gz"),
        ("half of an archive", system[..system.len() / 2].to_vec(), "tar.gz"),
        ("an archive that is not zipped", small_system(), "tar.gz"),
        ("a text", vec![b'x'; 4096], "tar"),
    ] {
        let image = keep(&images, &archive, ending);
        let refused = place.sandbox.with_image(Some(&image)).await;
        assert!(matches!(refused, Err(NoImage::Bad { .. })), "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn nothing_of_an_image_gives_rights_and_all_of_it_can_be_read() {
    let place = place_with_images(ALL[0]).await;
    let image = keep(&place.dir.path().join("images"), &small_system(), "tar");
    place.sandbox.with_image(Some(&image)).await.unwrap();
    let root = place.dir.path().join("data/images").join(image.as_str());
    let mode = |name: &str| root.join(name).metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("mark"), mode("bin"), mode("etc/passwd")), (0o755, 0o755, 0o644));
    assert!(!root.join("dev").exists());
}
