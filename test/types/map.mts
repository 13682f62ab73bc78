// SharedMap; compiled, not run.
import shm, { SharedMap, SharedMapComputing, SharedMapLifetime, SharedMapOptions, SharedMapSizes, SharedMapStats, SharedMapTimeout, ErrorCode } from '../../lib/index.mjs';

interface Session {
  user: string;
  visits?: number;
}

const options: SharedMapOptions = { bytes: 1e6, entries: 1000, maxEntry: 4096, evict: true, ttl: Infinity, timeout: 1000, perm: '600', transient: true };
const map = new SharedMap('/name', options);
const reader: SharedMap<Session> = new SharedMap('/name', { readOnly: true });
const none: [SharedMapOptions, SharedMapLifetime, SharedMapTimeout, SharedMapComputing] = [{}, {}, {}, {}];
const segment: shm.SharedMap = new shm.SharedMap(5);

/** A map holds whatever JSON can, unless the program says what it stores. */
const user: string = map.set('s1', { user: 'ada' }).get('s1').user;
const sessions = new shm.SharedMap<Session>('/sessions');
const session: Session | undefined = sessions.set('s1', { user: 'ada' }).get('s1');
const texts = new shm.SharedMap<string>('/texts');
const text: string | undefined = texts.get('key');
const counts = new shm.SharedMap<number>('/counts');
const bytes = new shm.SharedMap<Uint8Array>('/bytes').set('key', Buffer.from('value')).set('other', new Uint8Array(1));

const bound: SharedMapTimeout = { timeout: 100 };
const lifetime: SharedMapLifetime = { ttl: 1000, timeout: 100 };
const stored: SharedMap<string> = texts.set('key', 'value').set('other', 'value', lifetime);
const changed: boolean[] = [
  texts.add('key', 'value'),
  texts.replace('key', 'value', lifetime),
  texts.has('key'),
  texts.delete('key', bound),
  texts.touch('key', 1000, bound),
  texts.destroy(),
];
const left: number | undefined = texts.ttl('key');
const sums: number[] = [counts.increment('key'), counts.increment('key', -1), counts.increment('key', 1, { initial: 10, ttl: 1000, timeout: 10 })];
const updated: string | undefined = texts.update('key', (old: string | undefined) => (old === undefined ? undefined : `${old}!`), bound);
const computed: Promise<Session> = sessions.compute('s1', async ({ signal }) => ({ user: String(signal?.aborted) }), { ttl: 1000, stale: 500, timeout: 100, signal: new AbortController().signal, ref: false });
const atOnce: Promise<string> = texts.compute('key', () => 'value');
const pruned: number = texts.prune(bound);
const nothing: void[] = [texts.clear(bound), texts.detach()];
const sizes: SharedMapSizes = { entries: 1000, keyBytes: 20, valueBytes: 100 };
const size: number = SharedMap.bytesFor(sizes);

/** It is walked through as a Map is. */
const entries: [string, number][] = [...counts, ...counts.entries()];
const copy: Map<string, number> = new Map(counts);
const keys: string[] = Array.from(counts.keys());
const values: number[] = [...counts.values()];
for (const [key, count] of counts) console.log(key.length, count.toFixed());

const stats: SharedMapStats = counts.stats();
const numbers: number[] = [stats.size, stats.bytes, stats.liveBytes, stats.evicted, stats.expired, stats.repairs, counts.size];
const key: string | number = counts.key;
const codes: ErrorCode[] = ['ERR_SHM_FULL', 'ERR_SHM_ENTRY_SIZE', 'ERR_SHM_NOT_A_NUMBER', 'ERR_SHM_LAYOUT', 'ERR_SHM_DETACHED', 'ERR_SHM_READ_ONLY', 'ERR_SHM_TIMED_OUT'];

const wrong = () => {
  // @ts-expect-error: it holds text
  texts.set('key', 1);
  // @ts-expect-error: a session has a user
  sessions.set('s1', {});
  // @ts-expect-error: it may be missing
  const surely: string = texts.get('key');
  // @ts-expect-error: keys are text
  map.get(5);
  // @ts-expect-error: it is text in this map
  texts.update('key', () => 1);
  // @ts-expect-error: only a number is counted from
  counts.increment('key', 1, { initial: '10' });
  // @ts-expect-error: there is no such option
  new shm.SharedMap('/name', { size: 1000 });
  // @ts-expect-error: nor here
  map.set('key', 'value', { expires: 1000 });
  // @ts-expect-error: initial is increment's
  map.add('key', 'value', { initial: 1 });
  // @ts-expect-error: times are options
  map.set('key', 'value', 1000);
  // @ts-expect-error: all sizes are needed
  SharedMap.bytesFor({ entries: 1 });
  // @ts-expect-error: it is read
  map.size = 0;
  return surely;
};
console.log(reader, none, segment, user, session, text, bytes, stored, changed, left, sums, updated, computed, atOnce, pruned, nothing, size, entries, copy, keys, values, numbers, key, codes, wrong);
