'use strict';
// Fails where lib/, native/, examples/ or a page has a word that says too little: `file:line: word: what to write instead`.

const fs = require('fs');
const path = require('path');
const { root } = require('./prebuilds');

/** Names, and phrases of comments and messages, with what to write instead. */
const words = [
  [/\b(?:untilDone|until_done|furnish\w*|misfits?|Misfit|nap\b(?!i)|SPARE)\b/g, 'the word of the field: retry, prepare, mismatch, pause, reserve'],
  [/\b(?:BRIEFLY|SHORTLY|SOON|AGAIN|MANY|FEW|TRIES|LOOK_UP)\b/g, 'a name that says what the constant bounds'],
  [/\b(?:Told|Exact|Patient)\b(?=[ (<{:,;])/g, 'a noun that says what the type is'],
  [/\b[Nn]obody (?:who|that|whose)\b/g, 'subject, verb, object: "a killed process never blocks the others"'],
  [/\bof (?:which|whom) (?:each|one|all|none)\b/g, '"each of which"'],
  [/(?:^|[.,;:(] )[Ss]hould (?:it|they|one|this|that|the|a)\b/g, '"if"'],
  [/\bis heard of\b/g, 'what happened'],
];

function filesBelow(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).reduce((files, entry) => {
    const file = `${folder}/${entry.name}`;
    return files.concat(entry.isDirectory() ? filesBelow(file) : file);
  }, []);
}

const files = ['lib', 'native', 'docs', 'examples'].reduce((all, folder) => all.concat(filesBelow(folder)), ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md']);

for (const file of files.filter((name) => /\.(?:js|mjs|ts|mts|rs|md|c|h|py)$/.test(name))) {
  fs.readFileSync(path.join(root, file), 'utf8').split('\n').forEach((line, index) => {
    for (const [pattern, instead] of words) {
      for (const found of line.match(pattern) || []) {
        console.log(`${file}:${index + 1}: ${found.trim()}: write ${instead}`);
        process.exitCode = 1;
      }
    }
  });
}
