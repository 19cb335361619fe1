package dev.izolo.cri;

import com.google.protobuf.DebugFormat;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.izolo.cri.v1.ContainerConfig;
import dev.izolo.cri.v1.CreateContainerRequest;
import dev.izolo.cri.v1.KeyValue;

/** Requests as text for the log, without their secrets. */
final class RequestText {
  private static final int MAX_CHARS = 16 * 1024;

  private RequestText() {}

  /** The whole request on one line: credentials and the values of environment variables are left out. */
  static String of(Message request) {
    Message shown = request instanceof CreateContainerRequest create ? withoutValues(create) : request;
    // DebugFormat replaces what api.proto marks debug_redact.
    String text = DebugFormat.singleLine().toString(shown);
    return text.length() <= MAX_CHARS ? text : text.substring(0, MAX_CHARS) + "...";
  }

  /** The ids that the request names, as " key=value" pairs; empty if it names none. */
  static String subject(Message request) {
    StringBuilder text = new StringBuilder();
    for (String name : new String[] {"pod_sandbox_id", "container_id"}) {
      FieldDescriptor field = request.getDescriptorForType().findFieldByName(name);
      if (field != null && field.getType() == FieldDescriptor.Type.STRING && !request.getField(field).equals("")) {
        String id = (String) request.getField(field);
        text.append(' ').append(name.equals("container_id") ? "container" : "sandbox").append('=')
            .append(id, 0, Math.min(id.length(), 64));
      }
    }
    return text.toString();
  }

  private static CreateContainerRequest withoutValues(CreateContainerRequest request) {
    ContainerConfig.Builder config = request.getConfig().toBuilder().clearEnvs();
    for (KeyValue variable : request.getConfig().getEnvsList()) {
      config.addEnvs(KeyValue.newBuilder().setKey(variable.getKey()));
    }
    return request.toBuilder().setConfig(config).build();
  }
}
