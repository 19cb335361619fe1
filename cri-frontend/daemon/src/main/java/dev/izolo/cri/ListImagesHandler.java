package dev.izolo.cri;

import dev.izolo.cri.v1.ListImagesRequest;
import dev.izolo.cri.v1.ListImagesResponse;
import dev.izolo.image.Image;
import dev.izolo.image.ImageService;
import java.util.List;

/** The images that are present; with a filter, the one it names. */
final class ListImagesHandler implements Handler<ListImagesRequest, ListImagesResponse> {
  private final ImageService images;

  ListImagesHandler(ImageService images) {
    this.images = images;
  }

  @Override
  public ListImagesResponse handle(ListImagesRequest request) throws Exception {
    String wanted = request.getFilter().getImage().getImage();
    List<Image> found = wanted.isEmpty() ? images.list() : images.find(wanted).stream().toList();
    return ListImagesResponse.newBuilder().addAllImages(found.stream().map(ImageMessages::image).toList()).build();
  }
}
