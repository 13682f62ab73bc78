'use strict';
// How large the prebuilt addons are.

const fs = require('fs');
const path = require('path');
const { root } = require('../contestants');

/** A row for each addon in prebuilds/, in KB of 1,000 bytes. */
async function run() {
  const folder = path.join(root, 'prebuilds');
  const rows = [];
  for (const system of fs.existsSync(folder) ? fs.readdirSync(folder).sort() : []) {
    const place = path.join(folder, system);
    if (!fs.statSync(place).isDirectory()) continue;
    for (const name of fs.readdirSync(place).sort()) {
      rows.push({ label: `${system}/${name}`, unit: 'KB', numbers: { this: [fs.statSync(path.join(place, name)).size / 1000] }, limit: 450 });
    }
  }
  return rows;
}

module.exports = { name: 'size', title: 'Prebuilt addons', note: 'KB of 1,000 bytes.', run };
