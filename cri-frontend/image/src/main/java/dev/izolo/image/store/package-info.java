/**
 * Images on disk. Layers are files named by diff id, images are records that name layers, names are one table from
 * reference to image id: written in this order, each by fsync and rename, and removed in the reverse order, so that a
 * crash leaves at most something unused, which the next start removes.
 */
package dev.izolo.image.store;
