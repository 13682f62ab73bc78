//! What a call can fail with: a code, words for it, and what to do about it. The key is added where
//! it is known, when the error is thrown to JavaScript.

use std::fmt::Display;
use std::io;

/// The reason a call failed.
#[derive(Debug)]
pub enum Error {
    /// A system call failed. `hint` says what to do about it, or is empty.
    System {
        errno: i32,
        syscall: &'static str,
        hint: String,
    },
    /// A POSIX object is not laid out as this package lays out its own.
    Layout(String),
    /// A file that is to be written has holes.
    Sparse,
    /// The JavaScript engine refused to make an `ArrayBuffer` over the memory (Node-API status).
    Buffer(i32),
    /// The JavaScript engine refused a function that other threads can call (Node-API status).
    Callback(i32),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The failure of the system call that has just returned, without advice.
    pub fn last(syscall: &'static str) -> Self {
        Self::from_io(&io::Error::last_os_error(), syscall)
    }

    pub fn from_io(error: &io::Error, syscall: &'static str) -> Self {
        Self::from_errno(error.raw_os_error().unwrap_or(libc::EIO), syscall)
    }

    pub fn from_errno(errno: i32, syscall: &'static str) -> Self {
        Self::System {
            errno,
            syscall,
            hint: String::new(),
        }
    }

    /// The same error with advice for the user; it follows the kernel's words in the message.
    #[must_use]
    pub fn with_hint(self, advice: impl Into<String>) -> Self {
        match self {
            Self::System { errno, syscall, .. } => Self::System {
                errno,
                syscall,
                hint: advice.into(),
            },
            other => other,
        }
    }

    /// The `errno` of a failed system call.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::System { errno, .. } => Some(*errno),
            _ => None,
        }
    }

    /// What a program tells this error by: the name of an `errno`, or a code of this package.
    pub fn code(&self) -> &'static str {
        match self {
            Self::System { errno, .. } => name_of(*errno),
            Self::Layout(_) => "ERR_SHM_LAYOUT",
            Self::Sparse => "ERR_SHM_SPARSE",
            Self::Buffer(_) => "ERR_SHM_ARRAY_BUFFER",
            Self::Callback(_) => "ERR_SHM_CALLBACK",
        }
    }

    /// The system call that failed.
    pub fn syscall(&self) -> Option<&'static str> {
        match self {
            Self::System { syscall, .. } => Some(syscall),
            _ => None,
        }
    }

    /// What happened to `key` and what to do. As in Node, the name of an `errno` comes first; the codes of
    /// this package are in `code` only.
    pub fn message(&self, key: Option<&dyn Display>) -> String {
        let about = key.map(|key| format!(" {key}")).unwrap_or_default();
        let subject = key.map_or("It".to_string(), ToString::to_string);
        match self {
            Self::System {
                errno,
                syscall,
                hint,
            } => {
                let separator = if hint.is_empty() { "" } else { ". " };
                let words = words_for(*errno);
                format!("{}: {words}, {syscall}{about}{separator}{hint}", self.code())
            }
            Self::Layout(reason) => format!("{subject} {reason}"),
            Self::Sparse => format!(
                "{subject} has holes, and writing to one when its file system is full would end the process (SIGBUS). {{ reserve: true }} fills them, {{ reserve: false }} takes the risk"
            ),
            Self::Buffer(status) => format!(
                "This JavaScript engine made no ArrayBuffer over {subject} (Node-API status {status})"
            ),
            Self::Callback(status) => format!(
                "This JavaScript engine made no function that other threads can call (Node-API status {status})"
            ),
        }
    }
}

/// The kernel's words for an `errno`, without Rust's "(os error N)", and in lower case as Node has them.
fn words_for(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

/// The symbolic name of every `errno` that the system calls used here are documented to give.
fn name_of(errno: i32) -> &'static str {
    macro_rules! names {
        ($($name:ident)*) => { [$((libc::$name, stringify!($name)),)*] };
    }
    // Of two names for one number the first counts.
    let names = names!(EACCES EAGAIN EBADF EBUSY EDEADLK EDQUOT EEXIST EFAULT EFBIG EIDRM EINTR EINVAL EIO EISDIR
        ELOOP EMFILE EMLINK ENAMETOOLONG ENFILE ENODEV ENOENT ENOLCK ENOMEM ENOSPC ENOSYS ENOTDIR ENOTSUP ENXIO
        EOPNOTSUPP EOVERFLOW EPERM EROFS ESPIPE ESTALE ETIMEDOUT ETXTBSY EXDEV);
    let found = names.iter().find(|(number, _)| *number == errno);
    found.map_or("UNKNOWN", |(_, name)| name)
}
