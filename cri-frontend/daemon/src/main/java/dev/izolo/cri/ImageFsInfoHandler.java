package dev.izolo.cri;

import dev.izolo.cri.v1.FilesystemUsage;
import dev.izolo.cri.v1.ImageFsInfoRequest;
import dev.izolo.cri.v1.ImageFsInfoResponse;
import dev.izolo.image.ImageService;

/** The space that images take. Containers' scratch disks are on the same filesystem, so it is named for both. */
final class ImageFsInfoHandler implements Handler<ImageFsInfoRequest, ImageFsInfoResponse> {
  private final ImageService images;

  ImageFsInfoHandler(ImageService images) {
    this.images = images;
  }

  @Override
  public ImageFsInfoResponse handle(ImageFsInfoRequest request) throws Exception {
    FilesystemUsage usage = ImageMessages.filesystem(images.usage());
    return ImageFsInfoResponse.newBuilder().addImageFilesystems(usage).addContainerFilesystems(usage).build();
  }
}
