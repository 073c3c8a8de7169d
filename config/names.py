"""Names: what they may look like, so that they fit ids, queues, labels, container names and URLs unescaped."""

from typing import Annotated

from config.expectations import Shape, Switch, Whole

Name = Annotated[
    str,
    Shape(
        r"[a-z](?:[a-z0-9-]*[a-z0-9])?",
        "a name of lower case letters, digits and -, beginning with a letter, of at most 40 characters, such as web",
        longest=40,
    ),
]
"""Of a project, environment, step, image or role. No `.`, `/` or `@`: they separate the parts of ids."""

HostName = Annotated[
    str,
    Shape(
        r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?",
        "a host name of lower case letters, digits, - and ., of at most 100 characters, such as web-1",
        longest=100,
    ),
]

VariableName = Annotated[
    str,
    Shape(
        r"[A-Za-z_][A-Za-z0-9_]*",
        "a variable name of letters, digits and _, not beginning with a digit, such as LOG_LEVEL",
        longest=100,
    ),
]

LabelName = Annotated[
    str,
    Shape(
        r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?",
        "a label of letters, digits, ., _, / and -, such as rack",
        longest=100,
    ),
]

Count = Annotated[int, Whole(0)]
PositiveCount = Annotated[int, Whole(1)]
Flag = Annotated[bool, Switch()]
