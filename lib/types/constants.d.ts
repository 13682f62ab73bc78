/**
 * So many elements (not bytes) an array can have wherever this package runs: 2³¹ on 64-bit systems, less if this
 * runtime's limit is less. `create` takes as many as this very runtime can show.
 *
 * @example
 * const count = Math.min(wanted, shm.LengthMax);
 */
export const LengthMax: number;

/**
 * Type key → number of the type, which can be given instead of its name; only types that this runtime has.
 *
 * @example
 * const hasFloat16 = shm.BufferType.Float16Array !== undefined;
 */
export const BufferType: {
  readonly Buffer: 0;
  readonly Int8Array: 1;
  readonly Uint8Array: 2;
  readonly Uint8ClampedArray: 3;
  readonly Int16Array: 4;
  readonly Uint16Array: 5;
  readonly Int32Array: 6;
  readonly Uint32Array: 7;
  readonly Float32Array: 8;
  readonly Float64Array: 9;
  readonly BigInt64Array?: 10;
  readonly BigUint64Array?: 11;
  readonly Float16Array?: 12;
} & {
  /** By a name that is a variable, as in 0.1.x: undefined where it is no type. */
  readonly [typeKey: string]: number;
};

export const SHMBT_BUFFER: 0;
export const SHMBT_INT8: 1;
export const SHMBT_UINT8: 2;
export const SHMBT_UINT8CLAMPED: 3;
export const SHMBT_INT16: 4;
export const SHMBT_UINT16: 5;
export const SHMBT_INT32: 6;
export const SHMBT_UINT32: 7;
export const SHMBT_FLOAT32: 8;
export const SHMBT_FLOAT64: 9;
/** Only where the runtime has `BigInt64Array`. */
export const SHMBT_BIGINT64: 10 | undefined;
/** Only where the runtime has `BigUint64Array`. */
export const SHMBT_BIGUINT64: 11 | undefined;
/** Only where the runtime has `Float16Array`. */
export const SHMBT_FLOAT16: 12 | undefined;
