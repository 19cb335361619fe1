package dev.izolo.agent.sandbox;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Builds one rtnetlink request (netlink(7), rtnetlink(7)): a header, a fixed part, and attributes aligned to 4 bytes. */
final class NetlinkMessage {
  static final int HEADER_BYTES = 16;
  static final short REQUEST = 1;
  /** The type of an answer, of success as well. */
  static final short ERROR = 2;
  static final byte ACK = 4;
  static final short REPLACE = 0x100;
  static final short CREATE = 0x400;

  private static final int FLAGS_OFFSET = 6;
  private static final int ATTRIBUTE_HEADER_BYTES = 4;

  private final ByteBuffer buffer = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);

  NetlinkMessage(int type, int flags, int sequence) {
    buffer.putInt(0).putShort((short) type).putShort((short) (flags | REQUEST)).putInt(sequence).putInt(0);
  }

  /** Has the kernel answer a request that succeeds, too; those that fail are always answered. */
  static void askForAnswer(byte[] message) {
    message[FLAGS_OFFSET] |= ACK;
  }

  NetlinkMessage u8(int value) {
    buffer.put((byte) value);
    return this;
  }

  NetlinkMessage u16(int value) {
    buffer.putShort((short) value);
    return this;
  }

  NetlinkMessage u32(int value) {
    buffer.putInt(value);
    return this;
  }

  NetlinkMessage attribute(int type, byte[] value) {
    buffer.putShort((short) (ATTRIBUTE_HEADER_BYTES + value.length)).putShort((short) type).put(value);
    pad();
    return this;
  }

  NetlinkMessage attribute(int type, int value) {
    return attribute(type, ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  NetlinkMessage attribute(int type, String value) {
    return attribute(type, (value + "\0").getBytes(StandardCharsets.US_ASCII));
  }

  /** An attribute that holds one other. */
  NetlinkMessage nested(int type, int innerType, int value) {
    buffer.putShort((short) (2 * ATTRIBUTE_HEADER_BYTES + 4)).putShort((short) type);
    return attribute(innerType, value);
  }

  private void pad() {
    while (buffer.position() % 4 != 0) {
      buffer.put((byte) 0);
    }
  }

  byte[] bytes() {
    byte[] message = new byte[buffer.position()];
    buffer.putInt(0, message.length);
    buffer.get(0, message);
    return message;
  }

  /** What the kernel says of one request: an error number, 0 for none. */
  record Answer(int sequence, int error) {}

  /** The first answer in a datagram from the kernel that is to one of the requests up to that one, or null. */
  static Answer answer(byte[] datagram, int last) {
    ByteBuffer in = ByteBuffer.wrap(datagram).order(ByteOrder.LITTLE_ENDIAN);
    while (in.remaining() >= HEADER_BYTES + 4) {
      int start = in.position();
      int length = in.getInt(start);
      if (length < HEADER_BYTES + 4 || length > in.remaining()) {
        return null;
      }
      int sequence = in.getInt(start + 8);
      if (in.getShort(start + 4) == ERROR && sequence > 0 && sequence <= last) {
        return new Answer(sequence, -in.getInt(start + HEADER_BYTES));
      }
      in.position(Math.min(in.limit(), start + (length + 3 & ~3)));
    }
    return null;
  }
}
