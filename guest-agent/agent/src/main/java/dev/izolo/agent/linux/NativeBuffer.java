package dev.izolo.agent.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;

/** A piece of zeroed memory that system calls read and write; freed on close. Not thread-safe. */
public final class NativeBuffer implements AutoCloseable {
  private final long address;
  private final int size;
  private final Pointer pointer;
  private boolean closed;

  public NativeBuffer(int size) {
    this.size = size;
    address = Native.malloc(Math.max(size, 1));
    if (address == 0) {
      throw new OutOfMemoryError("malloc of " + size + " bytes");
    }
    pointer = new Pointer(address);
    pointer.clear(Math.max(size, 1));
  }

  /** The bytes with a final zero byte. */
  public static NativeBuffer ofString(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    NativeBuffer buffer = new NativeBuffer(bytes.length + 1);
    buffer.put(0, bytes, 0, bytes.length);
    return buffer;
  }

  public long address() {
    return address;
  }

  public int size() {
    return size;
  }

  public void put(int at, byte[] from, int offset, int length) {
    check(at, length);
    pointer.write(at, from, offset, length);
  }

  public void get(int at, byte[] into, int offset, int length) {
    check(at, length);
    pointer.read(at, into, offset, length);
  }

  public byte[] bytes(int at, int length) {
    byte[] out = new byte[length];
    get(at, out, 0, length);
    return out;
  }

  public NativeBuffer putInt(int at, int value) {
    check(at, 4);
    pointer.setInt(at, value);
    return this;
  }

  public NativeBuffer putShort(int at, int value) {
    check(at, 2);
    pointer.setShort(at, (short) value);
    return this;
  }

  public NativeBuffer putLong(int at, long value) {
    check(at, 8);
    pointer.setLong(at, value);
    return this;
  }

  public int getInt(int at) {
    check(at, 4);
    return pointer.getInt(at);
  }

  public long getLong(int at) {
    check(at, 8);
    return pointer.getLong(at);
  }

  private void check(int at, int length) {
    if (closed || at < 0 || length < 0 || at > size - length) {
      throw new IndexOutOfBoundsException(length + " bytes at " + at + " of " + size + (closed ? " (closed)" : ""));
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      Native.free(address);
    }
  }
}
