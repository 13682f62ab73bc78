'use strict';
// set-repository.js https://HOST/OWNER/NAME "AUTHOR <MAIL>": fills in what package.json tells of the
// project's place. npm checks the provenance of a release against it, and leads the links of the
// README there.

const fs = require('fs');
const path = require('path');

const file = path.join(__dirname, '..', 'package.json');

function main(address, author) {
  if (!/^https:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+$/.test(address || '') || !/^[^<>]+<[^<>@\s]+@[^<>\s]+>$/.test(author || '')) {
    console.error('Usage: node scripts/set-repository.js https://github.com/OWNER/NAME "AUTHOR <MAIL>"');
    process.exitCode = 2;
    return;
  }
  const place = address.replace(/\.git$/, '');
  const { name, version, description, keywords, license, ...rest } = JSON.parse(fs.readFileSync(file, 'utf8'));
  const filled = {
    name, version, description, keywords,
    homepage: `${place}#readme`,
    bugs: `${place}/issues`,
    license,
    author,
    ...rest,
    repository: { type: 'git', url: `git+${place}.git` },
  };
  fs.writeFileSync(file, `${JSON.stringify(filled, null, 2)}\n`);
}

main(process.argv[2], process.argv[3]);
