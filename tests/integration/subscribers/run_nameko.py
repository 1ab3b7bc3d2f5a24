"""Run the newsletter as nameko runs any service: `python -m tests.integration.subscribers.run_nameko BROKER_URL`."""

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402

from nameko.runners import ServiceRunner  # noqa: E402

from tests.integration.subscribers.newsletter_nameko import Newsletter  # noqa: E402

if __name__ == "__main__":
    runner = ServiceRunner({"AMQP_URI": sys.argv[1]})
    runner.add_service(Newsletter)
    runner.start()
    print("ready")  # noqa: T201
    runner.wait()
