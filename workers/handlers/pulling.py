"""Getting an image onto the host, with the engine's own figures."""

from tasks import clock
from workers.context import Context
from workers.docker.port import Image, Pulled
from workers.errors import StepFailed

REPORT_EVERY = 0.5  # seconds


def image_on_host(context: Context, name: str) -> tuple[str, Image]:
    """Return `(registry/repository@sha256:..., the image)`, pulled if need be; raises StepFailed."""
    reference = context.images.get(name)
    if reference is None:
        raise StepFailed(
            "image_undeclared",
            f"the order has no digest for the image {name!r}",
            hint="name the image under `images` of the process and create the release again",
        )
    found = context.engine.image(reference)
    if found is None:
        found = _pulled(context, reference)
    return reference, found


def _pulled(context: Context, reference: str) -> Image:
    context.say(f"pulling {reference}")
    began = last = clock.monotonic()

    def progress(far: Pulled) -> None:
        nonlocal last
        if clock.monotonic() - last >= REPORT_EVERY:
            last = clock.monotonic()
            context.progress(far.done, far.total or None, "bytes", far.text)

    context.engine.pull(reference, progress, context.check)
    found = context.engine.image(reference)
    if found is None:
        raise StepFailed(
            "image_unknown",
            f"{reference} was pulled but is not on the host",
            hint="does something prune images on this host while it pulls?",
            retryable=True,
        )
    context.progress(1, 1, "image", "pulled")
    context.say(f"pulled in {clock.monotonic() - began:.1f} s")
    return found
