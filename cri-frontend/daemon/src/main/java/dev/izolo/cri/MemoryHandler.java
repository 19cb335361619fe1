package dev.izolo.cri;

import com.google.protobuf.Message;
import dev.izolo.state.CriException;

/**
 * Answers calls of one RPC from what the daemon holds in memory. It runs on the event loop, which serves every
 * connection: it takes no lock that is held during I/O, reads no file, asks no guest. That it may not be interrupted is
 * part of its signature.
 */
@FunctionalInterface
interface MemoryHandler<Q extends Message, R extends Message> {
  R handle(Q request) throws CriException;
}
