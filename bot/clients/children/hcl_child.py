"""HashiCorp's parser (pygohcl) in a process of its own: its Go runtime does not survive a fork.

Each line of standard input is a JSON object of texts by name, each line of standard output one of what the parser made of them.
"""

import json
import sys

import pygohcl


def _read(text: str) -> dict[str, object]:
    try:
        return {"tree": pygohcl.loads(text)}
    except (pygohcl.HCLParseError, pygohcl.HCLInternalError) as error:
        return {"error": str(error)}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps({name: _read(text) for name, text in json.loads(line).items()}), flush=True)
