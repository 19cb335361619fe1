/**
 * What the daemon knows of its sandboxes and containers: their records on disk, the events of their lives, and the
 * closed set of errors that operations on them can end with.
 */
package dev.izolo.state;
