"""Frames for a Topic of shm-typed-array, and from it, with NumPy and libatomic, and nothing compiled.

    python frames.py publish /NAME COUNT     frame after frame of 1080p, each pixel with the frame's number
    python frames.py read /NAME COUNT        shows what it gets; waits for what is not there yet

The layout and the protocol are in docs/topics.md. They need atomics, which Python and NumPy do not have. GCC's
libatomic has them as functions; most systems have it installed (Debian: libatomic1).
"""

import ctypes
import fcntl
import mmap
import os
import random
import struct
import sys

import numpy as np

HEADER = 8  # the object's own header: bytes of data
MAGIC = 0x49504F54
LAST, CLOSED, LATEST, RING = 4, 5, 32, 48
ROW, FRAME = 16, 8

try:
    libatomic = ctypes.CDLL("libatomic.so.1")
except OSError as error:
    sys.exit(f"This program needs libatomic.so.1, for Python has no atomics of its own (Debian: apt install libatomic1): {error}")
SEQ_CST = 5  # __ATOMIC_SEQ_CST


def atomic(name, *parameters, result=ctypes.c_uint32):
    function = getattr(libatomic, f"__atomic_{name}_4")
    function.argtypes, function.restype = [ctypes.c_void_p, *parameters], result
    return function


WORD, ORDER = ctypes.c_uint32, ctypes.c_int
atomic_load = atomic("load", ORDER)
atomic_store = atomic("store", WORD, ORDER, result=None)
atomic_exchange = atomic("exchange", WORD, ORDER)
atomic_fetch_or = atomic("fetch_or", WORD, ORDER)
atomic_fetch_and = atomic("fetch_and", WORD, ORDER)
atomic_compare_exchange = atomic("compare_exchange", ctypes.POINTER(WORD), WORD, ORDER, ORDER, result=ctypes.c_bool)

libc = ctypes.CDLL(None, use_errno=True)
SYS_FUTEX = {"x86_64": 202, "aarch64": 98}[os.uname().machine]
FUTEX_WAIT, FUTEX_WAKE = 0, 1


class Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


OWNERS = "/dev/shm/.shm-typed-array-owners"
F_OFD_SETLK = 37


def claim():
    """A number of our own: as long as this process lives, the kernel keeps its byte of the file locked."""
    file = open(OWNERS, "r+b")
    number = random.randrange(1, 2**30 - 1)
    fcntl.fcntl(file, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, number, 1, 0))
    return file, number


def aligned(count):
    return -(-count // 64) * 64


class Topic:
    def __init__(self, name):
        with open("/dev/shm" + name, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.words = np.frombuffer(self.memory, np.int32, offset=HEADER, count=(len(self.memory) - HEADER) // 4)
        # The last one first: what is read after it is not older.
        readers = self.load(LAST)
        magic, version, size, history = (int(word) for word in self.words[:4])
        entries = 1 << history.bit_length()  # the power of two above `history`
        self.frames = history + readers + 1
        self.row = aligned(4 * (RING + entries)) // 4
        self.frame = self.row + ROW * readers
        data = aligned(4 * (self.frame + FRAME * self.frames))
        if (magic, version) != (MAGIC, 1) or HEADER + data + self.frames * aligned(size) > len(self.memory):
            sys.exit(f"{name} is no topic")
        self.size, self.history, self.readers, self.mask = size, history, readers, entries - 1
        self.data = [
            np.frombuffer(self.memory, np.uint8, size, HEADER + data + frame * aligned(size))
            for frame in range(self.frames)
        ]

    def address(self, index):
        return self.words.ctypes.data + 4 * index

    def load(self, index):
        return atomic_load(self.address(index), SEQ_CST)

    def store(self, index, value):
        atomic_store(self.address(index), value, SEQ_CST)

    def futex(self, index, operation, value, seconds=None):
        address = ctypes.c_void_p(self.address(index))
        timeout = None if seconds is None else ctypes.byref(Timespec(int(seconds), int(seconds % 1 * 1e9)))
        return libc.syscall(SYS_FUTEX, address, operation, ctypes.c_int(value), timeout, None, 0)

    def latest(self):
        return self.load(LATEST) >> 1

    def unused(self):
        """A frame that is neither pinned nor one of the newest: for the only writer."""
        latest = self.latest()
        used = {self.load(RING + ((latest - age) & self.mask)) - 1 for age in range(self.history)}
        used |= {self.load(self.row + reader * ROW + 1) - 1 for reader in range(self.readers)}
        return next(frame for frame in range(self.frames) if frame not in used)

    def publish(self, frame, length):
        number = (self.latest() + 1) & 0x7FFFFFFF
        at = self.frame + frame * FRAME
        self.words[at : at + 3] = number, length, 0
        self.store(RING + (number & self.mask), frame + 1)
        if atomic_exchange(self.address(LATEST), number << 1, SEQ_CST) & 1:  # from here on it is published
            self.futex(LATEST, FUTEX_WAKE, 2**31 - 1)

    def join(self, number):
        """The row of a new reader; those of dead ones are left to programs that look for them."""
        for row in (self.row + ROW * reader for reader in range(self.readers)):
            free = WORD(0)
            if atomic_compare_exchange(self.address(row), ctypes.byref(free), number, SEQ_CST, SEQ_CST):
                self.store(row + 1, 0)
                return row
        sys.exit("the topic has no row for another reader")

    def pin(self, row, seen):
        """The newest frame, if it is newer than `seen`: its number and its data, in place."""
        while True:
            latest = self.latest()
            frame = self.load(RING + (latest & self.mask)) - 1
            if latest == seen or not 0 <= frame < self.frames:
                return None
            self.store(row + 1, frame + 1)
            if ((self.latest() - latest) & 0x7FFFFFFF) < self.history:
                return latest, self.data[frame][: int(self.words[self.frame + frame * FRAME + 1])]

    def wait(self, seen):
        """Sleeps if there is nothing newer than `seen`; False if the topic is closed."""
        value = atomic_fetch_or(self.address(LATEST), 1, SEQ_CST) | 1
        if self.load(CLOSED):
            # Others may have marked and slept after `close` had notified.
            atomic_fetch_and(self.address(LATEST), 0xFFFFFFFE, SEQ_CST)
            self.futex(LATEST, FUTEX_WAKE, 2**31 - 1)
            return False
        if value >> 1 == seen:
            self.futex(LATEST, FUTEX_WAIT, ctypes.c_int(value).value, 0.1)  # not for ever: a writer may die before it notifies
        return True


def publish(name, count):
    topic = Topic(name)
    for _ in range(count):
        frame = topic.unused()
        picture = topic.data[frame][: 1920 * 1080 * 3].reshape(1080, 1920, 3)
        picture[:] = (topic.latest() + 1) % 256
        topic.publish(frame, picture.size)


def read(name, count):
    topic = Topic(name)
    owners, self = claim()
    row = topic.join(self)
    seen = 0
    while count > 0:
        pinned = topic.pin(row, seen)
        if pinned is None and topic.wait(seen):
            continue
        pinned = pinned or topic.pin(row, seen)  # the last one may have come just before the end
        if pinned is None:
            break
        seen, data = pinned
        print(seen, data.size, int(data.min()), int(data.max()), flush=True)
        topic.store(row + 1, 0)
        count -= 1
    topic.store(row, 0)
    owners.close()


if __name__ == "__main__":
    {"publish": publish, "read": read}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
