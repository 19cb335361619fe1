package dev.izolo.cri;

import dev.izolo.image.ImageException;
import dev.izolo.network.NetworkException;
import dev.izolo.state.CriException;
import dev.izolo.vm.VmException;
import io.grpc.Status;

/**
 * What each of Izolo's errors is on the wire. Codes are those that the kubelet and crictl act on: NOT_FOUND and
 * ALREADY_EXISTS have a meaning to them, the rest is for people and retries.
 */
final class StatusMapper {
  /** Long enough for a quoted console, short enough for every client's limit on trailers (8 KiB by default). */
  private static final int MAX_DESCRIPTION = 4096;

  private StatusMapper() {}

  /** The status for an error; its description is the error's message, without control characters and bounded. */
  static Status map(Throwable error) {
    Status.Code code = switch (error) {
      case CriException e -> code(e);
      case VmException e -> code(e);
      case ImageException e -> code(e);
      case NetworkException e -> code(e);
      case InterruptedException e -> Status.Code.CANCELLED;
      default -> Status.Code.INTERNAL;
    };
    return code.toStatus().withDescription(description(error, code)).withCause(error);
  }

  /** Whether the error is a fault of Izolo or this host, for which a log wants the stack trace. */
  static boolean isFault(Status status) {
    return status.getCode() == Status.Code.INTERNAL;
  }

  /** Whether the kubelet asks for this answer in its daily work, so that it is no news. */
  static boolean isOrdinary(Status status) {
    return status.getCode() == Status.Code.UNIMPLEMENTED || status.getCode() == Status.Code.NOT_FOUND;
  }

  private static Status.Code code(CriException error) {
    return switch (error) {
      case CriException.NotFound e -> Status.Code.NOT_FOUND;
      case CriException.InvalidArgument e -> Status.Code.INVALID_ARGUMENT;
      case CriException.AlreadyExists e -> Status.Code.ALREADY_EXISTS;
      case CriException.FailedPrecondition e -> Status.Code.FAILED_PRECONDITION;
      case CriException.Unavailable e -> Status.Code.UNAVAILABLE;
      case CriException.Exhausted e -> Status.Code.RESOURCE_EXHAUSTED;
      case CriException.DeadlineExceeded e -> Status.Code.DEADLINE_EXCEEDED;
      case CriException.Unimplemented e -> Status.Code.UNIMPLEMENTED;
      case CriException.PhaseFailed e -> map(e.getCause()).getCode();
      case CriException.Internal e -> Status.Code.INTERNAL;
    };
  }

  private static Status.Code code(VmException error) {
    return switch (error) {
      case VmException.Unsupported e -> Status.Code.FAILED_PRECONDITION;
      case VmException.BootFailed e -> Status.Code.INTERNAL;
      case VmException.Gone e -> Status.Code.FAILED_PRECONDITION;
      case VmException.Exhausted e -> Status.Code.RESOURCE_EXHAUSTED;
      case VmException.OperationFailed e -> Status.Code.INTERNAL;
    };
  }

  private static Status.Code code(ImageException error) {
    return switch (error) {
      case ImageException.InvalidReference e -> Status.Code.INVALID_ARGUMENT;
      case ImageException.NotFound e -> Status.Code.NOT_FOUND;
      case ImageException.Unauthorized e -> Status.Code.UNAUTHENTICATED;
      case ImageException.Unavailable e -> Status.Code.UNAVAILABLE;
      case ImageException.Corrupt e -> Status.Code.DATA_LOSS;
      case ImageException.NoSpace e -> Status.Code.RESOURCE_EXHAUSTED;
      case ImageException.StoreFailed e -> Status.Code.INTERNAL;
    };
  }

  private static Status.Code code(NetworkException error) {
    return switch (error) {
      case NetworkException.NotConfigured e -> Status.Code.FAILED_PRECONDITION;
      case NetworkException.InvalidRequest e -> Status.Code.INVALID_ARGUMENT;
      case NetworkException.PluginFailed e -> Status.Code.UNAVAILABLE;
      case NetworkException.HostFailed e -> Status.Code.INTERNAL;
    };
  }

  private static String description(Throwable error, Status.Code code) {
    if (code == Status.Code.CANCELLED) {
      return "cancelled by the caller; what had been done was undone";
    }
    String text = error.getMessage();
    if (text == null || text.isBlank()) {
      text = "unexpected " + error.getClass().getSimpleName() + "; the daemon's log has the details";
    }
    return clean(text);
  }

  /** Messages may quote a guest or a registry: nothing that a terminal would act on, and no more than fits. */
  private static String clean(String text) {
    StringBuilder clean = new StringBuilder(Math.min(text.length(), MAX_DESCRIPTION));
    for (int at = 0; at < text.length() && clean.length() < MAX_DESCRIPTION; at++) {
      char c = text.charAt(at);
      clean.append(Character.isISOControl(c) && c != '\n' ? ' ' : c);
    }
    return clean.toString();
  }
}
