package dev.izolo.cri;

import dev.izolo.container.ContainerService;
import dev.izolo.cri.v1.CgroupDriver;
import dev.izolo.cri.v1.ContainerEventResponse;
import dev.izolo.image.Image;
import dev.izolo.image.ImageConfig;
import dev.izolo.image.ImageException;
import dev.izolo.image.ImageService;
import dev.izolo.network.PodNetworks;
import dev.izolo.sandbox.SandboxService;
import dev.izolo.state.ContainerEvents;
import dev.izolo.state.CriException;
import dev.izolo.vm.HostSupport;
import dev.izolo.vm.Vmm;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import dev.izolo.sandbox.WarmStatus;
import dev.izolo.sandbox.VmSize;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/** Services whose answers a test scripts by method name, and which note what was asked of them. */
final class StubServices {
  interface Answer {
    Object answer(Object[] arguments) throws Exception;
  }

  final Map<String, Answer> answers = new ConcurrentHashMap<>();
  final List<String> calls = new ArrayList<>();
  final LinkedBlockingQueue<ContainerEventResponse> events = new LinkedBlockingQueue<>();
  volatile boolean subscriptionClosed;
  HostSupport host = new HostSupport(HostSupport.Accelerator.TCG, false, "7.2", List.of());
  PodNetworks.Readiness network = new PodNetworks.Readiness(true, "", "");

  static final Image IMAGE = new Image("sha256:" + "a".repeat(64), List.of("docker.io/library/app:1"),
      List.of("docker.io/library/app@sha256:" + "b".repeat(64)), 1234,
      new ImageConfig("linux", "amd64", "1000:1000", List.of(), List.of("/app"), List.of(), "/", "", List.of(), Map.of()),
      List.of(new Image.Layer("sha256:" + "c".repeat(64), Path.of("/layers/c.erofs"), 999)), true);

  CriServices services() {
    return new CriServices("0.1.0-test", stub(SandboxService.class), stub(ContainerService.class), this::subscribe,
        stub(ImageService.class), stub(PodNetworks.class), stub(Vmm.class),
        new RuntimeHandlers(new TreeSet<>(List.of("izolo", "izolo-crun")), "izolo"), CgroupDriver.CGROUPFS,
        Map.of("state_dir", "/var/lib/izolo"),
        () -> new WarmStatus(new WarmStatus.Pool(2, 1), Map.of("izolo", new WarmStatus.Pool(2, 1)),
            List.of(new WarmStatus.SavedVm(new VmSize(1, 256), true, Optional.empty()))));
  }

  private ContainerEvents.Subscription subscribe() {
    return new ContainerEvents.Subscription() {
      @Override
      public ContainerEventResponse next() throws InterruptedException {
        return events.take();
      }

      @Override
      public void close() {
        subscriptionClosed = true;
      }
    };
  }

  private <T> T stub(Class<T> type) {
    InvocationHandler handler = (proxy, method, arguments) -> {
      if (method.getName().equals("hostSupport")) {
        return host;
      }
      if (method.getName().equals("readiness")) {
        return network;
      }
      synchronized (calls) {
        calls.add(type.getSimpleName() + "." + method.getName());
      }
      Answer answer = answers.get(method.getName());
      if (answer != null) {
        return answer.answer(arguments);
      }
      if (method.getReturnType() == void.class) {
        return null;
      }
      if (method.getReturnType() == List.class) {
        return List.of();
      }
      if (type == ImageService.class) {
        throw new ImageException.NotFound("not scripted", null);
      }
      throw new CriException.NotFound("not scripted");
    };
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
