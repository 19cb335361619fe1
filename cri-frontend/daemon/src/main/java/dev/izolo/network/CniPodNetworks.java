package dev.izolo.network;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.izolo.lifecycle.Rollback;
import dev.izolo.network.NetworkException.HostFailed;
import dev.izolo.network.NetworkException.NotConfigured;
import dev.izolo.network.NetworkException.PluginFailed;
import dev.izolo.network.cni.CniCall;
import dev.izolo.network.cni.CniException;
import dev.izolo.network.cni.CniResult;
import dev.izolo.network.cni.CniRuntime;
import dev.izolo.network.cni.NetworkDirectory;
import dev.izolo.network.cni.NetworkList;
import dev.izolo.network.cni.NetworkListParser;
import dev.izolo.network.link.LinkException;
import dev.izolo.network.link.NamespaceState;
import dev.izolo.network.link.PodNamespaces;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pod networks by CNI plugins. Every step is on disk before it is taken, so {@link #release} undoes exactly what was
 * done, with the configuration that ADD used, whatever happened in between.
 */
public final class CniPodNetworks implements PodNetworks {
  /** The pod's interface, as Kubernetes expects it to be called. */
  static final String INTERFACE = "eth0";

  static final String TAP = "tap0";

  private static final Logger log = LoggerFactory.getLogger(CniPodNetworks.class);

  private final NetworkSettings settings;
  private final NetworkDirectory configurations;
  private final NetworkRecords records;
  private final CniRuntime cni;
  private final PodNamespaces namespaces = new PodNamespaces();
  private final SandboxLocks locks = new SandboxLocks();
  private final NetworkStatus status;
  private final NetworkList shipped = DefaultNetwork.forThisHost();

  public CniPodNetworks(NetworkSettings settings) {
    this.settings = settings;
    this.configurations = new NetworkDirectory(settings.configDirectory());
    this.records = new NetworkRecords(settings.stateDirectory());
    this.cni = new CniRuntime(settings.pluginDirectories(), settings.pluginLimit());
    this.status = new NetworkStatus(settings.configDirectory(), this::network, cni);
  }

  @Override
  public Readiness readiness() {
    return status.readiness();
  }

  @Override
  public PodNetwork prepare(String sandboxId) throws NetworkException, InterruptedException {
    NetworkRecords.requireId(sandboxId);
    String name = namespaceName(sandboxId);
    try (var held = locks.acquire(sandboxId);
        var rollback = new Rollback("prepare network " + sandboxId)) {
      if (records.read(sandboxId).isPresent()) {
        throw new HostFailed("sandbox %s has a network already".formatted(sandboxId), null);
      }
      NetworkRecord record =
          new NetworkRecord(NetworkRecord.VERSION, sandboxId, TAP, macFor(sandboxId), null);
      rollback.push("delete the network's record", () -> records.delete(sandboxId));
      records.write(record);
      rollback.push("remove network namespace " + name, () -> namespaces.remove(name));
      namespaces.remove(name);
      namespaces.create(name);
      namespaces.addTap(name, TAP);
      rollback.commit();
      return podNetwork(record);
    } catch (LinkException | IOException e) {
      throw hostFailed(e);
    }
  }

  @Override
  public Attachment attach(
      PodNetwork network, PodIdentity pod, List<PortMapping> portMappings, Map<String, String> annotations)
      throws NetworkException, InterruptedException {
    String id = NetworkRecords.requireId(network.sandboxId());
    CniCall call = requestedCall(id, pod, portMappings, annotations);
    try (var held = locks.acquire(id)) {
      NetworkRecord prepared =
          records.read(id).orElseThrow(() -> new HostFailed("sandbox %s has no prepared network".formatted(id), null));
      if (prepared.attachment() != null) {
        throw new HostFailed("sandbox %s is attached to its network already".formatted(id), null);
      }
      NetworkList list = requireNetwork();
      cni.requirePlugins(list);
      if (call.capabilityArgs().has(CapabilityArgs.PORT_MAPPINGS) && !list.has(CapabilityArgs.PORT_MAPPINGS)) {
        log.warn("sandbox {}: network '{}' has no plugin for host ports; they are not served", id, list.name());
      }
      return attach(prepared, list, call);
    } catch (LinkException | IOException e) {
      throw hostFailed(e);
    } catch (CniException e) {
      throw cniFailed(e);
    }
  }

  private Attachment attach(NetworkRecord prepared, NetworkList list, CniCall call)
      throws NetworkException, InterruptedException, LinkException, IOException, CniException {
    String name = namespaceName(prepared.sandboxId());
    var intent = new NetworkRecord.Attached(list.source(), list.toJson(), call.args(), call.capabilityArgs(), null);
    NetworkRecord recorded = prepared.withAttachment(intent);
    boolean attached = false;
    try {
      records.writeDurably(recorded);
      CniResult result = cni.add(list, call);
      recorded = prepared.withAttachment(intent.withResult(result.raw()));
      records.write(recorded);
      NamespaceState state = namespaces.connect(name, INTERFACE, TAP)
          .filter(found -> !found.addresses().isEmpty())
          .orElseThrow(() -> new PluginFailed(
              "network '%s' (%s): its plugins reported success but left no interface %s with an address in the pod"
                  .formatted(list.name(), list.source(), INTERFACE), null));
      Attachment attachment = AttachmentBuilder.build(INTERFACE, state, result);
      attached = true;
      return attachment;
    } finally {
      if (!attached) {
        undo(prepared, recorded);
      }
    }
  }

  /** Makes the namespace as prepared again. What cannot be undone stays on record, for release to try again. */
  private void undo(NetworkRecord prepared, NetworkRecord recorded) {
    String id = prepared.sandboxId();
    try {
      Uninterrupted.call(() -> {
        delete(recorded);
        if (namespaces.redirects(namespaceName(id), TAP)) {
          namespaces.stopRedirect(namespaceName(id), TAP);
        }
        records.write(prepared);
        return null;
      });
    } catch (ExecutionException e) {
      log.warn("sandbox {}: a failed attachment to the network could not be undone yet", id, e.getCause());
    }
  }

  @Override
  public void release(String sandboxId) throws NetworkException {
    NetworkRecords.requireId(sandboxId);
    try {
      Uninterrupted.call(() -> {
        try (var held = locks.acquire(sandboxId)) {
          Optional<NetworkRecord> record = readForRelease(sandboxId);
          if (record.isPresent() && record.get().attachment() != null) {
            delete(record.get());
          }
          namespaces.remove(namespaceName(sandboxId));
          records.delete(sandboxId);
        }
        return null;
      });
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case NetworkException known -> throw known;
        case CniException failed -> throw cniFailed(failed);
        case RuntimeException bug -> throw bug;
        case Error fatal -> throw fatal;
        case Throwable other -> throw hostFailed(other);
      }
    }
  }

  @Override
  public List<String> recorded() throws NetworkException {
    try {
      return records.ids();
    } catch (IOException e) {
      throw hostFailed(e);
    }
  }

  /**
   * The record, or for one that cannot be read what it most likely said: plugins find what they gave by the sandbox's
   * id, so DEL by the present configuration frees it, and a pod is never stuck on a damaged file.
   */
  private Optional<NetworkRecord> readForRelease(String id) throws IOException, NetworkException {
    try {
      return records.read(id);
    } catch (NetworkRecords.Damaged e) {
      log.warn("sandbox {}: releasing its network by the present CNI configuration: {}", id, e.getMessage());
      NetworkList list = requireNetwork();
      return Optional.of(new NetworkRecord(NetworkRecord.VERSION, id, TAP, macFor(id),
          new NetworkRecord.Attached(
              list.source(), list.toJson(), Map.of("IgnoreUnknown", "1"), JsonNodeFactory.instance.objectNode(),
              null)));
    }
  }

  /** Runs DEL as recorded, once more if it fails: plugins lose races over locks that other tools hold. */
  private void delete(NetworkRecord record) throws CniException, InterruptedException {
    NetworkRecord.Attached attached = record.attachment();
    NetworkList list = NetworkListParser.parseList(attached.source(), bytes(attached.network()));
    CniCall call = call(record.sandboxId(), attached.args(), attached.capabilityArgs());
    if (!namespaces.isUsable(namespaceName(record.sandboxId()))) {
      call = call.withNamespace("");
    }
    Optional<ObjectNode> result = Optional.ofNullable(attached.result());
    try {
      cni.delete(list, call, result);
    } catch (CniException.PluginFailed first) {
      log.info("sandbox {}: trying CNI DEL again: {}", record.sandboxId(), first.getMessage());
      cni.delete(list, call, result);
    }
  }

  private Optional<NetworkList> network() throws CniException.BadConfiguration {
    Optional<NetworkList> configured = configurations.current();
    return configured.isPresent() || !settings.defaultNetwork() ? configured : Optional.of(shipped);
  }

  private NetworkList requireNetwork() throws NetworkException {
    try {
      return network().orElseThrow(() -> new NotConfigured(status.missing(), null));
    } catch (CniException.BadConfiguration e) {
      throw new NotConfigured(e.getMessage(), e);
    }
  }

  private CniCall requestedCall(
      String id, PodIdentity pod, List<PortMapping> portMappings, Map<String, String> annotations)
      throws NetworkException.InvalidRequest {
    try {
      return call(id, args(pod), CapabilityArgs.of(portMappings, annotations));
    } catch (IllegalArgumentException e) {
      throw new NetworkException.InvalidRequest("the pod's network cannot be as asked for: " + e.getMessage(), e);
    }
  }

  private CniCall call(String sandboxId, Map<String, String> args, ObjectNode capabilityArgs) {
    String namespace = namespaces.path(namespaceName(sandboxId)).toString();
    return new CniCall(sandboxId, namespace, INTERFACE, args, capabilityArgs);
  }

  private static Map<String, String> args(PodIdentity pod) {
    Map<String, String> args = new LinkedHashMap<>();
    args.put("IgnoreUnknown", "1");
    args.put("K8S_POD_NAMESPACE", pod.namespace());
    args.put("K8S_POD_NAME", pod.name());
    args.put("K8S_POD_INFRA_CONTAINER_ID", pod.sandboxId());
    args.put("K8S_POD_UID", pod.uid());
    return args;
  }

  private PodNetwork podNetwork(NetworkRecord record) {
    return new PodNetwork(
        record.sandboxId(), namespaces.path(namespaceName(record.sandboxId())), record.tap(), record.tapMac());
  }

  private static String namespaceName(String sandboxId) {
    return "izolo-" + sandboxId;
  }

  /** A locally administered unicast address, the same for the same sandbox. */
  private static String macFor(String sandboxId) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(sandboxId.getBytes(StandardCharsets.UTF_8));
      hash[0] = (byte) (hash[0] & 0xfc | 0x02);
      return HexFormat.ofDelimiter(":").formatHex(hash, 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static byte[] bytes(ObjectNode json) {
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static NetworkException hostFailed(Throwable cause) {
    return new HostFailed(cause.getMessage(), cause);
  }

  private static NetworkException cniFailed(CniException cause) {
    return switch (cause) {
      case CniException.BadConfiguration bad -> new NotConfigured(bad.getMessage(), bad);
      case CniException.PluginFailed failed -> new PluginFailed(failed.getMessage(), failed);
    };
  }
}
