/**
 * The CRI frontend: the gRPC server on its unix socket, and one thin handler per RPC. A handler checks what the request
 * must hold, calls a service, and shapes the answer; what an error becomes on the wire is decided in
 * {@link dev.izolo.cri.StatusMapper} alone.
 */
package dev.izolo.cri;
