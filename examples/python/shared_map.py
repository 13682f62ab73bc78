"""A SharedMap of Node.js, read by Python (pip install posix_ipc).

shared_map.py get /name KEY     the value of one key, as JSON
shared_map.py entries /name     all entries, a line of JSON each

It takes no lock and changes nothing: each value is read, and then it is made sure that it was not reused meanwhile.
Python has no atomic loads, and only x86 keeps plain ones in order, so it refuses to run elsewhere.
"""
import json
import mmap
import platform
import struct
import sys
import time

import posix_ipc

MASK = 0xFFFFFFFF
HEADER = 8  # what objects of this package begin with
BYTES, NUMBER, JSON = 0, 2, 4  # types of values; 1 and 3 are text, and with JSON (5 and 7) it is JSON
CLAIM = 1  # somebody computes the value of this key


def rotate(x, bits):
    return ((x << bits) | (x >> (32 - bits))) & MASK


def halfsiphash(data, k0, k1):
    """HalfSipHash-1-3 with a result of 32 bits."""
    v0, v1, v2, v3 = k0, k1, 0x6C796765 ^ k0, 0x74656462 ^ k1
    last = data[len(data) & ~3:].ljust(3, b"\0") + bytes([len(data) & 0xFF])
    words = [w for (w,) in struct.iter_unpack("<I", data[:len(data) & ~3] + last[:4])]
    for word in words + [None] * 3:
        if word is None and words:
            v2 ^= 0xFF
            words = []
        v3 ^= word or 0
        v0 = (v0 + v1) & MASK
        v1 = rotate(v1, 5) ^ v0
        v0 = rotate(v0, 16)
        v2 = (v2 + v3) & MASK
        v3 = rotate(v3, 8) ^ v2
        v0 = (v0 + v3) & MASK
        v3 = rotate(v3, 7) ^ v0
        v2 = (v2 + v1) & MASK
        v1 = rotate(v1, 13) ^ v2
        v2 = rotate(v2, 16)
        v0 ^= word or 0
    return v1 ^ v3


class Changed(Exception):
    """Somebody has changed the shard meanwhile: look again."""


class SharedMap:
    def __init__(self, name):
        memory = posix_ipc.SharedMemory(name, read_only=True)
        self.pages = mmap.mmap(memory.fd, memory.size, prot=mmap.PROT_READ)
        memory.close_fd()
        magic, version, self.shards, self.slots, self.units = struct.unpack("=5I", self.bytes(0, 20))
        if (magic, version) != (0x50414D53, 2):
            raise ValueError(f"{name} is no map that this program can read")
        self.seed = struct.unpack("=2I", self.bytes(32, 8))
        self.shard_bytes = -(-(128 + 9 * self.slots + 8 * self.units + 56) // 64) * 64

    def bytes(self, at, length):
        return self.pages[HEADER + at:HEADER + at + length]

    def word(self, at):
        return struct.unpack("=I", self.bytes(at, 4))[0]

    def entry(self, shard, position, laps):
        """(key, value, whether it is there: it has not expired, and is no claim) of the entry at a position."""
        ring = shard + 128 + 9 * self.slots
        left = self.units - position % self.units
        at = ring + 8 * (position % self.units)
        key_bytes, kind, flags, length, expiry = struct.unpack("=HBBId", self.bytes(at + 8, 16))
        start = at + 24 + -(-key_bytes // 8) * 8
        if start + length > at + 8 * left:
            raise Changed
        key, value = self.bytes(at + 24, key_bytes), self.bytes(start, length)
        if (position - self.word(shard + 64)) & MASK >= self.units or self.word(shard + 68) != laps:
            raise Changed
        if flags & CLAIM:
            return None, None, False
        if kind == NUMBER:
            value = struct.unpack("=d", value)[0]
        elif kind & JSON:
            value = json.loads(value)
        elif kind != BYTES:
            value = value.decode()
        return key.decode(), value, expiry == 0 or expiry > time.time() * 1000

    def get(self, key):
        while True:
            try:
                return self.look(key)
            except Changed:
                pass

    def look(self, key):
        tag = halfsiphash(key.encode(), *self.seed)
        shard = 128 + tag * self.shards // 2**32 * self.shard_bytes
        laps, moves = self.word(shard + 68), self.word(shard + 72)
        for probe in range(self.slots):
            found, position = struct.unpack("=2I", self.bytes(shard + 128 + 8 * ((tag + probe) % self.slots), 8))
            if position == 0:
                if self.word(shard + 72) != moves:
                    raise Changed
                return None
            if found != tag:
                continue
            other, value, is_there = self.entry(shard, position, laps)
            if other == key:
                return value if is_there else None
        raise Changed

    def entries(self):
        for number in range(self.shards):
            while True:
                try:
                    yield from self.entries_of(128 + number * self.shard_bytes)
                    break
                except Changed:
                    pass

    def entries_of(self, shard):
        laps, moves = self.word(shard + 68), self.word(shard + 72)
        slots = struct.unpack(f"={2 * self.slots}I", self.bytes(shard + 128, 8 * self.slots))
        found = [self.entry(shard, position, laps) for position in slots[1::2] if position != 0]
        if self.word(shard + 72) != moves:
            raise Changed
        return [(key, value) for key, value, is_there in found if is_there]


def text(value):
    return json.dumps(list(value) if isinstance(value, bytes) else value)


def get(name, key):
    print(text(SharedMap(name).get(key)))


def entries(name):
    for key, value in SharedMap(name).entries():
        print(f"{json.dumps(key)}: {text(value)}")


if __name__ == "__main__":
    if platform.machine() not in ("x86_64", "AMD64", "i686"):
        sys.exit("On this processor a reader needs atomic loads, which Python has not.")
    {"get": get, "entries": entries}[sys.argv[1]](*sys.argv[2:])
