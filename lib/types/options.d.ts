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

interface OfView<Shared extends boolean, Disposable extends boolean> {
  /**
   * POSIX: no 8-byte header, the whole object is data. That is what programs in C, Python or Rust
   * make and expect. Segments never have a header.
   */
  raw?: boolean;
  /**
   * Over a `SharedArrayBuffer`, which can be posted to worker threads of this process without a copy,
   * and on which `Atomics.wait` works between them. After a detach it reads private zeros.
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

/** `copyOnWrite` and `hugePages`, which contradict each other: pages copied one by one are small. */
type Copying =
  | {
      /**
       * What is written stays in this thread's view, and permission to read is enough. A page shows
       * what others write until it is first written here. Of a System V segment it is a copy made
       * now. `wait`, `notify` and `Mutex` refuse it, for nobody else sees it.
       */
      copyOnWrite?: boolean;
      hugePages?: false;
    }
  | {
      copyOnWrite?: false;
      /**
       * Use huge pages for what is not in memory yet. Throws `ENOTSUP` where they are switched off;
       * the message tells how root switches them on.
       */
      hugePages?: boolean;
    };

/**
 * How `create` and `getOrCreate` make memory. An unknown option is an error.
 *
 * @typeParam Shared whether `shared` is true; `boolean` if that is not known
 * @typeParam Disposable whether `disposable` is true; `boolean` if that is not known
 */
export type CreateOptions<Shared extends boolean = boolean, Disposable extends boolean = boolean> = OfNewMemory &
  OfView<Shared, Disposable> &
  Reserving & {
    /**
     * Use huge pages (2 MB on most systems). Throws `ENOTSUP` where they are switched off; the
     * message tells how root switches them on.
     */
    hugePages?: boolean;
  };

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
