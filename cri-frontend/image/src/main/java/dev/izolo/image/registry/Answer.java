package dev.izolo.image.registry;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;

/** An HTTP answer; its body is read by whoever has it, and must be closed. */
record Answer(HttpRequest request, int status, HttpHeaders headers, InputStream body) implements AutoCloseable {
  URI uri() {
    return request.uri();
  }

  boolean isSuccess() {
    return status >= 200 && status < 300;
  }

  boolean isRedirect() {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }

  /** Failures that may pass: the server's, and too many requests. */
  boolean isTransient() {
    return status >= 500 && status != 501 || status == 429 || status == 408;
  }

  @Override
  public void close() throws IOException {
    body.close();
  }
}
