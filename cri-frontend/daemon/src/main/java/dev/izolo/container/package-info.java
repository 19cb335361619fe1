/** Containers of a sandbox: from image, scratch disk and OCI spec to exit code and stats. */
package dev.izolo.container;
