/**
 * Images: pulled from registries, kept as one read-only EROFS file per layer, found by any of their names, leased to
 * whoever runs them. {@link dev.izolo.image.ImageService} is the face, {@link dev.izolo.image.LocalImageService} the
 * one implementation.
 */
package dev.izolo.image;
