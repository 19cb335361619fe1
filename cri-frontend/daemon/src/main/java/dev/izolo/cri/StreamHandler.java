package dev.izolo.cri;

/** Serves one server-streaming RPC, as {@link Handler} does a unary one. The stream ends when it returns. */
@FunctionalInterface
interface StreamHandler<Q, R> {
  void handle(Q request, Sink<R> answers) throws Exception;

  /** Where the answers go. */
  interface Sink<R> {
    /** Sends one answer; waits while the caller does not take any more. */
    void send(R answer) throws InterruptedException;
  }
}
