// What 0.1.1 refuses: each line is an error for both.
import * as shm from 'shm-typed-array';

export const surely: Buffer = shm.create(10);
export const other: Int32Array | null = shm.create(10, 'Uint32Array');
shm.create();
shm.create('10');
shm.create(10, 'Int7Array');
shm.get();
shm.detach();
shm.destroy({});
shm.detach(1, 'yes');
shm.LengthMax = 1;
shm.nothing();
export const text: string = shm.getTotalSize();
export const size: number = shm.get(1).length;
