/**
 * Turns a layer's tar into the EROFS image that a guest mounts, without a file of it ever being made on the host: what
 * a hostile layer can reach is a tree in memory. OCI whiteouts become overlayfs's (image-spec, layer.md; Linux,
 * Documentation/filesystems/overlayfs.rst).
 */
package dev.izolo.image.layer;
