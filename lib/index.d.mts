export * from './index.js';
import * as shm from './index.js';
export default shm;
