/**
 * The few Linux system calls that Java has no API for, through the foreign function interface. The only package of the
 * daemon with native calls: every method states its contract, checks its arguments, and turns a failure into an
 * {@link dev.izolo.linux.ErrnoException}. Handles are linked when first used.
 */
package dev.izolo.linux;
