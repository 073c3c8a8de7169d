"""`make demo`: a release of examples/shop goes to several hosts, from nothing to a canary that a person approves.

acts.py           the story, from top to bottom
ground.py         what the story needs of a place to happen: lab_ground.py (four real hosts) or one_engine.py
programs.py       the coordinator and a worker per host, as processes
following.py      watches a deployment through the API      gate.py    the person's answer
looking.py        asks each host's own engine what it runs  judging.py whether that is right
"""
