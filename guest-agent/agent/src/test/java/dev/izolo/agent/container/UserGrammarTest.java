package dev.izolo.agent.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.AgentException;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UserGrammarTest {
  private static final UserDatabase DATABASE = UserDatabase.parse(
      """
      root:x:0:0:root:/root:/bin/sh
      # a comment
      broken line
      app:x:1000:1001:App:/srv/app:/bin/sh
      1234:x:77:78::/numeric:/bin/sh
      huge:x:99999999999999999999:1::/:/bin/sh
      nohome:x:5:6
      """,
      """
      root:x:0:
      app:x:1001:
      audio:x:29:app,other
      video:x:44:other,app
      web:x:33:
      """);

  private static UserGrammar.Identity resolve(String text) {
    return UserGrammar.resolve(text, DATABASE, Optional.empty(), List.of(), false);
  }

  @ParameterizedTest
  @CsvSource(nullValues = "-", value = {
    "'',0,0,/root", "root,0,0,/root", "app,1000,1001,/srv/app", "1000,1000,1001,/srv/app", "app:web,1000,33,/srv/app",
    "app:5,1000,5,/srv/app", "4321,4321,0,''", "4321:44,4321,44,''", "4321:web,4321,33,''", "1234,77,78,/numeric",
    "nohome,5,6,''", "2147483647:2147483647,2147483647,2147483647,''", "007,7,0,''"})
  void resolvesEveryForm(String text, long uid, long gid, String home) {
    UserGrammar.Identity identity = resolve(text);
    assertThat(identity.uid()).isEqualTo(uid);
    assertThat(identity.gid()).isEqualTo(gid);
    assertThat(identity.home()).isEqualTo(home);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nobody", "2147483648", "4294967295", "18446744073709551616", "-1", "app:nogroup", "app:-1",
    "app:99999999999", ":", "app:", ":app", "a:b:c", "a b\n", "huge", "+5", "0x10"})
  void refusesWhatNamesNobodyOrDoesNotFit(String text) {
    assertThatThrownBy(() -> resolve(text)).isInstanceOf(AgentException.Invalid.class)
        .hasMessageContaining("cannot run as user");
  }

  @Test
  void addsTheImagesGroupsUnlessStrict() {
    assertThat(resolve("app").additionalGids()).containsExactly(29L, 44L);
    assertThat(UserGrammar.resolve("app", DATABASE, Optional.of(7L), List.of(9L, 29L), false))
        .satisfies(identity -> assertThat(identity.gid()).isEqualTo(7))
        .satisfies(identity -> assertThat(identity.additionalGids()).containsExactly(9L, 29L, 44L));
    assertThat(UserGrammar.resolve("app", DATABASE, Optional.empty(), List.of(9L), true).additionalGids())
        .containsExactly(9L);
    assertThatThrownBy(() -> UserGrammar.resolve("app", DATABASE, Optional.of(-1L), List.of(), false))
        .isInstanceOf(AgentException.Invalid.class);
  }

  @Test
  void worksWithoutAnyDatabase() {
    UserDatabase empty = UserDatabase.parse("", "");
    assertThat(UserGrammar.resolve("", empty, Optional.empty(), List.of(), false))
        .isEqualTo(new UserGrammar.Identity(0, 0, List.of(), ""));
  }

  @Test
  void hostileFilesAreReadOrRefusedButNeverBreakTheParser() {
    Random random = new Random(7);
    for (int i = 0; i < 500; i++) {
      byte[] bytes = new byte[random.nextInt(400)];
      for (int at = 0; at < bytes.length; at++) {
        bytes[at] = (byte) ":\n0123456789ax,#\0é".charAt(random.nextInt(18));
      }
      String text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
      assertThat(UserDatabase.parse(text, text).user(-1)).isEmpty();
    }
  }
}
