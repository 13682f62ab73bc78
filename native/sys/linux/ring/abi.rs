//! What the kernel calls things, and how it lays them out (`linux/io_uring.h`).

pub const SETUP_CQSIZE: u32 = 1 << 3;
/// Completions are no reason to interrupt JavaScript that runs.
pub const SETUP_COOP_TASKRUN: u32 = 1 << 8;
pub const ENTER_GETEVENTS: u32 = 1;
pub const ENTER_EXT_ARG: u32 = 1 << 3;
pub const SQ_CQ_OVERFLOW: u32 = 1 << 1;
pub const OFFSET_OF_ENTRIES: u64 = 0x1000_0000;
pub const OP_NOP: u8 = 0;
pub const OP_ASYNC_CANCEL: u8 = 14;
pub const OP_FUTEX_WAIT: u8 = 51;
/// A cancel that has succeeded is no completion of its own.
pub const CQE_SKIP_SUCCESS: u8 = 1 << 6;
pub const CANCEL_ALL: u32 = 1;
pub const CANCEL_ANY: u32 = 1 << 2;
/// futex2's flags: a word of 32 bits, shared between processes.
pub const FUTEX_32: i32 = 2;

/// The kernel's `struct io_uring_params`, and in it where things are in the memory of the ring.
#[repr(C)]
#[derive(Default)]
pub struct Parameters {
    pub sq_entries: u32,
    pub cq_entries: u32,
    pub flags: u32,
    pub unused: [u32; 7],
    pub sq: SubmissionOffsets,
    pub cq: CompletionOffsets,
}

#[repr(C)]
#[derive(Default)]
pub struct SubmissionOffsets {
    pub head: u32,
    pub tail: u32,
    pub mask: u32,
    pub entries: u32,
    pub flags: u32,
    pub dropped: u32,
    pub array: u32,
    pub unused: [u32; 3],
}

#[repr(C)]
#[derive(Default)]
pub struct CompletionOffsets {
    pub head: u32,
    pub tail: u32,
    pub mask: u32,
    pub entries: u32,
    pub overflow: u32,
    pub completions: u32,
    pub unused: [u32; 4],
}

/// The kernel's `struct io_uring_sqe`.
#[repr(C)]
#[derive(Default)]
pub struct Request {
    pub op: u8,
    pub flags: u8,
    pub priority: u16,
    pub fd: i32,
    pub second: u64,
    pub address: u64,
    pub len: u32,
    pub op_flags: u32,
    pub user_data: u64,
    pub unused: [u32; 2],
    pub third: u64,
    pub padding: u64,
}

/// The kernel's `struct io_uring_cqe`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Completion {
    pub user_data: u64,
    pub result: i32,
    pub flags: u32,
}

/// The kernel's `struct io_uring_getevents_arg`.
#[repr(C)]
#[derive(Default)]
pub struct EnterArgument {
    pub signals: u64,
    pub signals_size: u32,
    pub unused: u32,
    pub time: u64,
}

/// The kernel's `struct __kernel_timespec`.
#[repr(C)]
pub struct Time {
    pub seconds: i64,
    pub nanoseconds: i64,
}
