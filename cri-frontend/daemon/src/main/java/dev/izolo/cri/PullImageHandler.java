package dev.izolo.cri;

import dev.izolo.cri.v1.PullImageRequest;
import dev.izolo.cri.v1.PullImageResponse;
import dev.izolo.image.ImageService;

/** Makes an image present. The answer is its id, which names the same bytes for ever. */
final class PullImageHandler implements Handler<PullImageRequest, PullImageResponse> {
  private final ImageService images;

  PullImageHandler(ImageService images) {
    this.images = images;
  }

  @Override
  public PullImageResponse handle(PullImageRequest request) throws Exception {
    String reference = Requests.image(request.hasImage(), "image", request.getImage());
    return PullImageResponse.newBuilder()
        .setImageRef(images.pull(reference, ImageMessages.auth(request.getAuth())).id())
        .build();
  }
}
