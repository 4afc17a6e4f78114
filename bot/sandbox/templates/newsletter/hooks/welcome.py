#!/usr/bin/env python3
"""Write the first issue of a newsletter: text from what it is given, so that twice is as once."""

import json
import sys

given = json.load(sys.stdin)
if given["verb"] == "check":
    json.dump({"result": "already_so", "text": "the first issue is written"}, sys.stdout)
elif given["verb"] == "undo":
    json.dump({"evidence": f"took back {given['undo']}"}, sys.stdout)
else:
    issue = f"Welcome to {given['environment']}"
    json.dump({"outputs": {"issue": issue}, "evidence": f"wrote “{issue}”", "undo": issue}, sys.stdout)
