package dev.izolo.vm.qemu;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The calls of the agent's protocol that are about the VM itself. Their requests are empty messages or two
 * numbers, and their answers are not looked at, so no generated code is needed.
 */
final class AgentProbe {
  private static final MethodDescriptor<byte[], byte[]> GET_INFO = method("GetInfo");
  private static final MethodDescriptor<byte[], byte[]> SHUTDOWN = method("Shutdown");

  private static final MethodDescriptor<byte[], byte[]> PREPARE_SNAPSHOT = method("PrepareSnapshot");
  private static final MethodDescriptor<byte[], byte[]> AWAIT_RESOURCES = method("AwaitResources");

  private AgentProbe() {}

  /** Returns when the agent answered. */
  static void ping(ManagedChannel channel, Duration timeout) throws StatusRuntimeException {
    call(channel, GET_INFO, timeout);
  }

  /** Asks the guest to power off. */
  static void shutdown(ManagedChannel channel, Duration timeout) throws StatusRuntimeException {
    call(channel, SHUTDOWN, timeout);
  }

  /** Returns when the guest is as small and as quiet as it gets. */
  static void prepareSnapshot(ManagedChannel channel, Duration timeout) throws StatusRuntimeException {
    call(channel, PREPARE_SNAPSHOT, timeout);
  }

  /** Returns when the guest uses that much: online processors, and memory in whole blocks. */
  static void awaitResources(ManagedChannel channel, int vcpus, long memoryBytes, Duration timeout)
      throws StatusRuntimeException {
    var request = new ByteArrayOutputStream();
    field(request, 1, vcpus);
    field(request, 2, memoryBytes);
    call(channel, AWAIT_RESOURCES, request.toByteArray(), timeout);
  }

  private static void call(ManagedChannel channel, MethodDescriptor<byte[], byte[]> method, Duration timeout) {
    call(channel, method, new byte[0], timeout);
  }

  /** A varint field (protobuf.dev/programming-guides/encoding), its number below 16. */
  private static void field(ByteArrayOutputStream message, int number, long value) {
    message.write(number << 3);
    long rest = value;
    for (; rest > 0x7f; rest >>>= 7) {
      message.write((int) (rest & 0x7f) | 0x80);
    }
    message.write((int) rest);
  }

  private static void call(
      ManagedChannel channel, MethodDescriptor<byte[], byte[]> method, byte[] request, Duration timeout) {
    var options = CallOptions.DEFAULT.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    ClientCalls.blockingUnaryCall(channel, method, options, request);
  }

  private static MethodDescriptor<byte[], byte[]> method(String name) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName(MethodDescriptor.generateFullMethodName("izolo.agent.v1.Agent", name))
        .setRequestMarshaller(new Bytes())
        .setResponseMarshaller(new Bytes())
        .build();
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
