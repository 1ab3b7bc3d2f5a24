"""Run one service of the stock nameko system, patched as `nameko run` patches:

python -m tests.benchmarks.peers.nameko_run Gateway|Pledges|Evaluation BROKER_URL DATABASE_URL PORT
"""

import eventlet

# Also makes psycopg2 wait in green, which lets the ten workers commit side by side.
eventlet.monkey_patch()

import sys  # noqa: E402

from nameko.runners import ServiceRunner  # noqa: E402

from tests.benchmarks.peers import nameko_services  # noqa: E402

if __name__ == "__main__":
    name, broker_url, database_url, port = sys.argv[1:]
    runner = ServiceRunner(
        {"AMQP_URI": broker_url, "DB_URI": database_url, "WEB_SERVER_ADDRESS": f"127.0.0.1:{port}"}
    )
    runner.add_service(getattr(nameko_services, name))
    runner.start()
    print("ready", flush=True)  # noqa: T201
    runner.wait()
