"""Exit 0 where the container's part is ready. Usage: healthcheck.py [PART]; without PART, $SERVICE.

Asks the part's internal port for /readyz, as Prometheus asks it for /metrics.
"""

from __future__ import annotations

import os
import sys
import urllib.request

from alliance.settings import METRICS_PORTS, metrics_port_variable


def main(part: str) -> int:
    port = os.environ.get(metrics_port_variable(part), METRICS_PORTS[part])
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return 0 if answer.status == 200 else 1
    except OSError as error:  # urllib's errors are OSErrors
        print(f"{part} is not ready: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else os.environ["SERVICE"]))
