package dev.izolo.image.oci;

import com.fasterxml.jackson.databind.JsonNode;
import dev.izolo.image.Digest;
import dev.izolo.image.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** An image in an OCI image layout directory (image-spec, image-layout.md): the one that its index.json lists. */
public final class LayoutSource implements BlobSource {
  private final Path directory;

  public LayoutSource(Path directory) {
    this.directory = directory;
  }

  @Override
  public Document resolve() throws ImageException {
    byte[] marker = read(directory.resolve("oci-layout"));
    JsonNode layout = Json.object(marker, "oci-layout");
    if (!Json.text(layout, "imageLayoutVersion", 16).startsWith("1.")) {
      throw Json.corrupt(directory + " is not an OCI image layout of version 1");
    }
    byte[] index = read(directory.resolve("index.json"));
    if (Manifest.parse(index, MediaTypes.OCI_INDEX) instanceof Manifest.Index(var members) && members.size() == 1) {
      // The file only lists what is here; the image's own digest is that of the one it lists.
      return new Document(members.getFirst(), document(members.getFirst()));
    }
    return new Document(new Descriptor(MediaTypes.OCI_INDEX, Digest.sha256(index), index.length, null), index);
  }

  @Override
  public byte[] document(Descriptor descriptor) throws ImageException {
    if (descriptor.size() > Manifest.MAX_BYTES) {
      throw Json.corrupt("the document " + descriptor.digest() + " is larger than 4 MiB");
    }
    try (InputStream in = blob(descriptor)) {
      return in.readAllBytes();
    } catch (BlobReadException e) {
      throw e.failure();
    } catch (IOException e) {
      throw new ImageException.StoreFailed("cannot read " + path(descriptor) + ": " + e.getMessage(), e);
    }
  }

  @Override
  public InputStream blob(Descriptor descriptor) throws ImageException, IOException {
    try {
      return new VerifiedStream(Files.newInputStream(path(descriptor)), descriptor);
    } catch (NoSuchFileException e) {
      throw new ImageException.NotFound("the image layout lacks a blob: " + path(descriptor), e);
    }
  }

  private Path path(Descriptor descriptor) {
    return directory.resolve("blobs").resolve(descriptor.digest().algorithm()).resolve(descriptor.digest().hex());
  }

  private static byte[] read(Path file) throws ImageException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(Manifest.MAX_BYTES + 1);
      if (content.length > Manifest.MAX_BYTES) {
        throw Json.corrupt(file + " is larger than 4 MiB");
      }
      return content;
    } catch (NoSuchFileException e) {
      throw new ImageException.NotFound("not an OCI image layout: there is no " + file, e);
    } catch (IOException e) {
      throw new ImageException.StoreFailed("cannot read " + file + ": " + e.getMessage(), e);
    }
  }
}
