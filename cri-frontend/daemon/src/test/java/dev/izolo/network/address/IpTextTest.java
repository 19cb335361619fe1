package dev.izolo.network.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class IpTextTest {
  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "255.255.255.255", "10.1.2.3", "::", "::1", "fd00::a:1", "::ffff:1.2.3.4"})
  void readsAddresses(String text) {
    assertThat(IpText.address(text)).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "1", "1.2.3", "1.2.3.4.", "1.2.3.256", "01.2.3.4", "0x7f.1", "localhost", "1.2.3.4 ", "::1%eth0", "[::1]",
        ":::", "1:2", "fe80::1/64", "1.2.3.4\n", "g::1", "12345::"
      })
  void refusesWhatIsNone(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> IpText.address(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.1", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1", "fd00::/129", "10.0.0.0/8/8", "/8"})
  void refusesWhatIsNotCidr(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> IpText.Cidr.parse(text));
  }

  @Test
  void tellsTheFamily() {
    assertThat(IpText.isIpv6("10.0.0.1")).isFalse();
    assertThat(IpText.isIpv6("fd00::1")).isTrue();
  }

  @Test
  void knowsWhatIsInANetwork() {
    assertThat(in("10.1.2.3/24", "10.1.2.0/24")).isTrue();
    assertThat(in("10.1.3.3/24", "10.1.2.0/24")).isFalse();
    assertThat(in("10.1.2.3/16", "10.1.2.0/24")).isFalse();
    assertThat(in("10.1.2.3/32", "0.0.0.0/0")).isTrue();
    assertThat(in("fd00::1/64", "10.1.2.0/24")).isFalse();
    assertThat(in("fd00:0:0:1::1/63", "fd00::/63")).isTrue();
  }

  private static boolean in(String address, String network) {
    return IpText.Cidr.parse(address).isIn(IpText.Cidr.parse(network));
  }
}
