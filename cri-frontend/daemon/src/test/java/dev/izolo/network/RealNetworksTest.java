package dev.izolo.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debian's plugins and the kernel, in a network namespace and mounts of the test's own. */
final class RealNetworksTest {
  @TempDir Path directory;

  @BeforeEach
  void canBePrivate() {
    Assumptions.assumeTrue(PrivateHost.obstacle().isEmpty(), PrivateHost::obstacle);
  }

  @Test
  void aPodGetsAddressesOfBothFamiliesAndReleasesThemAll() throws Exception {
    PrivateHost.run("life", directory);
  }

  @Test
  void theGuestOwnsThePodsAddressesAndHostPortsReachIt() throws Exception {
    PrivateHost.run("traffic", directory);
  }

  @Test
  void aFailedAttachmentLeavesTheNamespaceAsPreparedAndAnotherSucceeds() throws Exception {
    PrivateHost.run("failedAdd", directory);
  }

  @Test
  void aCancelledAttachmentGivesBackWhatItsFirstPluginGave() throws Exception {
    PrivateHost.run("cancelled", directory);
  }

  @Test
  void aNewDaemonReleasesWithWhatTheOldOneRecordedThoughTheNamespaceIsGone() throws Exception {
    PrivateHost.run("restart", directory);
  }

  @Test
  void aPointToPointNetworkGivesNoPrefixAndItsMtu() throws Exception {
    PrivateHost.run("pointToPoint", directory);
  }

  @Test
  void releaseCopesWithAHalfRemovedNamespaceAndADamagedRecord() throws Exception {
    PrivateHost.run("partlyMade", directory);
  }

  @Test
  @Tag("bench")
  void everyStepIsTimed() throws Exception {
    String table = PrivateHost.run("measure", directory);
    assertThat(table).contains("prepare:", "attach:", "release:");
    System.out.print(table);
  }
}
