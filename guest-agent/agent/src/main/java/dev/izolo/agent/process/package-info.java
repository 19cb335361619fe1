/**
 * Processes and their streams, with nothing of containers in it: starting and reaping, output kept in bounded windows
 * with back-pressure, input, all descriptors watched by one thread that sleeps while nothing happens.
 */
package dev.izolo.agent.process;
