package dev.izolo.network;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/**
 * What exists of a sandbox's network, as kept on disk. Written before each effect as an intent and after it with what
 * came of it, so that a release after any crash knows what may be there.
 *
 * @param version of this format
 * @param tap the device for the VM
 * @param tapMac the initial address of the VM's link
 * @param attachment what ADD was or will be run with; null while CNI has not been asked for anything
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record NetworkRecord(int version, String sandboxId, String tap, String tapMac, Attached attachment) {
  static final int VERSION = 1;

  /**
   * @param source where the network's configuration came from
   * @param network the configuration itself
   * @param result what ADD answered; null if it is not known to have succeeded
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Attached(
      String source, ObjectNode network, Map<String, String> args, ObjectNode capabilityArgs, ObjectNode result) {
    Attached withResult(ObjectNode added) {
      return new Attached(source, network, args, capabilityArgs, added);
    }
  }

  NetworkRecord withAttachment(Attached other) {
    return new NetworkRecord(version, sandboxId, tap, tapMac, other);
  }
}
