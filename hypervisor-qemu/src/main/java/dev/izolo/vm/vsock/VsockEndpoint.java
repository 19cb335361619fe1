package dev.izolo.vm.vsock;

import java.nio.file.Path;

/** Where a guest's vsock can be reached from the host. Text form: {@code cid:N} or {@code hybrid:/path}. */
public sealed interface VsockEndpoint {
  /** The guest's own address on the kernel's vsock; 3 or more (0 to 2 are reserved by vsock(7)). */
  record Kernel(int cid) implements VsockEndpoint {
    public Kernel {
      if (cid < 3) {
        throw new IllegalArgumentException("not a guest's vsock address: " + cid);
      }
    }

    @Override
    public String toString() {
      return "cid:" + cid;
    }
  }

  /** A unix socket that takes {@code CONNECT port}, as Firecracker, Cloud Hypervisor and vhost-device-vsock speak. */
  record Hybrid(Path socket) implements VsockEndpoint {
    @Override
    public String toString() {
      return "hybrid:" + socket;
    }
  }

  /** Reads the text form. */
  static VsockEndpoint parse(String text) {
    if (text.startsWith("cid:")) {
      return new Kernel(Integer.parseInt(text.substring(4)));
    }
    if (text.startsWith("hybrid:/")) {
      return new Hybrid(Path.of(text.substring(7)));
    }
    throw new IllegalArgumentException("not a vsock endpoint: " + text);
  }
}
