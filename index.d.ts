// 0.1.x had its entry here.
import shm = require('./lib/index.js');
export = shm;
