package dev.izolo.agentclient;

import com.google.protobuf.ByteString;

/** What a command that has ended wrote, each stream cut to the caller's cap, and how it ended. */
public record ExecResult(ByteString stdout, ByteString stderr, int exitCode, boolean timedOut) {}
