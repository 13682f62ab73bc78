'use strict';
// The key of the locks that all processes of this user have in common.

/** The number of this user. */
const uid = () => /** @type {any} */ (process).getuid();

const keyOfUser = () => `/shm-typed-array-locks-${uid()}`;

module.exports = { keyOfUser, uid };
