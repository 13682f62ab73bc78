'use strict';
// The key of the locks that all processes of this user have in common.

/** The number of this user: of the effective one, to whom belongs what this process makes. */
const uid = () => /** @type {any} */ (process).geteuid();

const keyOfUser = () => `/shm-typed-array-locks-${uid()}`;

module.exports = { keyOfUser, uid };
