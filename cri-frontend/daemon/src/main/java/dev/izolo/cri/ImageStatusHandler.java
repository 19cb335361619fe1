package dev.izolo.cri;

import dev.izolo.cri.v1.ImageStatusRequest;
import dev.izolo.cri.v1.ImageStatusResponse;
import dev.izolo.image.Image;
import dev.izolo.image.ImageService;
import java.util.Optional;

/** One image's facts; an answer without an image when it is not present. */
final class ImageStatusHandler implements Handler<ImageStatusRequest, ImageStatusResponse> {
  private final ImageService images;

  ImageStatusHandler(ImageService images) {
    this.images = images;
  }

  @Override
  public ImageStatusResponse handle(ImageStatusRequest request) throws Exception {
    Optional<Image> image = images.find(Requests.image(request.hasImage(), "image", request.getImage()));
    var answer = ImageStatusResponse.newBuilder();
    image.map(ImageMessages::image).ifPresent(answer::setImage);
    if (request.getVerbose()) {
      image.map(ImageMessages::info).ifPresent(info -> answer.putInfo("info", info));
    }
    return answer.build();
  }
}
