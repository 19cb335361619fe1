package dev.izolo.cri;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.izolo.cri.v1.RuntimeCondition;
import dev.izolo.cri.v1.RuntimeFeatures;
import dev.izolo.cri.v1.RuntimeHandler;
import dev.izolo.cri.v1.RuntimeHandlerFeatures;
import dev.izolo.cri.v1.RuntimeStatus;
import dev.izolo.cri.v1.StatusRequest;
import dev.izolo.cri.v1.StatusResponse;
import dev.izolo.network.PodNetworks;
import dev.izolo.sandbox.WarmStatus;
import dev.izolo.vm.HostSupport;
import dev.izolo.vm.HostSupport.Finding;
import dev.izolo.vm.HostSupport.Severity;
import dev.izolo.vm.Vmm;
import java.util.ArrayList;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Whether pods can run here, and if not, why. */
final class StatusHandler implements Handler<StatusRequest, StatusResponse> {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Vmm vmm;
  private final PodNetworks networks;
  private final RuntimeHandlers handlers;
  private final Map<String, String> configuration;
  private final Supplier<WarmStatus> warm;

  /** @param configuration what the verbose answer shows of it */
  StatusHandler(Vmm vmm, PodNetworks networks, RuntimeHandlers handlers, Map<String, String> configuration,
      Supplier<WarmStatus> warm) {
    this.vmm = vmm;
    this.networks = networks;
    this.handlers = handlers;
    this.configuration = configuration;
    this.warm = warm;
  }

  @Override
  public StatusResponse handle(StatusRequest request) throws Exception {
    HostSupport host = vmm.hostSupport();
    var answer = StatusResponse.newBuilder()
        .setStatus(RuntimeStatus.newBuilder().addConditions(runtimeReady(host)).addConditions(networkReady()))
        .addAllRuntimeHandlers(handlerMessages())
        .setFeatures(RuntimeFeatures.newBuilder().setSupplementalGroupsPolicy(true));
    if (request.getVerbose()) {
      answer.putInfo("config", JSON.writeValueAsString(configuration));
      WarmStatus ahead = warm.get();
      answer.putInfo("pool", JSON.writeValueAsString(poolInfo(ahead)));
      answer.putInfo("template", JSON.writeValueAsString(templateInfo(ahead, Instant.now())));
      answer.putInfo("hypervisor", JSON.writeValueAsString(hypervisorInfo(host)));
      answer.putInfo("host", JSON.writeValueAsString(hostInfo(host)));
    }
    return answer.build();
  }

  private static RuntimeCondition runtimeReady(HostSupport host) {
    var condition = RuntimeCondition.newBuilder().setType("RuntimeReady");
    String failures = host.findings().stream()
        .filter(finding -> finding.severity() == Severity.FAILED)
        .map(finding -> finding.subject() + ": " + finding.detail())
        .collect(Collectors.joining("; "));
    if (!failures.isEmpty()) {
      return condition.setReason("HostNotReady").setMessage(failures + " (`izolo check` says what to do)").build();
    }
    condition.setStatus(true);
    if (!host.isolated()) {
      condition.setReason("Emulated").setMessage(
          "VMs are emulated (TCG): slow, and no security boundary; `izolo check` says why KVM is not used");
    }
    return condition.build();
  }

  private RuntimeCondition networkReady() {
    PodNetworks.Readiness readiness = networks.readiness();
    return RuntimeCondition.newBuilder()
        .setType("NetworkReady")
        .setStatus(readiness.ready())
        .setReason(readiness.reason())
        .setMessage(readiness.message())
        .build();
  }

  /** As in containerd, the default handler is listed twice: by its name and by the empty one that means it. */
  private List<RuntimeHandler> handlerMessages() {
    List<String> names = new ArrayList<>(List.of(""));
    names.addAll(handlers.names());
    return names.stream()
        .map(name -> RuntimeHandler.newBuilder()
            .setName(name)
            .setFeatures(RuntimeHandlerFeatures.getDefaultInstance())
            .build())
        .toList();
  }

  /** {@code {"size":2,"ready":1,"handlers":{"izolo":{"size":2,"ready":1}}}} */
  private static Map<String, Object> poolInfo(WarmStatus ahead) {
    Map<String, Object> info = new LinkedHashMap<>(count(ahead.pool()));
    Map<String, Object> handlers = new LinkedHashMap<>();
    ahead.byHandler().forEach((name, pool) -> handlers.put(name, count(pool)));
    info.put("handlers", handlers);
    return info;
  }

  private static Map<String, Object> count(WarmStatus.Pool pool) {
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("size", pool.size());
    info.put("ready", pool.ready());
    return info;
  }

  private static List<Map<String, Object>> templateInfo(WarmStatus ahead, Instant now) {
    return ahead.templates().stream().map(saved -> templateInfo(saved, now)).toList();
  }

  private static Map<String, Object> templateInfo(WarmStatus.SavedVm saved, Instant now) {
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("vcpus", saved.size().vcpus());
    info.put("memoryMib", saved.size().memoryMib());
    info.put("state", saved.template().isPresent() ? "ready" : saved.beingMade() ? "being-made" : "absent");
    saved.template().ifPresent(template -> {
      info.put("key", template.key());
      info.put("ageSeconds", Duration.between(template.madeAt(), now).toSeconds());
      info.put("ramBytes", template.ramBytes());
    });
    return info;
  }

  private static Map<String, Object> hypervisorInfo(HostSupport host) {
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("accelerator", host.accelerator().name().toLowerCase(Locale.ROOT));
    info.put("isolated", host.isolated());
    info.put("qemuVersion", host.qemuVersion());
    return info;
  }

  private static Map<String, Object> hostInfo(HostSupport host) {
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("accelerator", host.accelerator().name().toLowerCase(Locale.ROOT));
    info.put("isolated", host.isolated());
    info.put("qemuVersion", host.qemuVersion());
    info.put("findings", host.findings().stream().map(StatusHandler::findingInfo).toList());
    return info;
  }

  private static Map<String, String> findingInfo(Finding finding) {
    return Map.of(
        "subject", finding.subject(),
        "severity", finding.severity().name(),
        "detail", finding.detail(),
        "cure", finding.cure());
  }
}
