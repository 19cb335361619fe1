package dev.izolo.cri;

/**
 * Serves one unary RPC. Runs on a virtual thread of its own and may block; it is interrupted when the caller gives up.
 * Any exception becomes the call's status by {@link StatusMapper}.
 */
@FunctionalInterface
interface Handler<Q, R> {
  R handle(Q request) throws Exception;
}
