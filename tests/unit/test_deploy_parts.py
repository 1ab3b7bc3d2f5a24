"""The Procfile, docker-compose.yml and the Kubernetes manifests run the same parts, and run what the code has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alliance.settings import METRICS_PORTS
from tests.fixtures.deployment import (
    DEPLOY,
    INTERNAL_PORTS,
    PUBLIC_PORTS,
    ROOT,
    assert_the_command_line_takes,
    compose_parts,
    manifests,
    part_of,
    procfile,
    settings_read,
)

#: Variables that are not settings of Alliance: of the image, and of Python.
OTHER_VARIABLES = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "SERVICE"}


def deployments() -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in manifests() if each["kind"] == "Deployment"}


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return only


def test_procfile_compose_and_kubernetes_run_exactly_the_parts_that_have_metrics() -> None:
    parts = set(METRICS_PORTS)
    assert set(procfile()) == parts
    assert set(compose_parts()) - {"migrate"} == parts
    assert set(deployments()) == parts


def test_each_part_is_started_by_the_command_of_its_name_wherever_it_runs() -> None:
    for name, words in procfile().items():
        assert part_of(words) == name
        assert compose_parts()[name]["command"] == words
        assert container(deployments()[name])["args"] == words


def test_who_answers_loads_nothing_that_only_imports_and_reports_need() -> None:
    # Everything in one process has every service's app in it.
    code = "import sys, gateway.embedded; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "services.roster.app" in loaded
    assert loaded & {"polars", "numpy", "scipy", "altair", "vl_convert", "weasyprint"} == set()


def test_the_command_line_takes_every_command() -> None:
    commands = [*procfile().values(), *(part["command"] for part in compose_parts().values())]
    commands += [container(deployment)["args"] for deployment in deployments().values()]
    commands += [
        job["spec"]["template"]["spec"]["containers"][0]["args"]
        for job in manifests()
        if job["kind"] == "Job"
    ]
    for words in commands:
        assert_the_command_line_takes(words)


def test_a_command_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(pytest.fail.Exception, match="districts"):
        assert_the_command_line_takes(["alliance", "relay", "districts"])


def test_every_variable_is_one_that_the_settings_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = settings_read(monkeypatch, tmp_path) | OTHER_VARIABLES
    used = {name for part in compose_parts().values() for name in part["environment"]}
    used |= {env["name"] for deployment in deployments().values() for env in container(deployment)["env"]}
    used |= {name for each in manifests() if each["kind"] == "ConfigMap" for name in each["data"]}
    used |= set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    used |= set(re.findall(r"^\s*(?:ENV )?([A-Z_]+)=", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE))
    assert used - known - {"PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK", "XDG_CACHE_HOME"} == set()
    assert "ALLIANCE_BROKER_URL_FILE" in used, "this test has looked at nothing"


def test_every_port_is_the_one_that_the_part_listens_on() -> None:
    for name in METRICS_PORTS:
        expected = {port for port in (PUBLIC_PORTS.get(name), INTERNAL_PORTS[name]) if port is not None}
        ports = {port["containerPort"] for port in container(deployments()[name])["ports"]}
        assert ports == expected
        part = compose_parts()[name]
        exposed = {int(port) for port in part["expose"]} | {
            int(port.split(":")[-1]) for port in part.get("ports", [])
        }
        assert exposed == expected


def test_every_address_of_a_service_names_the_service_and_its_port() -> None:
    (settings,) = (each["data"] for each in manifests() if each["kind"] == "ConfigMap")
    environments = [settings, *(part["environment"] for part in compose_parts().values())]
    found = {
        (name, address)
        for environment in environments
        for name, address in environment.items()
        if name.endswith("_URL")
    }
    services = {service: port for service, port in PUBLIC_PORTS.items() if service != "gateway"}
    assert found == {
        (f"ALLIANCE_{each.upper()}_URL", f"http://{each}:{port}") for each, port in services.items()
    }


def test_each_part_is_given_the_secrets_of_its_own_part_only() -> None:
    for name, part in compose_parts().items():
        if name == "migrate":
            continue
        database = {"receiver": "evaluation", "projector": "evaluation"}.get(
            name, name.removeprefix("relay-")
        )
        given = {secret for secret in part["secrets"] if secret.endswith("_database_url")}
        assert given == {f"{database}_database_url"}
        assert ("broker_url" in part["secrets"]) == (name.startswith("relay-") or name == "receiver")
        in_kubernetes = secret_names(deployments()[name]["spec"]["template"]["spec"])
        assert {each for each in in_kubernetes if each.endswith("-database")} == {
            f"alliance-{database}-database"
        }
        assert ("alliance-broker" in in_kubernetes) == ("broker_url" in part["secrets"])


def secret_names(pod: dict[str, Any]) -> set[str]:
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "secrets")
    return {source["secret"]["name"] for source in volume["projected"]["sources"]}
