// SharedMap; compiled, not run.
import shm, { SharedMap, SharedMapLifetime, SharedMapOptions, SharedMapStats, SharedMapValue, ErrorCode } from '../../lib/index.mjs';

const options: SharedMapOptions = { bytes: 1e6, entries: 1000, maxEntry: 4096, evict: true, ttl: Infinity, perm: '600' };
const map = new SharedMap('/name', options);
const none: [SharedMapOptions, SharedMapLifetime] = [{}, {}];
const segment: shm.SharedMap = new shm.SharedMap(5);

/** A value is one of three types, unless the program says that it stores one only. */
const any: SharedMapValue | undefined = map.get('key');
const texts = new shm.SharedMap<string>('/texts');
const text: string | undefined = texts.get('key');
const counts = new shm.SharedMap<number>('/counts');
const bytes = new shm.SharedMap<Uint8Array>('/bytes').set('key', Buffer.from('value')).set('other', new Uint8Array(1));

const lifetime: SharedMapLifetime = { ttl: 1000 };
const stored: SharedMap<string> = texts.set('key', 'value').set('other', 'value', lifetime);
const changed: boolean[] = [texts.add('key', 'value'), texts.replace('key', 'value', lifetime), texts.has('key'), texts.delete('key'), texts.touch('key', 1000), texts.destroy()];
const left: number | undefined = texts.ttl('key');
const sums: number[] = [counts.increment('key'), counts.increment('key', -1), counts.increment('key', 1, { initial: 10, ttl: 1000 })];
const updated: string | undefined = texts.update('key', (old: string | undefined) => (old === undefined ? undefined : `${old}!`));
const pruned: number = texts.prune();
const nothing: void[] = [texts.clear(), texts.detach()];

/** It is walked through as a Map is. */
const entries: [string, number][] = [...counts, ...counts.entries()];
const copy: Map<string, number> = new Map(counts);
const keys: string[] = Array.from(counts.keys());
const values: number[] = [...counts.values()];
for (const [key, count] of counts) console.log(key.length, count.toFixed());

const stats: SharedMapStats = counts.stats();
const numbers: number[] = [stats.size, stats.bytes, stats.liveBytes, stats.evicted, stats.expired, stats.repairs, counts.size];
const key: string | number = counts.key;
const codes: ErrorCode[] = ['ERR_SHM_FULL', 'ERR_SHM_ENTRY_SIZE', 'ERR_SHM_NOT_A_NUMBER', 'ERR_SHM_LAYOUT', 'ERR_SHM_DETACHED', 'ERR_SHM_UNAVAILABLE'];

const wrong = () => {
  // @ts-expect-error: objects go in as JSON
  map.set('key', { user: 'ada' });
  // @ts-expect-error: it holds text
  texts.set('key', 1);
  // @ts-expect-error: it may be missing
  const surely: string = texts.get('key');
  // @ts-expect-error: keys are text
  map.get(5);
  // @ts-expect-error: it is text in this map
  texts.update('key', () => 1);
  // @ts-expect-error: no other type can be stored
  new shm.SharedMap<boolean>('/name');
  // @ts-expect-error: only a number is counted from
  counts.increment('key', 1, { initial: '10' });
  // @ts-expect-error: there is no such option
  new shm.SharedMap('/name', { size: 1000 });
  // @ts-expect-error: nor here
  map.set('key', 'value', { expires: 1000 });
  // @ts-expect-error: initial is increment's
  map.add('key', 'value', { initial: 1 });
  // @ts-expect-error: it is read
  map.size = 0;
  return surely;
};
console.log(none, segment, any, text, bytes, stored, changed, left, sums, updated, pruned, nothing, entries, copy, keys, values, numbers, key, codes, wrong);
