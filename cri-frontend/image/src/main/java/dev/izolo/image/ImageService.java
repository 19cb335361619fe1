package dev.izolo.image;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Pulls images and keeps them: each layer once, as one read-only EROFS file named by its diff id. Safe for concurrent
 * use; pulls of the same image or layer at the same time do the work once.
 */
public interface ImageService {
  /**
   * Makes an image present, from the registry its reference names.
   *
   * @param reference as CRI gives it; normalised as the field does (docker.io, library/, latest)
   * @throws ImageException with the cause named: not found, unauthorised, registry unreachable, wrong digest, disk full
   */
  Image pull(String reference, RegistryAuth auth) throws ImageException, InterruptedException;

  /** Makes an image present from an OCI image layout directory on this host. */
  Image importLayout(Path ociLayout, String reference, boolean pinned) throws ImageException, InterruptedException;

  /** Finds an image by reference, by id (with or without {@code sha256:}, or a unique prefix of it), or by digest. */
  Optional<Image> find(String nameOrId);

  List<Image> list();

  /** Forgets an image and all its names; what no other image or lease uses is deleted. Idempotent. */
  void remove(String nameOrId) throws ImageException;

  /**
   * Keeps an image's layer files on disk until closed, whatever is removed meanwhile. A lease ends with the process:
   * what must outlast that has the files open, as a VM has its disks. The next process takes out new leases on images
   * that are still there; a removed image's files lose their names when the store is opened.
   */
  LayerLease lease(Image image) throws ImageException;

  /** Space that images take. */
  Usage usage() throws ImageException;

  /** Layer files, lowest first, that stay as long as this is open. */
  interface LayerLease extends AutoCloseable {
    List<Image.Layer> layers();

    @Override
    void close();
  }

  record Usage(Path directory, long usedBytes, long usedInodes) {}
}
