"""What can go wrong in the demo.

DemoError   a sentence that says what went wrong and what to do next
"""


class DemoError(Exception):
    """The demo cannot go on, or its result is not right."""
