"""Frames for a Topic of shm-typed-array, and from it, with NumPy and nothing compiled.

    python frames.py publish /NAME COUNT     frame after frame of 1080p, each pixel with the frame's number
    python frames.py read /NAME COUNT        shows what it gets; waits for what is not there yet

The layout and the protocol are in docs/channels.md. Stores to aligned 32-bit words are not torn, and on x86-64 they
are seen in the order of the program; an exchange, which NumPy does not have, is replaced by a store: it can miss the
mark of a reader that goes to sleep at that instant, so notify is called after every frame, marked or not.
A pin has to be seen before LATEST is read again: the call of the kernel in between sees to that.
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
CLOSED, LATEST, RING = 5, 32, 48
ROW, FRAME = 16, 8

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
    number = random.randrange(1, 2**30)
    fcntl.fcntl(file, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, number, 1, 0))
    return file, number


def aligned(count):
    return -(-count // 64) * 64


class Topic:
    def __init__(self, name):
        with open("/dev/shm" + name, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.words = np.frombuffer(self.memory, np.int32, offset=HEADER, count=(len(self.memory) - HEADER) // 4)
        magic, version, size, history, readers = (int(word) for word in self.words[:5])
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

    def futex(self, index, operation, value, seconds=None):
        address = ctypes.c_void_p(self.words.ctypes.data + 4 * index)
        timeout = None if seconds is None else ctypes.byref(Timespec(int(seconds), int(seconds % 1 * 1e9)))
        return libc.syscall(SYS_FUTEX, address, operation, ctypes.c_int(value), timeout, None, 0)

    def latest(self):
        return (int(self.words[LATEST]) & 0xFFFFFFFF) >> 1

    def unused(self):
        """A frame that is neither pinned nor one of the newest: for the only writer."""
        latest = self.latest()
        used = {int(self.words[RING + ((latest - age) & self.mask)]) - 1 for age in range(self.history)}
        used |= {int(self.words[self.row + reader * ROW + 1]) - 1 for reader in range(self.readers)}
        return next(frame for frame in range(self.frames) if frame not in used)

    def publish(self, frame, length):
        number = (self.latest() + 1) & 0x7FFFFFFF
        at = self.frame + frame * FRAME
        self.words[at : at + 3] = number, length, 0
        self.words[RING + (number & self.mask)] = frame + 1
        self.words[LATEST] = np.uint32(number << 1).astype(np.int32)
        self.futex(LATEST, FUTEX_WAKE, 2**31 - 1)

    def pin(self, row, seen):
        """The newest frame, if it is newer than `seen`: its number and its data, in place."""
        while True:
            latest = self.latest()
            if latest == seen or self.words[RING + (latest & self.mask)] == 0:
                return None
            frame = int(self.words[RING + (latest & self.mask)]) - 1
            self.words[row + 1] = frame + 1
            self.futex(row + 1, FUTEX_WAKE, 0)  # a barrier
            if ((self.latest() - latest) & 0x7FFFFFFF) < self.history:
                return latest, self.data[frame][: int(self.words[self.frame + frame * FRAME + 1])]

    def wait(self, seen):
        value = int(self.words[LATEST]) | 1
        self.words[LATEST] = value  # a mark that a writer overwrites makes this wait end at its time
        if self.latest() == seen:
            self.futex(LATEST, FUTEX_WAIT, value, 0.1)


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
    rows = (topic.row + ROW * reader for reader in reversed(range(topic.readers)))
    row = next(row for row in rows if topic.words[row] == 0)
    topic.words[row] = self  # a compareExchange where the language has one: others may join at this instant
    seen = 0
    while count > 0 and not topic.words[CLOSED]:
        pinned = topic.pin(row, seen)
        if pinned is None:
            topic.wait(seen)
            continue
        seen, data = pinned
        print(seen, data.size, int(data.min()), int(data.max()), flush=True)
        topic.words[row + 1] = 0
        count -= 1
    topic.words[row] = 0
    owners.close()


if __name__ == "__main__":
    {"publish": publish, "read": read}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
