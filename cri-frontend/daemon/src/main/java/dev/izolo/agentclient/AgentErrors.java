package dev.izolo.agentclient;

import dev.izolo.state.CriException;
import io.grpc.StatusException;

/** From a gRPC status of the agent to the daemon's own errors. */
final class AgentErrors {
  private AgentErrors() {}

  /** @throws InterruptedException if the call ended because this thread was interrupted */
  static CriException of(String call, StatusException failure) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException(call + " was interrupted");
    }
    String words = GuestWords.of(failure.getStatus().getDescription());
    return switch (failure.getStatus().getCode()) {
      case NOT_FOUND -> new CriException.NotFound(words);
      case INVALID_ARGUMENT, OUT_OF_RANGE -> new CriException.InvalidArgument(words);
      case ALREADY_EXISTS -> new CriException.AlreadyExists(words);
      case FAILED_PRECONDITION -> new CriException.FailedPrecondition(words, failure);
      case RESOURCE_EXHAUSTED -> new CriException.Exhausted(words, failure);
      case UNIMPLEMENTED -> new CriException.Unimplemented("the sandbox's agent does not know " + call);
      case UNAVAILABLE, CANCELLED ->
          new CriException.Unavailable("the sandbox's agent cannot be reached (" + call + "): " + words, failure);
      case DEADLINE_EXCEEDED ->
          new CriException.Unavailable("the sandbox's agent did not answer in time (" + call + "): " + words, failure);
      default -> new CriException.Internal("the sandbox's agent failed (" + call + "): " + words, failure);
    };
  }

  /** The VM is gone, and its agent with it. */
  static CriException vmEnded(String call, String reason, StatusException failure) {
    return new CriException.Unavailable("the sandbox's VM has ended (" + call + "): " + reason, failure);
  }

  /** The guest broke the protocol. */
  static CriException violation(String call, String what) {
    return new CriException.Internal("the sandbox's agent answered " + call + " with " + what + ": it cannot be trusted", null);
  }
}
