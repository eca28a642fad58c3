"""The waits of dj-whisperer: reads `[[config, n], …]`, prints the seconds of each n-th wait as JSON."""

import json
import sys

from whisperer.countdown import countdown_classes  # type: ignore[import-not-found]

waits = [countdown_classes[config["choice"]](**config["kwargs"]).get_value(n) for config, n in json.loads(sys.argv[1])]
print(json.dumps(waits))  # noqa: T201
