// What comes from the types of Node.js or of a browser where they are there, and is enough of it where they are not.

/** `Buffer`, as the types of Node.js have it, whatever their version; without them the class that it extends. */
export type NodeBuffer = typeof globalThis extends { Buffer: { from(...from: any[]): infer T } } ? T : Uint8Array;

/** What calls need of an `AbortSignal`. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: (event: any) => void, options?: any): void;
  removeEventListener(type: 'abort', listener: (event: any) => void): void;
}

/** `[Symbol.dispose]`, which `using` calls, where TypeScript and its `lib` know it (5.2 on, `lib: esnext.disposable`). */
export type WithDispose = SymbolConstructor extends { readonly dispose: infer S extends symbol } ? { [K in S]: () => void } : {};
