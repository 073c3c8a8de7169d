"""deploy_image: the release's image replaces what runs on the host."""

from pydantic import JsonValue

from config.steps.deploy_image import DeployImage
from workers.context import Context
from workers.docker.replacement import Replacement
from workers.docker.specs import LABEL_ATTEMPT, LABEL_RELEASE, LABEL_SPEC, deploy_spec
from workers.errors import StepFailed
from workers.handlers.pulling import image_on_host
from workers.health import Trial, trial


class Handler:
    """Pull, stop the old one, start the new one, wait until it is healthy; else the old one serves again."""

    def run(self, parameters: DeployImage, context: Context) -> dict[str, JsonValue]:
        """Return `{"changed": whether a new container serves, "image": its digest}`."""
        reference = context.images.get(parameters.image, "")
        spec = deploy_spec(parameters, reference, context.placement, context.fingerprint_key)

        def prepare() -> Trial:
            _, image = image_on_host(context, parameters.image)
            return trial(parameters, image)

        replacement = Replacement(
            context, spec, prepare, _no_trial(parameters), parameters.stop_timeout.total_seconds()
        )
        try:
            changed = replacement.run()
        finally:
            _observe(context, replacement)
        return {"changed": changed, "image": reference}


def _no_trial(parameters: DeployImage) -> Trial:
    """On the way back the image need not be there: the old one is judged by running on."""
    delay = parameters.readiness_delay.total_seconds()
    return Trial(None, 0, delay, 0.0, delay, 0.5)


def _observe(context: Context, replacement: Replacement) -> None:
    """Tell what the host runs now, from its engine's own word."""
    try:
        live = replacement.find("live")
    except StepFailed as failed:
        context.observe(state="unknown", why=failed.message)
        return
    if live is None:
        context.observe(instance=replacement.name("live"), state="absent")
        return
    context.observe(
        instance=live.name,
        state=live.status,
        image=live.image,
        digest=live.image.partition("@")[2],
        release=live.labels.get(LABEL_RELEASE, ""),
        attempt=live.labels.get(LABEL_ATTEMPT, ""),
        spec=live.labels.get(LABEL_SPEC, ""),
        health=live.health or "",
    )
