"""A POSIX object that Python (pip install posix_ipc numpy) and Node.js share.

posix.py make /name 1000    for get('/name', 'Float32Array', { raw: true })
posix.py add /name          to what create(1000, 'Float32Array', '/name') has made
"""
import mmap
import struct
import sys

import numpy
import posix_ipc


def make(name, count):
    memory = posix_ipc.SharedMemory(name, posix_ipc.O_CREX, size=4 * int(count))
    data = numpy.frombuffer(mmap.mmap(memory.fd, memory.size), "f4")
    data[:] = range(int(count))
    memory.close_fd()


def add(name):
    memory = posix_ipc.SharedMemory(name)
    pages = mmap.mmap(memory.fd, memory.size)
    (size,) = struct.unpack_from("=Q", pages)
    data = numpy.frombuffer(pages, "f4", count=size // 4, offset=8)
    data += 1
    memory.close_fd()


{"make": make, "add": add}[sys.argv[1]](*sys.argv[2:])
