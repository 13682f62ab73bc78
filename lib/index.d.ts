export * from './types/arrays';
export * from './types/constants';
export * from './types/errors';
export * from './types/memory';
export * from './types/mutex';
export * from './types/options';
export * from './types/stat';
export * from './types/wait';
