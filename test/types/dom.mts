// The type of an array's buffer, from TypeScript 5.7 on, for those who ask for it: browsers' interfaces
// take no SharedArrayBuffer, and postMessage shares nothing else. Compiled, not run.
import shm, { CreateOptions } from '../../lib/index.mjs';

const bytes = shm.create(1024, 'Uint8Array')!;
const buffer = shm.create(1024)!;
const pixels = shm.create(4 * 16 * 16, 'Uint8ClampedArray')!;
const vertices = shm.get('/vertices', 'Float32Array')!;
const numbers = shm.getOrCreate(8, 'BigInt64Array', '/numbers');

const plain: ArrayBuffer[] = [bytes, buffer, pixels, vertices, numbers].map((array) => array.buffer);
const blobs = new Blob([bytes, buffer, pixels, vertices, numbers]);
const digest: Promise<ArrayBuffer> = crypto.subtle.digest('SHA-256', buffer);
const image = new ImageData(pixels, 16, 16);
const response: Promise<Response> = fetch('https://example.org', { method: 'POST', body: bytes });
const module: Promise<WebAssembly.Module> = WebAssembly.compile(bytes);
function draw(gl: WebGL2RenderingContext) {
  gl.bufferData(gl.ARRAY_BUFFER, vertices, gl.STATIC_DRAW);
}

const shared = shm.create(8, 'Int32Array', null, { shared: true })!;
const memory: SharedArrayBuffer[] = [
  shared.buffer,
  shm.create(8, undefined, '/name', { shared: true })!.buffer,
  shm.createPosix('/name', 8, 'Float64Array', { shared: true })!.buffer,
  shm.get('/name', 'Int8Array', { shared: true })!.buffer,
  shm.getPosix('/name', 'Int8Array', { shared: true })!.buffer,
  shm.getOrCreate(8, 'Uint16Array', '/name', { shared: true }).buffer,
];
// @ts-expect-error: nobody has asked for shared memory
const notShared: SharedArrayBuffer = bytes.buffer;
// @ts-expect-error: nobody knows whether it is
const unknown: SharedArrayBuffer = shm.create(8, 'Buffer', null, {} as CreateOptions)!.buffer;

console.log(plain, blobs, digest, image, response, module, draw, memory, notShared, unknown);
