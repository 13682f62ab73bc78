'use strict';
// In which order accesses are seen. Sequential: as they are made, as on x64 but for plain stores that others see late.

class Sequential {
  load(_process, array, index, _isAcquire) {
    return array[index];
  }

  store(_process, array, index, value, _isRelease) {
    array[index] = value;
  }

  exchange(_process, array, index, compute) {
    const old = array[index];
    array[index] = compute(old);
    return old;
  }

  loadBytes(_process, bytes, start, end) {
    return Uint8Array.prototype.slice.call(bytes, start, end);
  }

  storeBytes(_process, bytes, start, values) {
    bytes.set(values, start);
  }
}

module.exports = { Sequential };
