/** Container roots: the disks the host plugs in, the image layers on them, and the writable layer on top. */
package dev.izolo.agent.storage;
