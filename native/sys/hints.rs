//! What to do about a failed system call: one table of call, errno and situation.
//!
//! Words in angle brackets stand for facts: what the caller knows, or a limit of this system.

use crate::error::Error;
use crate::sys::limit;

/// What was being done when the call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    MakingSegment,
    OpeningSegment,
    MakingObject,
    OpeningObject,
    /// Removing a segment or a name.
    Destroying,
    OpeningFile,
    MakingFile,
    /// Mapping memory that is not a file's.
    Mapping,
    MappingFile,
    ReservingObject,
    ReservingFile,
    /// Looking whether the machine, and this process's control group, have the memory.
    ReservingMemory,
    /// Asking whether anybody has an object.
    AskingForUsers,
    /// Opening the file in which owners have their locks, or locking there.
    Owning,
}

use Doing::{
    AskingForUsers, Destroying, MakingFile, MakingObject, MakingSegment, Mapping, MappingFile,
    OpeningFile, OpeningObject, OpeningSegment, Owning, ReservingFile, ReservingMemory,
    ReservingObject,
};

/// The calls (none: whichever), the errnos, what was being done, and what to do.
type Row = (
    &'static [&'static str],
    &'static [i32],
    &'static [Doing],
    &'static str,
);

const OPEN: &[&str] = &["open", "shm_open", "stat", "fstat"];
const UNLINK: &[&str] = &["unlink", "shm_unlink"];
const RESERVE: &[&str] = &["posix_fallocate", "fallocate", "ftruncate", "fcntl"];

const TABLE: &[Row] = &[
    // Segments
    (&["shmget"], &[libc::EINVAL], &[MakingSegment], "<bytes> bytes were asked for; <shmmax> is the most that a segment may have"),
    (&["shmget"], &[libc::ENOSPC], &[MakingSegment], "The system has as many segments (<shmmni>) or as many pages in segments (<shmall>) as it may; `ipcs -m` lists them, `ipcrm` removes those that are not needed"),
    (&["shmget"], &[libc::ENOMEM], &[MakingSegment], "<bytes> bytes were asked for, more than the system has memory for"),
    (&["shmget"], &[libc::ENOMEM], &[ReservingMemory], "<bytes> bytes were asked for, and there is memory for <free> in this process's control group (memory.max, docker run --memory) or in the machine"),
    (&["shmget", "shmat"], &[libc::EPERM], &[MakingSegment, OpeningSegment], "A security policy (seccomp, in a container) forbids segments here: use a name ('/name') instead of a number"),
    (&["shmget", "shmat", "shmctl"], &[libc::ENOSYS], &[], "This system has no segments: use a name ('/name') instead of a number"),
    (&["shmget", "shmat"], &[libc::EACCES], &[MakingSegment, OpeningSegment], "Its permissions do not allow this user to read and write it (with copyOnWrite: to read it)"),
    (&["shmctl"], &[libc::EACCES], &[OpeningSegment], "Its permissions do not allow this user to read it"),
    (&["shmctl"], &[libc::EPERM], &[OpeningSegment], "A security policy (seccomp, in a container) forbids it"),
    (&["shmctl"], &[libc::EPERM], &[Destroying], "Only its owner, its creator or root may destroy it"),
    (&["shmat"], &[libc::EMFILE], &[], "This process has as many segments attached as it may (<shmseg>)"),
    // Objects
    (&["open"], &[libc::ENOENT], &[MakingObject], "There is no folder <place>: mount a tmpfs there, let the environment variable SHM_TYPED_ARRAY_DIR name another folder, or use a number as the key"),
    (OPEN, &[libc::EACCES, libc::EPERM], &[MakingObject], "This user may not make objects in <place>"),
    (OPEN, &[libc::EROFS], &[MakingObject], "<place> is read-only here: no object can be made there"),
    (OPEN, &[libc::EACCES], &[OpeningObject], "The object's permissions, or those of <place>, do not allow this user to read and write it (with readOnly or copyOnWrite: to read it)"),
    (OPEN, &[libc::EROFS], &[OpeningObject], "<place> is read-only here: with readOnly or copyOnWrite the object can be read"),
    (OPEN, &[libc::EPERM, libc::ETXTBSY], &[OpeningObject], "It may not be written: with readOnly or copyOnWrite it can be read"),
    (OPEN, &[libc::ELOOP], &[OpeningObject], "It is a symbolic link; only regular files are opened"),
    (OPEN, &[libc::EISDIR, libc::ENXIO, libc::EINVAL], &[OpeningObject], "It is no regular file"),
    (OPEN, &[libc::EAGAIN], &[OpeningObject], "Another program keeps a lease on it (fcntl, F_SETLEASE)"),
    (OPEN, &[libc::ENAMETOOLONG], &[], "A name has <namemax> bytes at most, the slash included"),
    (RESERVE, &[libc::ENOSPC], &[ReservingObject], "<bytes> bytes were asked for, <free> are free in <place>. Destroy objects that are not needed, or enlarge it (docker run --shm-size, mount -o remount,size=)"),
    (RESERVE, &[libc::ENOSPC], &[ReservingFile], "<bytes> bytes were asked for, <free> are free on its file system. Make room there, or reserve nothing ({ reserve: false }) and risk a SIGBUS"),
    (RESERVE, &[libc::ENOSPC], &[ReservingMemory], "<bytes> bytes were asked for, and there is memory for <free> in this process's control group (memory.max, docker run --memory) or in the machine"),
    (RESERVE, &[libc::ENOSPC], &[ReservingObject, ReservingFile], "<bytes> bytes were asked for, more than are free"),
    (RESERVE, &[libc::EDQUOT], &[], "<bytes> bytes were asked for, more than this user's quota has left"),
    (RESERVE, &[libc::EFBIG], &[], "<bytes> bytes were asked for; this process may make files of <fsize> at most (ulimit -f)"),
    (RESERVE, &[libc::EOPNOTSUPP, libc::ENOTSUP], &[ReservingFile], "Its file system reserves nothing: with { reserve: false } it can be mapped, and a full disk is then a SIGBUS"),
    (&["madvise"], &[libc::EFAULT, libc::ENOSPC], &[Mapping], "It is sparse, and there is no room for the pages that it lacks"),
    // Destroying
    (UNLINK, &[libc::EPERM], &[Destroying], "Only its owner or root may destroy it: <place> is sticky"),
    (UNLINK, &[libc::EACCES], &[Destroying], "This user may not remove names from <place>"),
    (UNLINK, &[libc::EROFS], &[Destroying], "<place> is read-only here: nothing can be destroyed there"),
    (UNLINK, &[libc::EBUSY], &[Destroying], "It is mounted there by itself (docker run -v FILE, mount --bind): unmount it first"),
    (UNLINK, &[libc::EISDIR], &[Destroying], "It is a directory"),
    // Files
    (OPEN, &[libc::EACCES], &[OpeningFile], "This user may not read it, may not write it (which takes { write: true } only), or may not search a directory on the way"),
    (OPEN, &[libc::EPERM, libc::ETXTBSY], &[OpeningFile], "It may not be written: without { write: true } it can be mapped"),
    (OPEN, &[libc::EROFS], &[OpeningFile], "Its file system is read-only: without { write: true } it can be mapped"),
    (OPEN, &[libc::ELOOP], &[OpeningFile], "Symbolic links lead round in a circle"),
    (OPEN, &[libc::EISDIR], &[OpeningFile, MakingFile], "It is a directory"),
    (OPEN, &[libc::EINVAL], &[OpeningFile], "It is no regular file"),
    (OPEN, &[libc::ENOENT, libc::ENOTDIR], &[MakingFile], "There is no such directory to make it in"),
    (OPEN, &[libc::EACCES], &[MakingFile], "This user may not make files in its directory"),
    (OPEN, &[libc::EROFS], &[MakingFile], "Its file system is read-only: no file can be made there"),
    (OPEN, &[libc::ENOSPC], &[MakingFile], "Its file system has no room for another file"),
    (&["link"], &[libc::EPERM], &[MakingFile], "Its file system has no hard links, and a new file gets its name by one: make the file in another way"),
    // Mapping
    (&["mmap"], &[libc::ENODEV], &[MappingFile], "Its file system cannot map files like this: read it (fs.readFileSync), or copy it to one that can"),
    (&["mmap"], &[libc::EAGAIN], &[Mapping, MappingFile], "It, or too much memory, is locked"),
    (&["mmap", "mremap", "madvise", "shmat"], &[libc::ENOMEM], &[], "Out of address space (ulimit -v) or of mappings (<mappings>)"),
    (&["open", "shm_open", "fcntl"], &[libc::EMFILE], &[], "This process has as many files open as it may (ulimit -n: <nofile>)"),
    (OPEN, &[libc::ENFILE], &[], "The system has as many files open as it may"),
    // Locks
    (&["fcntl"], &[libc::EPERM], &[AskingForUsers], "Only its owner and root can find out whether it is in use, from Linux 5.3 on"),
    (&["fcntl"], &[libc::EAGAIN], &[OpeningObject], "Another process has been about to remove or replace it for seconds, and does not go on"),
    (&["fcntl"], &[libc::EAGAIN], &[Owning], "Another program has the whole file <owners> locked"),
    (&["fcntl"], &[libc::EACCES, libc::EPERM], &[Owning], "A security policy (AppArmor, SELinux) forbids locks on <owners>"),
    (&["fcntl"], &[libc::ENOLCK], &[Owning], "The system, or the file system of <owners>, has no more locks to give"),
    (OPEN, &[], &[Owning], "Locks need the file <owners>, which every user may read and write"),
];

/// The error with what to do about it. `facts` are what the caller knows, by the names that stand in the
/// table; of the sentences that fit, the first is told whose facts the caller or this system has.
pub fn explain(error: Error, doing: Doing, facts: &[(&str, u64)]) -> Error {
    let (Some(errno), Some(call)) = (error.errno(), error.syscall()) else {
        return error;
    };
    let hint = sentences(call, errno, doing).find_map(|sentence| fill_in(sentence, facts));
    error.with_hint(hint.unwrap_or_default())
}

/// The facts about room that was asked for.
pub fn facts_of_room(bytes: u64, free: Option<u64>) -> Vec<(&'static str, u64)> {
    let free = free.map(|free| ("free", free));
    [("bytes", bytes)].into_iter().chain(free).collect()
}

fn sentences(call: &str, errno: i32, doing: Doing) -> impl Iterator<Item = &'static str> + '_ {
    let fits = move |(calls, errnos, situations, _): &&Row| {
        calls.contains(&call)
            && (errnos.is_empty() || errnos.contains(&errno))
            && (situations.is_empty() || situations.contains(&doing))
    };
    TABLE.iter().filter(fits).map(|row| row.3)
}

/// The sentence with the facts in it.
fn fill_in(sentence: &str, facts: &[(&str, u64)]) -> Option<String> {
    let mut parts = sentence.split('<');
    let mut filled = parts.next()?.to_string();
    for part in parts {
        let (name, rest) = part.split_once('>')?;
        let known = facts.iter().find(|(fact, _)| *fact == name);
        let value = known.map(|(_, value)| value.to_string());
        filled += &value.or_else(|| limit(name))?;
        filled += rest;
    }
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: [(&str, u64); 2] = [("bytes", 11), ("free", 7)];

    #[test]
    fn each_row_is_told_where_it_belongs_and_has_all_its_facts() {
        for (calls, errnos, situations, text) in TABLE {
            for call in *calls {
                for errno in *errnos {
                    let doing = situations.first().copied().unwrap_or(AskingForUsers);
                    assert!(
                        sentences(call, *errno, doing).any(|found| found == *text),
                        "{call} {errno}"
                    );
                    let told = fill_in(text, &FACTS);
                    let is_elsewhere = ["<shmseg>", "<namemax>"]
                        .iter()
                        .any(|fact| text.contains(fact));
                    assert!(
                        told.is_some() || is_elsewhere || text.contains("<fsize>"),
                        "{text}"
                    );
                    assert!(!told.unwrap_or_default().contains('<'), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_refusal_is_explained_by_what_was_being_done() {
        let explained = |call, errno, doing| {
            explain(Error::from_errno(errno, call), doing, &FACTS).message(None)
        };
        let told = |call, errno, doing, words: &str| {
            let message = explained(call, errno, doing);
            assert!(message.contains(words), "{message}");
        };
        told("shmget", libc::EPERM, MakingSegment, "seccomp");
        told(
            "shmctl",
            libc::EPERM,
            Destroying,
            "Only its owner, its creator or root",
        );
        told(
            "open",
            libc::EROFS,
            OpeningObject,
            "with readOnly or copyOnWrite",
        );
        told(
            "open",
            libc::EACCES,
            OpeningObject,
            "with readOnly or copyOnWrite",
        );
        told(
            "shmat",
            libc::EACCES,
            OpeningSegment,
            "(with copyOnWrite: to read it)",
        );
        told("fcntl", libc::EMFILE, OpeningObject, "ulimit -n: ");
        told("open", libc::EROFS, OpeningFile, "without { write: true }");
        told(
            "open",
            libc::EIO,
            Owning,
            "which every user may read and write",
        );
        told("fcntl", libc::EACCES, Owning, "AppArmor");
        told(
            "posix_fallocate",
            libc::ENOSPC,
            ReservingObject,
            "11 bytes were asked for, 7 are free in",
        );
        assert!(explained("open", libc::EIO, OpeningObject).ends_with("open"));
        assert!(explained("shmget", libc::EPERM, MakingSegment)
            .find("destroy")
            .is_none());
    }
}
