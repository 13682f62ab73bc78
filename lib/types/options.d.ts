type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;
type NumberOf<Digits> = Digits extends `${infer N extends number}` ? N : never;

/**
 * Permissions as octal digits: a string, `'640'`, or a number that reads the same, 600 to 777. Other
 * numbers are what an octal literal has become (`0o640` is 416), so they are refused. Of a string
 * TypeScript cannot check the digits; of a variable it must know which number it holds.
 */
export type Permissions = string | NumberOf<`${6 | 7}${Digit}${Digit}`>;

interface OfNewMemory {
  /** Permissions as octal digits, `'660'` by default; the umask applies to POSIX objects. */
  perm?: Permissions;
}

interface OfLifetime {
  /**
   * The memory goes with its last user. If that one is killed, a name or number stays until the next start.
   *
   * A name: the object is marked (Linux: by the sticky bit of its mode), so that all who open it know. Whoever lets go
   * of it last, by `detach`, the end of a worker or a normal exit, removes its name. What the SIGKILL of its last user
   * has left is replaced, all zero, by the next call that says `transient`; of any number of processes that do so at
   * once, one creates it.
   *
   * A number: a segment goes with its last attach anyway. One that nobody has after a SIGKILL is replaced likewise.
   *
   * No key (`null`): a segment that the kernel itself frees with its last user, however that has ended. The array's
   * `key` is what others `get` it by. Linux only: `ENOTSUP` on macOS.
   */
  transient?: boolean;
}

interface OfView<Shared extends boolean, Disposable extends boolean> {
  /**
   * POSIX: no 8-byte header, the whole object is data. That is what programs in C, Python or Rust
   * make and expect. Segments never have a header.
   */
  raw?: boolean;
  /**
   * Over a `SharedArrayBuffer`, which can be posted to worker threads of this process without a copy,
   * and on which `Atomics.wait` works between them. After a detach it reads private zeros.
   *
   * On Bun, and on Node from 22.23, 24.16 and 26.1 on, `buffer` is the data and nothing else. Elsewhere
   * the data begins at `byteOffset` bytes, which is not 0: post the array, not its buffer alone.
   */
  shared?: Shared;
  /**
   * The array gets a method `[Symbol.dispose]`, where the runtime has that symbol (Node 20 on): a
   * `using` declaration then detaches the key when its block ends. Without it arrays are ordinary
   * ones, which the engine works on faster.
   */
  disposable?: Disposable;
}

/** `reserve` and `populate`, of which `{ reserve: false, populate: true }` contradict each other. */
type Reserving =
  | {
      /**
       * `false`: no memory is reserved, pages come into being when they are touched. Touching one
       * when /dev/shm is full then ends the process with SIGBUS. `true` by default.
       */
      reserve?: boolean;
      populate?: false;
    }
  | {
      reserve?: true;
      /**
       * Fault every page in now, so that no first touch is slow. Before Linux 5.14 and on macOS this
       * is no more than a hint.
       */
      populate?: boolean;
    };

/** `copyOnWrite`, `readOnly` and `hugePages`, each of which contradicts the others: pages copied one by one are small. */
type Copying =
  | {
      /**
       * POSIX: permission to read is enough, and what others write shows. The pages are private: what is written here
       * does not reach the object, and such a page no longer shows what others write. `wait`, `notify` and `Mutex` refuse it.
       * Of a segment no system shows that: `ENOTSUP`.
       */
      readOnly?: boolean;
      copyOnWrite?: false;
      hugePages?: false;
    }
  | {
      readOnly?: false;
      /**
       * What is written stays in this thread's view, and permission to read is enough. A page shows
       * what others write until it is first written here. Of a System V segment it is a copy made
       * now. `wait`, `notify` and `Mutex` refuse it: no other process sees it.
       */
      copyOnWrite?: boolean;
      hugePages?: false;
    }
  | {
      readOnly?: false;
      copyOnWrite?: false;
      /**
       * Use huge pages for what is not in memory yet. Throws `ENOTSUP` where they are switched off;
       * the message tells how root switches them on. `'auto'` uses them for large memory (2 MB and more) where the
       * system gives them, and ordinary pages elsewhere.
       */
      hugePages?: boolean | 'auto';
    };

interface Made<Shared extends boolean, Disposable extends boolean> extends OfNewMemory, OfLifetime, OfView<Shared, Disposable> {
  /**
   * Use huge pages (2 MB on most systems). Throws `ENOTSUP` where they are switched off; the message
   * tells how root switches them on. `'auto'` uses them for large memory (2 MB and more) where the system gives
   * them, and ordinary pages elsewhere.
   */
  hugePages?: boolean | 'auto';
}

/**
 * How `getOrCreate` makes memory. An unknown option is an error.
 *
 * @typeParam Shared whether `shared` is true; `boolean` if that is not known
 * @typeParam Disposable whether `disposable` is true; `boolean` if that is not known
 */
export type GetOrCreateOptions<Shared extends boolean = boolean, Disposable extends boolean = boolean> = Made<Shared, Disposable> & Reserving;

/**
 * How `create` makes memory. An unknown option is an error.
 *
 * @typeParam Shared whether `shared` is true; `boolean` if that is not known
 * @typeParam Disposable whether `disposable` is true; `boolean` if that is not known
 */
export type CreateOptions<Shared extends boolean = boolean, Disposable extends boolean = boolean> = GetOrCreateOptions<Shared, Disposable>;

/**
 * How `get` opens and shows memory. An unknown option is an error.
 *
 * @typeParam Shared whether `shared` is true; `boolean` if that is not known
 * @typeParam Disposable whether `disposable` is true; `boolean` if that is not known
 */
export type GetOptions<Shared extends boolean = boolean, Disposable extends boolean = boolean> = OfView<Shared, Disposable> &
  Copying & {
    /** Bytes to skip before the first element, a multiple of the element's size. 0 by default. */
    offset?: number;
    /** Elements (not bytes) to show. As many whole ones as there are by default. */
    count?: number;
    /** Fault every page in now. Before Linux 5.14 and on macOS this is no more than a hint. */
    populate?: boolean;
  };

export {};
