package dev.izolo.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
  private static final String HEX = "0123456789abcdef".repeat(4);

  @ParameterizedTest
  @CsvSource({
    "busybox, docker.io/library/busybox:latest",
    "busybox:1.36, docker.io/library/busybox:1.36",
    "user/app, docker.io/user/app:latest",
    "docker.io/busybox, docker.io/library/busybox:latest",
    "index.docker.io/busybox, docker.io/library/busybox:latest",
    "localhost/app, localhost/app:latest",
    "localhost:5000/app:v1, localhost:5000/app:v1",
    "127.0.0.1:5000/a/b/c, 127.0.0.1:5000/a/b/c:latest",
    "[::1]:5000/app, [::1]:5000/app:latest",
    "Registry.Example.com/app, Registry.Example.com/app:latest",
    "quay.io/a__b/c-d--e.f:T_1.x-y, quay.io/a__b/c-d--e.f:T_1.x-y",
  })
  void normalisesAsTheFieldDoes(String given, String normal) throws Exception {
    assertThat(ImageReference.parse(given)).hasToString(normal);
    assertThat(ImageReference.parse(normal)).isEqualTo(ImageReference.parse(given));
  }

  @Test
  void takesADigestWithOrWithoutATag() throws Exception {
    ImageReference bare = ImageReference.parse("busybox@sha256:" + HEX);
    assertThat(bare.tag()).isEmpty();
    assertThat(bare.target()).isEqualTo("sha256:" + HEX);
    ImageReference both = ImageReference.parse("busybox:1@sha256:" + HEX);
    assertThat(both.tag()).contains("1");
    assertThat(both.target()).isEqualTo("sha256:" + HEX);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "UPPER", "a//b", "/a", "a/", "a:", "a:-x", "a@", "a@sha256:12", "a@md5:0123", "a b",
      "a/../b", "..", "../a", "a..b/c", "a___b", "-a/b.", "host:x/a", "host:99999/a", "ho_st.com/a", "-host.com/a", "a\nb",
      "a%2fb", "https://example.com/a", "a@sha256:ABCDEFabcdef0123456789abcdef0123456789abcdef0123456789abcdef0123"})
  void refusesWhatIsNoReference(String text) {
    assertThatThrownBy(() -> ImageReference.parse(text)).isInstanceOf(ImageException.InvalidReference.class);
  }

  @Test
  void refusesWhatIsTooLongOrAnId() {
    assertThatThrownBy(() -> ImageReference.parse("a".repeat(256))).isInstanceOf(ImageException.InvalidReference.class);
    assertThatThrownBy(() -> ImageReference.parse("a:" + "t".repeat(129))).isInstanceOf(ImageException.InvalidReference.class);
    assertThatThrownBy(() -> ImageReference.parse(HEX)).hasMessageContaining("image id");
  }

  @Test
  void whatIsAcceptedStaysTheSameWhenParsedAgain() {
    Random random = new Random(1);
    String alphabet = "ab0.:-_/@A[]%\n ";
    int accepted = 0;
    for (int round = 0; round < 200_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(12); i >= 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        ImageReference reference = ImageReference.parse(text.toString());
        accepted++;
        assertThat(ImageReference.parse(reference.toString())).isEqualTo(reference);
        assertThat(reference.path()).doesNotContain("..").doesNotStartWith("/");
      } catch (ImageException.InvalidReference e) {
        assertThat(e).hasMessageNotContaining("\n");
      }
    }
    assertThat(accepted).isGreaterThan(1000);
  }
}
