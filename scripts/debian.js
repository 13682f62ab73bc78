'use strict';
// Unpacks Debian packages, with all that they depend on, into a folder: nothing is installed.

const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const SOURCES = '/etc/apt/sources.list.d/debian.sources';

/** Where this machine gets its Debian packages from. */
function archive() {
  if (!fs.existsSync(SOURCES)) throw new Error(`it takes Debian packages, and there is no ${SOURCES} here`);
  const sources = fs.readFileSync(SOURCES, 'utf8');
  const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(sources)[1];
  return { uri: field('URIs').split(' ')[0], keyring: field('Signed-By') };
}

/**
 * Unpacks `packages` of a release of Debian, such as 'bookworm', and of an architecture, 'amd64' or
 * 'arm64', into `folder`. `without` are packages that the machine's own take the place of.
 */
function unpackDebian(release, architecture, packages, folder, without) {
  const { uri, keyring } = archive();
  const state = path.join(folder, '.apt');
  for (const name of ['lists/partial', 'archives/partial', 'parts']) fs.mkdirSync(path.join(state, name), { recursive: true });
  const file = (name, content) => {
    fs.writeFileSync(path.join(state, name), content);
    return path.join(state, name);
  };
  const config = file('apt.conf', [
    `APT::Architecture "${architecture}";`,
    `#clear APT::Architectures;\nAPT::Architectures { "${architecture}"; };`,
    `Dir::State "${state}";`,
    `Dir::State::status "${file('status', '')}";`,
    `Dir::State::lists "${state}/lists";`,
    `Dir::Cache "${state}";`,
    `Dir::Cache::archives "${state}/archives";`,
    `Dir::Etc::sourcelist "${file('sources.list', `deb [signed-by=${keyring}] ${uri} ${release} main\n`)}";`,
    `Dir::Etc::sourceparts "${state}/parts";`,
    'Debug::NoLocking "1";\nAPT::Sandbox::User "";\nAcquire::Languages "none";\n',
  ].join('\n'));
  const apt = (...args) => {
    const env = Object.assign({}, process.env, { APT_CONFIG: config });
    execFileSync('apt-get', ['-q', '-y', ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  apt('update');
  apt('install', '--download-only', '--no-install-recommends', ...packages);
  for (const deb of fs.readdirSync(path.join(state, 'archives')).filter((name) => name.endsWith('.deb'))) {
    if (without.includes(deb.split('_')[0])) continue;
    execFileSync('dpkg', ['-x', path.join(state, 'archives', deb), folder]);
  }
  fs.rmSync(state, { recursive: true, force: true });
}

module.exports = { unpackDebian };
