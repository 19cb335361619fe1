package dev.izolo.cri;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.image.ImageException;
import dev.izolo.network.NetworkException;
import dev.izolo.state.CriException;
import dev.izolo.vm.VmException;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StatusMapperTest {
  record Mapped(Exception error, Status.Code code) {}

  static List<Mapped> mapped() {
    return List.of(
        new Mapped(new CriException.NotFound("m"), Status.Code.NOT_FOUND),
        new Mapped(new CriException.InvalidArgument("m"), Status.Code.INVALID_ARGUMENT),
        new Mapped(new CriException.AlreadyExists("m"), Status.Code.ALREADY_EXISTS),
        new Mapped(new CriException.FailedPrecondition("m", null), Status.Code.FAILED_PRECONDITION),
        new Mapped(new CriException.Unavailable("m", null), Status.Code.UNAVAILABLE),
        new Mapped(new CriException.Exhausted("m", null), Status.Code.RESOURCE_EXHAUSTED),
        new Mapped(new CriException.DeadlineExceeded("m"), Status.Code.DEADLINE_EXCEEDED),
        new Mapped(new CriException.Unimplemented("m"), Status.Code.UNIMPLEMENTED),
        new Mapped(new CriException.Internal("m", null), Status.Code.INTERNAL),
        new Mapped(new CriException.PhaseFailed("o", "p", new VmException.Exhausted("m", null)),
            Status.Code.RESOURCE_EXHAUSTED),
        new Mapped(new VmException.Unsupported("m", null), Status.Code.FAILED_PRECONDITION),
        new Mapped(new VmException.BootFailed("m", null), Status.Code.INTERNAL),
        new Mapped(new VmException.Gone("m", null), Status.Code.FAILED_PRECONDITION),
        new Mapped(new VmException.Exhausted("m", null), Status.Code.RESOURCE_EXHAUSTED),
        new Mapped(new VmException.OperationFailed("m", null), Status.Code.INTERNAL),
        new Mapped(new ImageException.InvalidReference("m"), Status.Code.INVALID_ARGUMENT),
        new Mapped(new ImageException.NotFound("m", null), Status.Code.NOT_FOUND),
        new Mapped(new ImageException.Unauthorized("m", null), Status.Code.UNAUTHENTICATED),
        new Mapped(new ImageException.Unavailable("m", null), Status.Code.UNAVAILABLE),
        new Mapped(new ImageException.Corrupt("m", null), Status.Code.DATA_LOSS),
        new Mapped(new ImageException.NoSpace("m", null), Status.Code.RESOURCE_EXHAUSTED),
        new Mapped(new ImageException.StoreFailed("m", null), Status.Code.INTERNAL),
        new Mapped(new NetworkException.NotConfigured("m", null), Status.Code.FAILED_PRECONDITION),
        new Mapped(new NetworkException.InvalidRequest("m", null), Status.Code.INVALID_ARGUMENT),
        new Mapped(new NetworkException.PluginFailed("m", null), Status.Code.UNAVAILABLE),
        new Mapped(new NetworkException.HostFailed("m", null), Status.Code.INTERNAL));
  }

  @ParameterizedTest
  @MethodSource("mapped")
  void keepsTheMeaningAndTheMessage(Mapped mapped) {
    Status status = StatusMapper.map(mapped.error());
    assertThat(status.getCode()).isEqualTo(mapped.code());
    assertThat(status.getDescription()).endsWith("m");
  }

  @Test
  void everyPermittedErrorIsInTheTable() {
    List<Class<?>> tested = new ArrayList<>(mapped().stream().map(mapped -> mapped.error().getClass()).toList());
    assertThat(Stream.of(CriException.class, VmException.class, ImageException.class, NetworkException.class)
        .flatMap(type -> Stream.of(type.getPermittedSubclasses()))).isSubsetOf(tested);
  }

  @Test
  void aPhaseIsNamedAndItsCauseDecides() {
    var error = new CriException.PhaseFailed("RunPodSandbox", "CNI", new NetworkException.NotConfigured("none", null));
    Status status = StatusMapper.map(error);
    assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(status.getDescription()).isEqualTo("RunPodSandbox: CNI: none");
  }

  @Test
  void cancellationAndFaultsAreToldApart() {
    assertThat(StatusMapper.map(new InterruptedException()).getCode()).isEqualTo(Status.Code.CANCELLED);
    Status fault = StatusMapper.map(new NullPointerException());
    assertThat(fault.getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(fault.getDescription()).contains("NullPointerException");
    assertThat(StatusMapper.isFault(fault)).isTrue();
  }

  @Test
  void aGuestsWordsReachNoTerminalRaw() {
    Status status = StatusMapper.map(new CriException.NotFound("a\u001b[31mb\nc" + "x".repeat(100_000)));
    assertThat(status.getDescription()).startsWith("a [31mb\nc").hasSize(4096);
  }
}
