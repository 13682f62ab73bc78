'use strict';
// What the tests of files share: files in a folder that goes when the test process ends.

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const support = require('./support');

/** A path in a folder of this test process, where there is nothing yet. */
function fileIn(name) {
  const folder = path.join(support.temporaryFolder(), crypto.randomBytes(6).toString('hex'));
  fs.mkdirSync(folder);
  return path.join(folder, name);
}

/** A new file with that content. */
function freshFile(content) {
  const file = fileIn('file');
  fs.writeFileSync(file, content);
  return file;
}

module.exports = Object.assign({ fileIn, freshFile }, support);
