"""A PostgreSQL and a RabbitMQ of one's own: for the tests, and for `make serve` where no server is given.

Guarantees:

- Nothing that already runs is used, touched or stopped. Ports, data, cookie, node registry (epmd) and logs
  are the server's own and lie in one folder.
- While its owner lives, that folder is locked; a folder whose lock is free belongs to a crashed run, and
  what still runs there is stopped before anything starts in it.
- The address stays the same over `kill()`, `stop()` and `start()`, also over `start(empty=True)`, which
  brings back every database and virtual host with nothing in it.

Linux only: processes are recognised by their working folder in /proc.
"""

from .folder import sweep
from .postgresql import PrivatePostgres
from .process import PrivateServerError
from .rabbitmq import PrivateRabbitMQ

__all__ = ["PrivatePostgres", "PrivateRabbitMQ", "PrivateServerError", "sweep"]
