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
import dev.izolo.vm.HostSupport;
import dev.izolo.vm.HostSupport.Finding;
import dev.izolo.vm.HostSupport.Severity;
import dev.izolo.vm.Vmm;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Whether pods can run here, and if not, why. */
final class StatusHandler implements Handler<StatusRequest, StatusResponse> {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Vmm vmm;
  private final PodNetworks networks;
  private final RuntimeHandlers handlers;
  private final Map<String, String> configuration;

  /** @param configuration what the verbose answer shows of it */
  StatusHandler(Vmm vmm, PodNetworks networks, RuntimeHandlers handlers, Map<String, String> configuration) {
    this.vmm = vmm;
    this.networks = networks;
    this.handlers = handlers;
    this.configuration = configuration;
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
