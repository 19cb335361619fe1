package dev.izolo.cri;

import dev.izolo.cri.v1.RemoveImageRequest;
import dev.izolo.cri.v1.RemoveImageResponse;
import dev.izolo.image.ImageService;

/** Forgets an image and all its names; what is not there is removed already. */
final class RemoveImageHandler implements Handler<RemoveImageRequest, RemoveImageResponse> {
  private final ImageService images;

  RemoveImageHandler(ImageService images) {
    this.images = images;
  }

  @Override
  public RemoveImageResponse handle(RemoveImageRequest request) throws Exception {
    images.remove(Requests.image(request.hasImage(), "image", request.getImage()));
    return RemoveImageResponse.getDefaultInstance();
  }
}
