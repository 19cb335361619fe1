package dev.izolo.cri.v1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Holds our api.proto against the descriptor inside the published k8s.io/cri-api module, version 0.37.0, whose facts
 * are kept as a resource (made by tests/go/cri-descriptor).
 */
class PublishedApiTest {
  private static final FileDescriptor API = Api.getDescriptor();

  @Test
  void everyFieldEnumValueAndRpcIsAsPublished() throws IOException {
    assertThat(ourFacts()).containsExactlyInAnyOrderElementsOf(publishedFacts());
  }

  @Test
  void hasTheWholeSurfaceOf37RuntimeAnd6ImageRpcs() {
    assertThat(API.findServiceByName("RuntimeService").getMethods()).hasSize(37);
    assertThat(API.findServiceByName("ImageService").getMethods()).hasSize(6);
    assertThat(API.getPackage()).isEqualTo("runtime.v1");
  }

  @Test
  void secretsInCredentialsAreMarkedForRedaction() {
    Descriptor auth = AuthConfig.getDescriptor();
    assertThat(Stream.of("password", "auth", "identity_token", "registry_token").map(auth::findFieldByName))
        .allMatch(field -> field.getOptions().getDebugRedact());
  }

  @Test
  void theKeptFactsAreStillWhatTheModuleSays(@TempDir Path work) throws Exception {
    Path tool = Path.of("../../tests/go/cri-descriptor").toAbsolutePath().normalize();
    assumeTrue(Files.isRegularFile(tool.resolve("go.sum")), "the descriptor tool is not in this checkout");
    assumeTrue(onPath("go"), "go is not installed");
    Path out = work.resolve("facts");
    Path err = work.resolve("err");
    Process build = new ProcessBuilder("go", "run", ".")
        .directory(tool.toFile())
        .redirectOutput(out.toFile())
        .redirectError(err.toFile())
        .start();
    int code = build.waitFor();
    String complaint = Files.readString(err);
    assumeTrue(code == 0 || !complaint.contains("dial tcp"), "the Go module proxy cannot be reached");
    assumeTrue(
        code == 0 || !(complaint.contains("invalid go version") || complaint.contains("requires go")),
        "this go is older than the published module");
    assertThat(code).as(complaint).isZero();
    assertThat(Files.readAllLines(out)).isEqualTo(publishedFacts());
  }

  private static boolean onPath(String program) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
  }

  private static List<String> publishedFacts() throws IOException {
    try (var in = PublishedApiTest.class.getResourceAsStream("/cri-api-v0.37.0.facts")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }

  private static List<String> ourFacts() {
    return Stream.of(
            API.getMessageTypes().stream().flatMap(PublishedApiTest::messageFacts),
            API.getEnumTypes().stream().flatMap(PublishedApiTest::enumFacts),
            API.getServices().stream()
                .flatMap(service -> service.getMethods().stream().map(PublishedApiTest::rpcFact)))
        .flatMap(facts -> facts)
        .toList();
  }

  private static Stream<String> messageFacts(Descriptor message) {
    if (message.getOptions().getMapEntry()) {
      return Stream.empty();
    }
    return Stream.of(
            message.getFields().stream().map(PublishedApiTest::fieldFact),
            message.getNestedTypes().stream().flatMap(PublishedApiTest::messageFacts),
            message.getEnumTypes().stream().flatMap(PublishedApiTest::enumFacts))
        .flatMap(facts -> facts);
  }

  private static Stream<String> enumFacts(EnumDescriptor type) {
    return type.getValues().stream()
        .map(value -> shortName(type.getFullName()) + " " + value.getName() + " = " + value.getNumber());
  }

  private static String fieldFact(FieldDescriptor field) {
    String label = field.isRepeated() && !field.isMapField() ? "repeated " : "";
    if (field.toProto().getProto3Optional()) {
      label = "optional ";
    }
    return "%s %s%s %s = %d".formatted(
        shortName(field.getContainingType().getFullName()), label, type(field), field.getName(), field.getNumber());
  }

  private static String type(FieldDescriptor field) {
    if (field.isMapField()) {
      Descriptor entry = field.getMessageType();
      return "map<" + type(entry.findFieldByName("key")) + ", " + type(entry.findFieldByName("value")) + ">";
    }
    if (field.getJavaType() == JavaType.MESSAGE) {
      return shortName(field.getMessageType().getFullName());
    }
    if (field.getJavaType() == JavaType.ENUM) {
      return shortName(field.getEnumType().getFullName());
    }
    return field.getType().name().toLowerCase(Locale.ROOT);
  }

  private static String rpcFact(MethodDescriptor rpc) {
    return "%s rpc %s(%s%s) returns (%s%s)".formatted(
        rpc.getService().getName(),
        rpc.getName(),
        rpc.toProto().getClientStreaming() ? "stream " : "",
        rpc.getInputType().getName(),
        rpc.toProto().getServerStreaming() ? "stream " : "",
        rpc.getOutputType().getName());
  }

  private static String shortName(String fullName) {
    return fullName.substring("runtime.v1.".length());
  }
}
