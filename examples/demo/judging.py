"""Whether what the hosts run is what the story promises."""

from __future__ import annotations

from collections.abc import Sequence

from examples.demo.errors import DemoError
from examples.demo.looking import Seen

Digests = dict[str, str]  # by application


def check_all(found: Sequence[Seen], wanted: Digests, version: str, mailer_host: str) -> None:
    """Each host runs the version's web and shows it; one runs its mailer. DemoError says which does not."""
    for seen in found:
        if seen.web != wanted["web"]:
            raise DemoError(
                f"{seen.host} should run web {version} ({wanted['web']}) and runs {seen.web or 'none'}"
            )
        if f"shop {version}" not in seen.page:
            raise DemoError(f"{seen.host} should show shop {version} and shows {seen.page or 'nothing'}")
    mailers = {seen.host: seen.digests["mailer"] for seen in found if "mailer" in seen.digests}
    if mailers != {mailer_host: wanted["mailer"]}:
        raise DemoError(f"only {mailer_host} should run a mailer, {version}; what runs: {mailers or 'none'}")


def check_canary(found: Sequence[Seen], canary: str, old: Digests, new: Digests) -> None:
    """While the gate waits the canary alone runs the new web, and no mailer is new."""
    wanted = {seen.host: (new if seen.host == canary else old)["web"] for seen in found}
    actual = {seen.host: seen.web for seen in found}
    if actual != wanted:
        raise DemoError(f"at the gate only {canary} should run the new web; what runs: {actual}")
    mailers = {seen.digests["mailer"] for seen in found if "mailer" in seen.digests}
    if mailers != {old["mailer"]}:
        raise DemoError(f"at the gate the mailer should be the old one; what runs: {mailers or 'none'}")
