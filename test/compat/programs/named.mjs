// Arrow buffers by an ES module: named imports, one of them renamed, and the namespace

import { Buffer } from 'buffer';
import * as everything from 'shm-typed-array';
import { create, get as attach, destroy, BufferType } from 'shm-typed-array';

const table = create(256, 'Buffer');
table.write('ARROW1');
const found = attach(table.key);
console.log(found.toString('latin1', 0, 6), found instanceof Buffer, attach === everything.get);
console.log(['Int8Array', 'Float32Array'].map((name) => [BufferType[name], create(1, name).length]).join());
console.log(destroy(table.key), attach(table.key), everything.default.create === create);
