'use strict';
// Where the project's scripts keep what they fetch: tools and JavaScript runtimes, outside the
// project so that every clone shares them. Nothing is installed on the system.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'shm-typed-array-dev');

/** A folder of the cache, filled once by `fill(folder)`; a fill that fails or is killed leaves nothing. */
function cached(name, fill) {
  const folder = path.join(cache, name);
  if (fs.existsSync(folder)) return folder;
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const filling = fs.mkdtempSync(`${folder}.`);
  try {
    fill(filling);
    fs.renameSync(filling, folder);
  } catch (error) {
    fs.rmSync(filling, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/**
 * Python packages of exactly these versions, `{ name: version }`, in a virtual environment of their
 * own. Returns the folder of their commands.
 */
function pythonTools(versions) {
  const packages = Object.keys(versions).map((name) => `${name}==${versions[name]}`);
  const marker = path.join(cache, ['python'].concat(packages).join('-'), '.complete');
  const folder = path.dirname(marker);
  if (!fs.existsSync(marker)) {
    // A virtual environment cannot be moved, so it is made in its place.
    fs.rmSync(folder, { recursive: true, force: true });
    execFileSync('python3', ['-m', 'venv', folder], { stdio: ['ignore', 2, 2] });
    if (packages.length > 0) {
      console.error(`fetching ${packages.join(', ')} from PyPI`);
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary=:all:'];
      execFileSync(path.join(folder, 'bin', 'python3'), [...pip, ...packages], { stdio: ['ignore', 2, 2] });
    }
    fs.writeFileSync(marker, '');
  }
  return path.join(folder, 'bin');
}

module.exports = { cached, pythonTools };
