'use strict';
// 0.1.x had its entry here.
module.exports = require('./lib/index.js');
