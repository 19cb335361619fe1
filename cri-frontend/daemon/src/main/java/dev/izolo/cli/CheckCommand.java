package dev.izolo.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.izolo.config.Artefacts;
import dev.izolo.config.IzoloConfig;
import dev.izolo.vm.HostSupport.Finding;
import dev.izolo.vm.HostSupport.Severity;
import dev.izolo.vm.qemu.QemuVmm;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Says, line by line, whether this host can run Izolo, with the cure for what is wrong. */
@Command(name = "check", description = "Say whether this host can run Izolo, with the cure for what it lacks.")
final class CheckCommand implements Callable<Integer> {
  @Mixin
  private CommonOptions common = new CommonOptions();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    Logs.configureForCommands();
    IzoloConfig config = common.load();
    boolean isRoot = Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    List<Finding> findings = new ArrayList<>();
    findings.add(HostChecks.root(isRoot));
    findings.addAll(hypervisor(config, isRoot));
    findings.addAll(new HostChecks(config, Path.of("/"), Programs::find).findings());
    if (json) {
      printJson(findings, System.out);
    } else {
      print(findings, System.out);
    }
    return findings.stream().anyMatch(finding -> finding.severity() == Severity.FAILED)
        ? ExitCodes.FAILED
        : ExitCodes.OK;
  }

  private static List<Finding> hypervisor(IzoloConfig config, boolean isRoot) {
    if (!isRoot) {
      return List.of(new Finding("hypervisor", Severity.WARNING, "not looked at", "run it with sudo"));
    }
    try {
      Files.createDirectories(config.runDir());
      try (var vmm = new QemuVmm(HypervisorSettings.of(config, Artefacts.fromSystemProperties()))) {
        return vmm.hostSupport().findings();
      }
    } catch (IOException e) {
      return List.of(new Finding(
          "hypervisor", Severity.FAILED, "cannot be looked at: " + e.getMessage(), "check run_dir"));
    }
  }

  static void print(List<Finding> findings, PrintStream out) {
    for (Finding finding : findings) {
      out.printf("%-4s  %-16s %s%n", word(finding.severity()), finding.subject(), finding.detail());
      if (finding.severity() != Severity.OK && !finding.cure().isEmpty()) {
        out.printf("%-4s  %-16s -> %s%n", "", "", finding.cure());
      }
    }
    out.flush();
  }

  private static void printJson(List<Finding> findings, PrintStream out) throws IOException {
    var rows = findings.stream()
        .map(finding -> Map.of("subject", finding.subject(), "result", word(finding.severity()),
            "detail", finding.detail(), "cure", finding.cure()))
        .toList();
    out.println(new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(rows));
    out.flush();
  }

  private static String word(Severity severity) {
    return switch (severity) {
      case OK -> "OK";
      case WARNING -> "WARN";
      case FAILED -> "FAIL";
    };
  }
}
