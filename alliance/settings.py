"""Every setting, read once from the environment; importing this module reads nothing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from environs import Env

#: The services in the order in which they start, with the port of each edge on the internal network.
SERVICES: dict[str, int] = {
    "roster": 8101,
    "pledges": 8102,
    "folders": 8103,
    "surveys": 8104,
    "evaluation": 8105,
}

#: The services that own a log and publish it.
SOURCES = ("roster", "pledges", "folders", "surveys", "evaluation")

#: The port of /metrics, /livez and /readyz of every part, on the internal network only.
METRICS_PORTS: dict[str, int] = {
    "gateway": 9100,
    **{name: 9101 + index for index, name in enumerate(SERVICES)},
    **{f"relay-{name}": 9111 + index for index, name in enumerate(SOURCES)},
    "receiver": 9120,
    "projector": 9121,
}


def metrics_port_variable(part: str) -> str:
    """The environment variable that sets a part's internal port."""
    return f"ALLIANCE_{part.upper().replace('-', '_')}_METRICS_PORT"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set. Secrets come as a value or as a file (`…_FILE`, as containers hand them over)."""

    var: Path
    host: str
    port: int
    metrics_host: str
    metrics_ports: dict[str, int]
    database_urls: dict[str, str]
    service_urls: dict[str, str]
    service_ports: dict[str, int]
    broker_url: str | None
    #: Keys the opaque ids and the survey tokens of this deployment; changing it makes every id a new one.
    secret_key: bytes = field(repr=False)
    #: Shared by gateway and edges; an edge refuses a call without it.
    edge_secret: str = field(repr=False)
    #: Where the public data are: shapes of districts for the report's map, tables for the simulation.
    data: Path = Path("../shared/data")
    sample: str = "small"
    log_level: str = "INFO"
    #: Prefixed to the exchanges' and queues' names, so that two deployments can share a broker.
    broker_prefix: str = ""

    @classmethod
    def load(cls) -> Settings:
        """Read the environment; raise environs.EnvError that names the variable which is wrong."""
        # Here and not above: it loads marshmallow, and not everybody who wants the names has settings.
        from environs import Env

        env = Env()
        var = Path(env.str("ALLIANCE_VAR", "var")).absolute()
        with env.prefixed("ALLIANCE_"):
            template = _secret(env, "DATABASE_URL")
            host = env.str("HOST", "127.0.0.1")
            return cls(
                var=var,
                host=host,
                port=env.int("PORT", 8000),
                metrics_host=env.str("METRICS_HOST", "127.0.0.1"),
                metrics_ports={
                    part: env.int(metrics_port_variable(part).removeprefix("ALLIANCE_"), port)
                    for part, port in METRICS_PORTS.items()
                },
                database_urls={
                    name: _secret(env, f"{name.upper()}_DATABASE_URL") or _database(template, var, name)
                    for name in (*SERVICES, "gateway")
                },
                service_urls={
                    name: env.str(
                        f"{name.upper()}_URL", f"http://127.0.0.1:{env.int(f'{name.upper()}_PORT', port)}"
                    )
                    for name, port in SERVICES.items()
                },
                service_ports={
                    name: env.int(f"{name.upper()}_PORT", port) for name, port in SERVICES.items()
                },
                broker_url=_secret(env, "BROKER_URL") or None,
                secret_key=(_secret(env, "SECRET_KEY") or _kept(var / "secret.key")).encode(),
                edge_secret=_secret(env, "EDGE_SECRET") or _kept(var / "edge.secret"),
                data=Path(env.str("DATA", "../shared/data")).absolute(),
                sample=env.str("SAMPLE", "small"),
                log_level=env.str("LOG_LEVEL", "INFO"),
                broker_prefix=env.str("BROKER_PREFIX", ""),
            )

    def database_url(self, service: str) -> str:
        return self.database_urls[service]

    def service_url(self, service: str) -> str:
        return self.service_urls[service]


def _secret(env: Env, name: str) -> str:
    path: str = env.str(f"{name}_FILE", "")
    return Path(path).read_text().strip() if path else env.str(name, "")


def _database(template: str, var: Path, service: str) -> str:
    """`{service}` in ALLIANCE_DATABASE_URL becomes the service's name; without a URL, a SQLite file under `var`."""
    return template.format(service=service) if template else f"sqlite:///{var / f'{service}.db'}"


def _kept(path: Path) -> str:
    """A secret that is made at the first start and kept beside the data that depends on it, readable by its owner."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text().strip()
