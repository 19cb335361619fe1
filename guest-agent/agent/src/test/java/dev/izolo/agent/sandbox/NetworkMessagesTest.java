package dev.izolo.agent.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.v1.NetworkInterface;
import dev.izolo.agent.v1.Route;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkMessagesTest {
  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @Test
  void encodesALink() {
    assertThat(hex(Rtnetlink.linkMessage(1, 2, NetworkInterface.newBuilder().setName("eth0")
        .setMac("02:11:22:33:44:55").setMtu(1450).build(), true))).isEqualTo(
        "40000000" + "1000" + "0100" + "01000000" + "00000000"
            + "00000000" + "02000000" + "01000000" + "01000000"
            + "0a000100" + "021122334455" + "0000"
            + "08000400" + "aa050000"
            + "09000300" + "6574683000" + "000000");
  }

  @Test
  void encodesAddressesOfBothVersions() {
    assertThat(hex(Rtnetlink.addressMessage(3, 2, IpPrefix.parse("10.88.0.5/16")))).isEqualTo(
        "30000000" + "1400" + "0105" + "03000000" + "00000000" + "02100000" + "02000000"
            + "08000200" + "0a580005" + "08000100" + "0a580005" + "08000400" + "0a58ffff");
    assertThat(hex(Rtnetlink.addressMessage(3, 2, IpPrefix.parse("fd00::5/64")))).isEqualTo(
        "40000000" + "1400" + "0105" + "03000000" + "00000000" + "0a400200" + "02000000"
            + "14000200" + "fd000000000000000000000000000005" + "14000100" + "fd000000000000000000000000000005");
  }

  @Test
  void encodesRoutes() {
    assertThat(hex(Rtnetlink.routeMessage(4, 2, Route.newBuilder().setGateway("10.88.0.1").build()))).isEqualTo(
        "2c000000" + "1800" + "0105" + "04000000" + "00000000" + "02000000" + "fe040001" + "00000000"
            + "08000500" + "0a580001" + "08000400" + "02000000");
    assertThat(hex(Rtnetlink.routeMessage(4, 2, Route.newBuilder().setDestination("10.99.7.7/16")
        .setGateway("169.254.1.1").setOnlink(true).setMtu(1400).build()))).isEqualTo(
        "40000000" + "1800" + "0105" + "04000000" + "00000000" + "02100000" + "fe040001" + "04000000"
            + "08000100" + "0a630000" + "08000500" + "a9fe0101" + "08000400" + "02000000"
            + "0c000800" + "08000200" + "78050000");
    assertThat(hex(Rtnetlink.routeMessage(4, 2, Route.newBuilder().setDestination("169.254.1.1/32").build())))
        .contains("fe04fd01");
    assertThat(hex(Rtnetlink.routeMessage(4, 2, Route.newBuilder().setIpv6(true).setGateway("fd00::1").build())))
        .contains("0a000000" + "fe040001");
  }

  @Test
  void refusesARouteWhoseGatewayIsOfAnotherVersion() {
    assertThatThrownBy(() -> Rtnetlink.routeMessage(1, 2,
        Route.newBuilder().setDestination("10.0.0.0/8").setGateway("fd00::1").build()))
        .isInstanceOf(AgentException.Invalid.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10.0.0", "10.0.0.256", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1", "fd00::1/129", "host",
    "fd00::g", "::ffff:10.0.0.1", "1.2.3.4/8/8", "10.0.0.1 "})
  void refusesWhatIsNoAddress(String text) {
    assertThatThrownBy(() -> IpPrefix.parse(text)).isInstanceOf(AgentException.Invalid.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "eth0/1", "eth 0", "a-name-of-16-char", "eth\u00e9"})
  void refusesWhatIsNoInterfaceName(String name) {
    assertThatThrownBy(() -> GuestNetwork.checkName(name)).isInstanceOf(AgentException.Invalid.class);
  }

  @Test
  void readsAddressesAsTheJdkDoes() throws UnknownHostException {
    Random random = new Random(12);
    for (int i = 0; i < 500; i++) {
      byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
      random.nextBytes(bytes);
      String text = InetAddress.getByAddress(bytes).getHostAddress();
      int length = random.nextInt(bytes.length * 8 + 1);
      IpPrefix prefix = IpPrefix.parse(text + "/" + length);
      assertThat(prefix.address()).isEqualTo(bytes);
      assertThat(prefix.length()).isEqualTo(length);
      assertThat(prefix).hasToString(text + "/" + length);
    }
    assertThat(IpPrefix.parse("fd00::1").length()).isEqualTo(128);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "02:11:22:33:44", "02-11-22-33-44-55", "0g:11:22:33:44:55", "02:11:22:33:44:55:66"})
  void refusesWhatIsNoMacAddress(String text) {
    assertThatThrownBy(() -> Rtnetlink.mac(text)).isInstanceOf(AgentException.Invalid.class);
  }

  @Test
  void asksForAnAnswerToSuccessOfOneRequestOnly() {
    byte[] message = Rtnetlink.addressMessage(3, 2, IpPrefix.parse("10.88.0.5/16"));
    NetlinkMessage.askForAnswer(message);
    assertThat(hex(message)).startsWith("30000000" + "1400" + "0505" + "03000000");
  }

  @Test
  void understandsTheKernelsAnswer() {
    byte[] refused = HexFormat.of().parseHex("24000000" + "0200" + "0000" + "07000000" + "00000000" + "edffffff"
        + "00".repeat(16));
    assertThat(NetlinkMessage.answer(refused, 7)).isEqualTo(new NetlinkMessage.Answer(7, 19));
    assertThat(NetlinkMessage.answer(refused, 9)).isEqualTo(new NetlinkMessage.Answer(7, 19));
    assertThat(NetlinkMessage.answer(refused, 6)).isNull();
    byte[] done = HexFormat.of().parseHex("24000000" + "0200" + "0000" + "07000000" + "00000000" + "00".repeat(20));
    assertThat(NetlinkMessage.answer(done, 7)).isEqualTo(new NetlinkMessage.Answer(7, 0));
  }

  @Test
  void brokenAnswersAreNotAnAnswer() {
    Random random = new Random(11);
    for (int i = 0; i < 2000; i++) {
      byte[] bytes = new byte[random.nextInt(80)];
      random.nextBytes(bytes);
      bytes = bytes.length < 4 ? bytes : cutLength(bytes, random);
      NetlinkMessage.Answer answer = NetlinkMessage.answer(bytes, 1);
      assertThat(answer == null || answer.sequence() == 1).isTrue();
    }
  }

  private static byte[] cutLength(byte[] bytes, Random random) {
    bytes[0] = (byte) random.nextInt(64);
    bytes[1] = 0;
    bytes[2] = 0;
    bytes[3] = 0;
    return bytes;
  }
}
