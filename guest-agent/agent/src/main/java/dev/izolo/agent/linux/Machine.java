package dev.izolo.agent.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** What belongs to the whole VM: its name, clock, random source and power. */
public final class Machine {
  private static final int CLOCK_REALTIME = 0;
  private static final long RNDADDENTROPY = 0x40085203L;
  private static final long RNDRESEEDCRNG = 0x5207L;
  private static final int RB_POWER_OFF = 0x4321fedc;
  private static final int MAX_ENTROPY_BYTES = 4096;

  private Machine() {}

  public static void setHostname(String name) throws IOException {
    SystemCalls.check("set the hostname to \"" + name + "\"",
        SystemCalls.sethostname(name, name.getBytes(StandardCharsets.UTF_8).length));
  }

  public static void setClock(long unixNanos) throws IOException {
    try (NativeBuffer time = new NativeBuffer(16)) {
      time.putLong(0, Math.floorDiv(unixNanos, 1_000_000_000L)).putLong(8, Math.floorMod(unixNanos, 1_000_000_000L));
      SystemCalls.check("set the clock", SystemCalls.clock_settime(CLOCK_REALTIME, time.address()));
    }
  }

  /** Mixes the bytes into the kernel's random source, credits them in full, and has the generator use them now. */
  public static void addEntropy(byte[] entropy) throws IOException {
    int length = Math.min(entropy.length, MAX_ENTROPY_BYTES);
    try (Fd random = Fd.openReadWrite("/dev/urandom"); NativeBuffer info = new NativeBuffer(8 + length)) {
      info.putInt(0, length * 8).putInt(4, length).put(8, entropy, 0, length);
      SystemCalls.check("credit entropy", SystemCalls.ioctl(random.number(), RNDADDENTROPY, info.address()));
      SystemCalls.check("reseed the random generator", SystemCalls.ioctl(random.number(), RNDRESEEDCRNG, 0));
    }
  }

  public static void syncDisks() {
    SystemCalls.sync();
  }

  /** Powers the VM off. Only its first process may: anywhere else this would stop somebody's machine. */
  public static void powerOff() throws IOException {
    if (Processes.self() != 1) {
      throw new IOException("only the first process of a VM powers it off");
    }
    SystemCalls.check("power off", SystemCalls.reboot(RB_POWER_OFF));
  }
}
