// Programs typed against the declarations of 0.1.1, by the namespace.
import * as shm from 'shm-typed-array';
import { get as attach, destroy } from 'shm-typed-array';
import { EventEmitter } from 'events';

export interface ShmBuffer extends Buffer {
  key: number;
}

export type Created = ReturnType<typeof shm.create>;
export type Fields = NonNullable<ReturnType<typeof shm.get>>;
export type TypeKey = keyof shm.ShmMap;

export class Recorder extends EventEmitter {
  private readonly frame: Buffer;
  private readonly shared: shm.Shm<Float32Array> | null = null;
  public key?: number;

  constructor(size: number, key: number | string) {
    super();
    const frame = shm.create(size, 'Buffer', key, '660');
    if (!frame) throw new Error('it exists');
    this.frame = frame;
    this.key = frame.key;
    this.shared = shm.get(key, 'Float32Array');
  }

  public close(): number {
    return this.key === undefined ? shm.detach('/none') : shm.detach(this.key, true);
  }

  public bytes(): ArrayBufferLike {
    return this.shared ? this.shared.buffer : this.frame.buffer;
  }
}

export function segment(size: number): ShmBuffer {
  return shm.create(size) as ShmBuffer;
}

export function numberOf(typeKey: string): number {
  return shm.BufferType[typeKey];
}

/** Generic in the type key: with 0.1.1 it compiled without the cast, too. */
export function open<K extends keyof shm.ShmMap>(key: number, typeKey: K): shm.ShmMap[K] | null {
  return (shm.get(key, typeKey) || shm.create(16, typeKey, key)) as shm.ShmMap[K] | null;
}

export function forward(message: { key: number | string; typeKey?: 'Uint8Array' }): Uint8Array | null {
  return attach(message.key, message.typeKey);
}

export const calls: Pick<typeof shm, 'create' | 'get' | 'detach'> = shm;
export const total: number = shm.getTotalSize() + shm.getTotalCreatedSize() + shm.detachAll() + shm.LengthMax;
export const gone: boolean = destroy('/gone');
export const doubles: Float64Array = shm.get('/name', 'Float64Array')!;
export const later: Promise<Buffer | null> = Promise.resolve(shm.get(1));
export const several: (Buffer | null)[] = [1, 2, 3].map((key) => shm.get(key));
