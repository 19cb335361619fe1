/**
 * The agent that runs inside a sandbox's VM as its first process: it makes the VM the pod the host asks for, stacks
 * container roots, and drives the OCI runtime, on behalf of the host's daemon only. This package holds what ties the
 * parts together: start-up, the gRPC service and the one place where errors become gRPC statuses.
 */
package dev.izolo.agent;
