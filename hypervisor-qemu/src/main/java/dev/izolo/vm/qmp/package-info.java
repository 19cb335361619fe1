/**
 * A client of QEMU's machine protocol (QMP, docs/interop/qmp-spec in QEMU's tree): JSON objects, one a line, over a unix
 * socket. QEMU is not trusted more than its guest: lines are bounded, and anything malformed ends the connection.
 */
package dev.izolo.vm.qmp;
