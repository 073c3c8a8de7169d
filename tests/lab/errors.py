"""What can go wrong with the lab itself."""


class LabError(RuntimeError):
    """The lab could not do what was asked; the message says what to do next."""


class MissingToolsError(LabError):
    """Programs of the operating system that the lab needs are not there and could not be installed."""
