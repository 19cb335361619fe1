/**
 * Reads tar archives as a stream: ustar, GNU (long names, base-256 numbers, sparse files) and PAX (POSIX.1-2017 pax,
 * "pax Interchange Format"; GNU tar manual, "Sparse Formats"). Names and attribute values stay bytes: they are strings
 * with one char per byte (ISO 8859-1), since a tar's names need not be UTF-8 and an attribute's value is binary.
 */
package dev.izolo.image.tar;
