// Mutex and waits; compiled, not run.
import shm, { LockResult, Mutex, RunOptions, TimeoutOptions, WaitOptions, WaitResult } from '../../lib/index.mjs';

const words = shm.getOrCreate(4, 'Int32Array', '/words');
const mutex: Mutex = new shm.Mutex(words, 0);
const waiting: WaitOptions = { timeout: 1000, signal: new AbortController().signal, ref: false };
const timeout: TimeoutOptions = { timeout: 1000 };

async function lock(): Promise<(LockResult | null)[]> {
  const taken = [await mutex.lock(waiting), mutex.lockSync(timeout), mutex.tryLock()];
  mutex.unlock();
  return taken;
}

async function run(): Promise<string> {
  const options: RunOptions = { ...waiting, recover: () => words.fill(0) };
  const total: number = await mutex.run(() => ++words[1], options);
  const text: string = await mutex.run(async () => 'text');
  return text + total;
}

async function wait(): Promise<WaitResult[]> {
  return [shm.wait(words, 0, 0, 1000), await shm.waitAsync(words, 0, 0, waiting)];
}

const facts: { index: number; state: string } = mutex.toJSON();

async function wrong() {
  // @ts-expect-error: a bare number was a timeout once
  mutex.lockSync(1000);
  // @ts-expect-error: likewise
  await mutex.lock(1000);
  // @ts-expect-error: what blocks cannot be aborted
  mutex.lockSync({ signal: new AbortController().signal });
  // @ts-expect-error: it has no function to call
  await mutex.run();
  // @ts-expect-error: nor an option of that name
  await mutex.run(() => 1, { repair: () => 1 });
  // @ts-expect-error: a mutex stays where it is
  mutex.index = 1;
}
console.log(lock, run, wait, facts, wrong);
