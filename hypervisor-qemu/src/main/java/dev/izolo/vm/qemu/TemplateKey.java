package dev.izolo.vm.qemu;

import dev.izolo.vm.HostSupport;
import dev.izolo.vm.VmSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** A hash of everything that shapes a template: one made under another key must not be used. */
final class TemplateKey {
  /** Changes whenever templates are made or used in another way. */
  private static final int FORMAT = 1;

  private TemplateKey() {}

  /** Reads files' attributes only, which an interrupt cannot spoil. */
  static String of(VmHost host, HostSupport support, VmSpec spec) throws IOException {
    QemuSettings settings = host.settings();
    var anonymous =
        new VmSpec(
            "template",
            Path.of("/"),
            spec.vcpus(),
            spec.memoryMib(),
            spec.network().map(network -> new VmSpec.Network(Path.of("/"), "tap", "02:00:00:00:00:00")),
            List.of(),
            spec.extraKernelArgs());
    MachineLayout.VsockDevice vsock =
        host.probe().usesKernelVsock()
            ? new MachineLayout.VsockDevice.Kernel(3)
            : new MachineLayout.VsockDevice.Backend();
    var numbers =
        new MachineLayout.Descriptors(
            3, 4, 5, 6, OptionalInt.of(7), spec.network().isPresent() ? OptionalInt.of(8) : OptionalInt.empty());
    var layout =
        VmLaunch.layout(
            host, anonymous, support.accelerator(), numbers, new MachineLayout.Ram.File(9, true), vsock, false);
    return of(
        List.of(
            "format " + FORMAT,
            "qemu " + support.qemuVersion() + " " + file(settings.qemu()),
            "kernel " + file(settings.kernel()),
            "rootfs " + file(settings.rootfs()),
            "processor " + host.processor(),
            "machine " + String.join("\u0000", layout.arguments())));
  }

  /** A pure function of its parts. */
  static String of(List<String> parts) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      for (String part : parts) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
        digest.update(bytes);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /** Which file it is and whether it was written to since; its bytes are not read. */
  static String file(Path path) throws IOException {
    var attributes = Files.readAttributes(path, BasicFileAttributes.class);
    return "%s %s %d %s"
        .formatted(path, attributes.fileKey(), attributes.size(), attributes.lastModifiedTime());
  }

  /** What the guest can see of the host's processor: the first one's, for a host's are alike. */
  static String processor(Path cpuinfo) throws IOException {
    try (var lines = Files.lines(cpuinfo)) {
      return lines
          .takeWhile(line -> !line.isBlank())
          .filter(line -> line.matches("(vendor_id|cpu family|model|model name|stepping|microcode|flags)\\s*:.*"))
          .collect(Collectors.joining("\n"));
    }
  }
}
