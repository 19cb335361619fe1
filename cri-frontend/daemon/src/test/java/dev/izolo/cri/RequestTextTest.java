package dev.izolo.cri;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.izolo.cri.v1.AuthConfig;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.CreateContainerRequest;
import dev.izolo.cri.v1.ImageSpec;
import dev.izolo.cri.v1.KeyValue;
import dev.izolo.cri.v1.PullImageRequest;
import dev.izolo.cri.v1.StopContainerRequest;
import org.junit.jupiter.api.Test;

class RequestTextTest {
  @Test
  void credentialsAreNotShown() {
    String text = RequestText.of(PullImageRequest.newBuilder()
        .setImage(ImageSpec.newBuilder().setImage("registry/app:1"))
        .setAuth(AuthConfig.newBuilder().setUsername("u").setPassword("hunter2").setAuth("aHVudGVyMg==")
            .setIdentityToken("idtoken").setRegistryToken("regtoken"))
        .build());
    assertThat(text).contains("registry/app:1").doesNotContain("hunter2", "aHVudGVyMg", "idtoken", "regtoken");
  }

  @Test
  void valuesOfVariablesAreNotShown() {
    String text = RequestText.of(CreateContainerRequest.newBuilder()
        .setConfig(ContainerConfig.newBuilder().addEnvs(
            KeyValue.newBuilder().setKey("TOKEN").setValue(ByteString.copyFromUtf8("hunter2"))))
        .build());
    assertThat(text).contains("TOKEN").doesNotContain("hunter2");
  }

  @Test
  void namesWhatARequestIsAbout() {
    assertThat(RequestText.subject(StopContainerRequest.newBuilder().setContainerId("c1").build()))
        .isEqualTo(" container=c1");
    assertThat(RequestText.subject(
        CreateContainerRequest.newBuilder().setPodSandboxId("s1").build())).isEqualTo(" sandbox=s1");
    assertThat(RequestText.subject(PullImageRequest.getDefaultInstance())).isEmpty();
  }
}
