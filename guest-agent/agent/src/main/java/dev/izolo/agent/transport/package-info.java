/**
 * Puts gRPC's OkHttp transport on sockets that {@code java.net} does not know: AF_VSOCK towards the host in a VM, and a
 * unix socket for training and tests. Plain classes instead of lambdas, because this is on the way to the agent's first
 * accept, where each class the JDK has to spin is felt.
 */
package dev.izolo.agent.transport;
