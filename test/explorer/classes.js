'use strict';
// The classes that are explored, each by the file of its name.

module.exports = ['channel', 'mutex', 'topic', 'map', 'locks'];
