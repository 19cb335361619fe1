package dev.izolo.agent;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/** The one place where errors become gRPC statuses. */
final class Statuses {
  private Statuses() {}

  static StatusRuntimeException of(Throwable error) {
    return switch (error) {
      case AgentException.Invalid e -> status(Status.INVALID_ARGUMENT, e);
      case AgentException.NotFound e -> status(Status.NOT_FOUND, e);
      case AgentException.Exists e -> status(Status.ALREADY_EXISTS, e);
      case AgentException.Refused e -> status(Status.FAILED_PRECONDITION, e);
      case AgentException.OutOfRange e -> status(Status.OUT_OF_RANGE, e);
      case AgentException.Failed e -> status(Status.INTERNAL, e);
      case StatusRuntimeException e -> e;
      default -> Status.INTERNAL.withDescription("the agent failed: " + error).withCause(error).asRuntimeException();
    };
  }

  private static StatusRuntimeException status(Status status, AgentException error) {
    return status.withDescription(error.getMessage()).withCause(error).asRuntimeException();
  }
}
