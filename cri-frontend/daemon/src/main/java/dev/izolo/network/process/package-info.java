/** Host commands with bounds on everything: time, output, and what outlives them. */
package dev.izolo.network.process;
