package dev.izolo.cli;

import dev.izolo.config.Artefacts;
import dev.izolo.config.ConfigReader;
import dev.izolo.config.IzoloConfig;
import dev.izolo.cri.v1.ImageFsInfoRequest;
import dev.izolo.cri.v1.ListContainersRequest;
import dev.izolo.cri.v1.ListImagesRequest;
import dev.izolo.cri.v1.ListPodSandboxRequest;
import dev.izolo.cri.v1.PodSandboxStatusRequest;
import dev.izolo.cri.v1.StatusRequest;
import dev.izolo.cri.v1.VersionRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

/**
 * What the JDK watches to make its AOT cache: the daemon starts, answers and stops, and the command's own client with
 * it, in a directory of its own that is gone afterwards. No VM runs and nothing on the host changes.
 */
@Command(name = "aot-train", hidden = true)
final class AotTrainCommand implements Callable<Integer> {
  @Override
  public Integer call() throws Exception {
    Path directory = Files.createTempDirectory("izolo-train");
    try {
      String text = """
          state_dir = "%1$s/state"
          run_dir = "%1$s/run"
          [hypervisor]
          accelerator = "tcg"
          [template]
          enabled = false
          [pool]
          size = 0
          [network]
          cni_conf_dir = "%1$s/cni"
          """.formatted(directory);
      IzoloConfig config = ConfigReader.parse("aot-train", text, Map.of());
      Logs.configure(config.log().level());
      Daemon daemon = Daemon.start(config, Artefacts.fromSystemProperties(), true);
      try (var client = new CriClient(config.listen())) {
        ask(client);
      } finally {
        daemon.stop();
      }
      new RunOptions("hello", List.of("true"), List.of(), 0, 0, "", true).container();
      return ExitCodes.OK;
    } finally {
      deleteTree(directory);
    }
  }

  private static void ask(CriClient client) {
    client.runtime().version(VersionRequest.getDefaultInstance());
    client.runtime().status(StatusRequest.newBuilder().setVerbose(true).build());
    client.runtime().listPodSandbox(ListPodSandboxRequest.getDefaultInstance());
    client.runtime().listContainers(ListContainersRequest.getDefaultInstance());
    client.images().listImages(ListImagesRequest.getDefaultInstance());
    client.images().imageFsInfo(ImageFsInfoRequest.getDefaultInstance());
    try {
      client.runtime().podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId("none").build());
    } catch (StatusRuntimeException e) {
      // Errors are part of what is to be quick.
      if (e.getStatus().getCode() != Status.Code.NOT_FOUND) {
        throw e;
      }
    }
  }

  private static void deleteTree(Path directory) throws IOException {
    try (Stream<Path> tree = Files.walk(directory)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
