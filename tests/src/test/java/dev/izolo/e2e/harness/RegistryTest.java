package dev.izolo.e2e.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class RegistryTest {

  @Test
  void servesPushedImagesInTheNodesNetworkOnly() {
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "namespaces need root");
    Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/docker-registry")), "docker-registry is not installed");
    try (Node node = Node.create()) {
      Registry registry = Registry.start(node);
      OciImage index = Fixtures.multiPlatform();
      assertThat(registry.push("multi", "latest", index)).isEqualTo("127.0.0.1:5000/multi:latest");
      String digest = node.inNetwork(() -> {
        var connection = (HttpURLConnection) URI.create("http://" + Registry.HOST + "/v2/multi/manifests/latest")
            .toURL().openConnection();
        connection.setRequestProperty("Accept", OciImage.INDEX);
        return OciImage.digest(connection.getInputStream().readAllBytes());
      });
      assertThat(digest).isEqualTo(index.digest());
    }
  }
}
