/**
 * The command line: {@code serve} and its composition root, and {@code run}, {@code check} and the like, which reach
 * the daemon by CRI alone.
 */
package dev.izolo.cli;
