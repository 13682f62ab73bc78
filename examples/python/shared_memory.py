"""A POSIX object that Python's own multiprocessing.shared_memory and Node.js share.

shared_memory.py make /name 1000    for get('/name', 'Float32Array', { raw: true })
shared_memory.py add /name          to what create(1000, 'Float32Array', '/name') has made
"""
import struct
import sys
from multiprocessing import resource_tracker, shared_memory

import numpy


def make(name, count):
    memory = shared_memory.SharedMemory(name.lstrip("/"), create=True, size=4 * int(count))
    data = numpy.ndarray(int(count), "f4", memory.buf)
    data[:] = range(int(count))
    input("Press Enter, and it is destroyed: Python does so when its creator ends.\n")
    del data  # or close would refuse
    memory.close()
    memory.unlink()


def add(name):
    tracked = sys.version_info < (3, 13)
    memory = shared_memory.SharedMemory(name.lstrip("/"), **({} if tracked else {"track": False}))
    if tracked:  # or this Python would destroy at its exit what it has not made
        resource_tracker.unregister(memory._name, "shared_memory")
    (size,) = struct.unpack_from("=Q", memory.buf)
    data = numpy.ndarray(size // 4, "f4", memory.buf, offset=8)
    data += 1
    del data
    memory.close()


{"make": make, "add": add}[sys.argv[1]](*sys.argv[2:])
