/**
 * How the daemon reaches the agent in a guest: AF_VSOCK by the kernel's vhost-vsock, or, on hosts without it, the unix
 * socket of a vhost-user vsock backend with a one-line handshake. To gRPC both are just another kind of connection.
 */
package dev.izolo.vm.vsock;
