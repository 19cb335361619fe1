/** Sandboxes and containers end to end in one process: the real services over a fake VMM, agent, network and image store. */
package dev.izolo.pods;
