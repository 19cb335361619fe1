package dev.izolo.agent.container;

import dev.izolo.agent.AgentException;
import dev.izolo.agent.Programs;
import dev.izolo.agent.linux.Fd;
import dev.izolo.agent.linux.NativeBuffer;
import dev.izolo.agent.process.Reaper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The process namespace that containers of a pod share if they ask to: a small init keeps it, from the first of them on. */
final class PodPidNamespace {
  private final Reaper reaper;
  private Reaper.Child keeper;

  PodPidNamespace(Reaper reaper) {
    this.reaper = reaper;
  }

  /** A path that names the namespace for as long as the VM lives. */
  synchronized String path() throws IOException {
    if (keeper == null || keeper.exit().isDone()) {
      keeper = start();
    }
    // What the keeper's parent makes its children's is the namespace its first child, the init, is in.
    return "/proc/" + keeper.pid() + "/ns/pid_for_children";
  }

  private Reaper.Child start() throws IOException {
    Path busybox = required("busybox");
    Path init = required("catatonit");
    Fd.Pipe ready = Fd.pipe();
    try (Fd none = Fd.openReadWrite("/dev/null"); NativeBuffer buffer = new NativeBuffer(16)) {
      Reaper.Child child;
      try {
        child = reaper.spawn(
            List.of(busybox.toString(), "unshare", "--pid", "--fork", busybox.toString(), "sh", "-c",
                "echo && exec " + init + " -P >/dev/null"),
            List.of("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), none, ready.writing(), none);
      } finally {
        ready.writing().close();
      }
      if (ready.reading().read(buffer, 1) <= 0) {
        throw new AgentException.Failed("the pod's shared process namespace could not be made");
      }
      return child;
    } finally {
      ready.reading().close();
    }
  }

  private static Path required(String program) {
    Path path = Programs.find(program);
    if (path == null) {
      throw new AgentException.Failed("the guest has no " + program);
    }
    return path;
  }
}
