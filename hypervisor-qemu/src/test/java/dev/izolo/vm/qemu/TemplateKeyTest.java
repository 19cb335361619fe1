package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.vm.HostSupport;
import dev.izolo.vm.HostSupport.Accelerator;
import dev.izolo.vm.VmSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemplateKeyTest {
  private static final HostSupport SUPPORT = new HostSupport(Accelerator.TCG, false, "7.2.22", List.of());

  @TempDir Path temp;
  private QemuSettings settings;
  private VmHost host;

  @BeforeEach
  void start() throws Exception {
    for (String file : List.of("qemu", "kernel", "rootfs")) {
      Files.writeString(temp.resolve(file), file);
    }
    settings =
        QemuSettings.defaults(temp.resolve("kernel"), temp.resolve("rootfs"), temp.resolve("run"), List.of())
            .withQemu(temp.resolve("qemu"))
            .withVsock(QemuSettings.VsockChoice.HYBRID);
    host = new VmHost(settings);
  }

  @AfterEach
  void stop() {
    host.close();
  }

  @Test
  void isTheSameForVmsThatDifferInNameAndPlaceOnly() throws Exception {
    String key = TemplateKey.of(host, SUPPORT, spec("a", 1, 256, Optional.of("02:00:00:00:00:01"), List.of()));

    assertThat(TemplateKey.of(host, SUPPORT, spec("b", 1, 256, Optional.of("02:00:00:00:00:02"), List.of())))
        .isEqualTo(key)
        .matches("[0-9a-f]{64}");
  }

  @Test
  void changesWithWhateverShapesTheGuest() throws Exception {
    Set<String> keys = new HashSet<>();
    VmSpec plain = spec("a", 1, 256, Optional.empty(), List.of());
    keys.add(key(settings, SUPPORT, plain));
    keys.add(key(settings, SUPPORT, spec("a", 2, 256, Optional.empty(), List.of())));
    keys.add(key(settings, SUPPORT, spec("a", 1, 512, Optional.empty(), List.of())));
    keys.add(key(settings, SUPPORT, spec("a", 1, 256, Optional.of("02:00:00:00:00:01"), List.of())));
    keys.add(key(settings, SUPPORT, spec("a", 1, 256, Optional.empty(), List.of("debug"))));
    keys.add(key(settings, new HostSupport(Accelerator.KVM, true, "7.2.22", List.of()), plain));
    keys.add(key(settings, new HostSupport(Accelerator.TCG, false, "7.2.23", List.of()), plain));
    keys.add(key(settings.withLimits(4, 65_536), SUPPORT, plain));
    keys.add(key(settings.withLimits(8, 1024), SUPPORT, plain));
    keys.add(key(settings.withVsock(QemuSettings.VsockChoice.KERNEL), SUPPORT, plain));
    assertThat(keys).hasSize(10);
    for (String file : List.of("qemu", "kernel", "rootfs")) {
      Files.writeString(temp.resolve(file), "something longer");
      assertThat(keys.add(key(settings, SUPPORT, plain))).as("size of " + file).isTrue();
      Files.setLastModifiedTime(temp.resolve(file), FileTime.fromMillis(4711));
      assertThat(keys.add(key(settings, SUPPORT, plain))).as("time of " + file).isTrue();
      Path other = Files.writeString(temp.resolve("other"), "something longer");
      Files.setLastModifiedTime(other, FileTime.fromMillis(4711));
      Files.move(other, temp.resolve(file), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      assertThat(keys.add(key(settings, SUPPORT, plain))).as("inode of " + file).isTrue();
    }
  }

  @Test
  void tellsApartHowItsPartsAreDivided() {
    assertThat(TemplateKey.of(List.of("ab", "c"))).isNotEqualTo(TemplateKey.of(List.of("a", "bc")));
  }

  private static String key(QemuSettings settings, HostSupport support, VmSpec spec) throws Exception {
    try (var host = new VmHost(settings)) {
      return TemplateKey.of(host, support, spec);
    }
  }

  private VmSpec spec(String id, int vcpus, int memoryMib, Optional<String> mac, List<String> kernelArgs) {
    return new VmSpec(
        id,
        temp.resolve(id),
        vcpus,
        memoryMib,
        mac.map(address -> new VmSpec.Network(temp.resolve(id + "-netns"), "tap-" + id, address)),
        List.of(),
        kernelArgs);
  }
}
