"""Names: what they may look like, so that they fit ids, queues, labels, container names and URLs as they are."""

from typing import Annotated

from config.expectations import Reads, shaped, true_or_false, whole

Name = Annotated[
    str,
    shaped(
        r"[a-z](?:[a-z0-9-]*[a-z0-9])?",
        "a name of at most 40 lower case letters, digits and -, beginning with a letter, such as web",
        longest=40,
    ),
]
"""Of a project, environment, step, image or role. No `.`, `/` or `@`: they separate the parts of ids."""

HostName = Annotated[
    str,
    shaped(
        r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?",
        "a host name of at most 63 lower case letters, digits, - and ., such as web-1",
        longest=63,
    ),
]

VariableName = Annotated[
    str,
    shaped(
        r"[A-Za-z_][A-Za-z0-9_]*",
        "a variable name of letters, digits and _, not beginning with a digit, such as LOG_LEVEL",
        longest=100,
    ),
]

LabelName = Annotated[
    str,
    shaped(
        r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?",
        "a label of letters, digits, ., _, / and -, such as rack",
        longest=100,
    ),
]

Count = Annotated[int, whole(0)]
PositiveCount = Annotated[int, whole(1)]
Port = Annotated[int, whole(1, 65535, "a port number from 1 to 65535")]
Flag = Annotated[bool, Reads(true_or_false, {"type": "boolean"})]
