// Files, and what the system tells of memory; compiled, not run.
import shm, { Advice, FileOptions, ListFilter, ObjectStatus, OrphanFilter, SegmentStatus, ShmMap } from '../../lib/index.mjs';

const options: FileOptions = { write: true, reserve: true, offset: 8, count: 4, perm: '600', populate: true, shared: true };
const none: [FileOptions, ListFilter, OrphanFilter] = [{}, {}, {}];

/** An existing file may be missing; one that is made is there. */
const bytes: Buffer | null = shm.mapFile('/table');
const byUrl: ShmMap['Float64Array'] | null = shm.mapFile(new URL('file:///table'), 'Float64Array', { offset: 8 });
const either: ArrayBufferLike = shm.mapFile('/table', 'Float64Array', options)!.buffer;
const sharedBuffer: SharedArrayBuffer = shm.mapFile('/table', 6, { shared: true })!.buffer;
const numbered: Float32Array = shm.mapFile('/table', shm.SHMBT_FLOAT32, { create: 10 });
const again: Buffer | null = shm.mapFile('/table', undefined, { write: true });
const made: Int32Array = shm.mapFile('/table', 'Int32Array', { create: 100 });
const madeBytes: Buffer = shm.mapFile('/table', undefined, { create: 100, perm: 600 });
const unmapped: boolean = shm.unmapFile('/table') && shm.unmapFile(new URL('file:///table')) && shm.unmapFile(made);

const nothing: void[] = [shm.flush(made), shm.flush(made.subarray(1), 4, 1), shm.advise(made, 'random'), shm.advise(madeBytes, 'willneed', 4096, 1)];
const written: Promise<void> = shm.flushAsync(new DataView(made.buffer), 0, 4);
const advice: Advice[] = ['normal', 'random', 'sequential', 'willneed'];

/** What is told depends on the key. */
const segment: SegmentStatus | null = shm.stat(5);
const object: ObjectStatus | null = shm.stat('/name');
declare const anyKey: string | number;
const one: SegmentStatus | ObjectStatus | null = shm.stat(anyKey);

const filter: ListFilter = { orphans: true, mine: true, olderThan: 1000 };
const ages: OrphanFilter = { mine: true, olderThan: 1000 };
for (const status of [...shm.list(), ...shm.list(filter), ...shm.list(ages), ...shm.destroyOrphans(), ...shm.destroyOrphans(ages)]) {
  const common: (string | number | Date | null)[] = [status.size, status.perm, status.uid, status.gid, status.changedAt];
  if (status.kind === 'sysv') {
    const key: number = status.key;
    const numbers: number[] = [status.id, status.attaches, status.creatorPid, status.lastPid];
    console.log(key, numbers, status.destroyed, status.attachedAt, status.detachedAt);
  } else {
    const name: string = status.key;
    console.log(name, status.modifiedAt);
  }
  console.log(common);
}

const wrong = () => {
  // @ts-expect-error: there may be no such file
  const surely: Buffer = shm.mapFile('/table');
  // @ts-expect-error: it is a count
  shm.mapFile('/table', 'Int32Array', { create: true });
  // @ts-expect-error: a file is shown, written or not
  shm.mapFile('/table', 'Buffer', { copyOnWrite: true });
  // @ts-expect-error: no such type
  shm.mapFile('/table', 'Int7Array');
  // @ts-expect-error: a file has a path
  shm.mapFile(5);
  // @ts-expect-error: that is a SharedArrayBuffer
  const unshared: ArrayBuffer = shm.mapFile('/table', 'Int32Array', { shared: true })!.buffer;
  // @ts-expect-error: 0o640 is 416
  shm.mapFile('/table', 'Buffer', { create: 1, perm: 0o640 });
  // @ts-expect-error: no such number
  shm.mapFile('/table', 13);
  // @ts-expect-error: no such advice
  shm.advise(made, 'dontneed');
  // @ts-expect-error: an array, not its path
  shm.flush('/table');
  // @ts-expect-error: an object has no attaches
  object!.attaches;
  // @ts-expect-error: nor a segment a time of its last write
  segment!.modifiedAt;
  // @ts-expect-error: there is no such filter
  shm.list({ kind: 'sysv' });
  // @ts-expect-error: milliseconds
  shm.list({ olderThan: '1h' });
  return [surely, unshared];
};
console.log(none, bytes, byUrl, either, sharedBuffer, numbered, again, unmapped, nothing, written, advice, segment, object, one, wrong);
