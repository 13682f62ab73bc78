"""A System V segment that Python (pip install sysv_ipc numpy) and Node.js share.

sysv.py make 4711 1000    for get(4711, 'Float32Array')
sysv.py add 4711          to what create(1000, 'Float32Array', 4711) has made
"""
import ctypes
import sys

import numpy
import sysv_ipc


def key_of(text):
    return ctypes.c_int32(int(text)).value  # key_t is signed


def make(key, count):
    memory = sysv_ipc.SharedMemory(key_of(key), sysv_ipc.IPC_CREX, size=4 * int(count))
    data = numpy.frombuffer(memory, "f4")
    data[:] = range(int(count))


def add(key):
    memory = sysv_ipc.SharedMemory(key_of(key))
    data = numpy.frombuffer(memory, "f4")
    data += 1


{"make": make, "add": add}[sys.argv[1]](*sys.argv[2:])
