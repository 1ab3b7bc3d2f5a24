"""docker-compose.yml: valid, closed to the outside, and started in an order that works."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.deployment import DEPLOY, ROOT, compose, compose_parts


def test_it_is_valid_by_the_compose_specification(program: Callable[..., str]) -> None:
    program("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")


def test_every_container_is_without_rights_and_writes_only_where_it_says() -> None:
    for name, service in compose()["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        user, _, group = service["user"].partition(":")
        assert int(user) > 0, name
        assert int(group) > 0, name
        assert "privileged" not in service


def test_only_this_machine_reaches_it() -> None:
    published = {
        name: port for name, service in compose()["services"].items() for port in service.get("ports", [])
    }
    assert set(published) == {"gateway", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for port in published.values())
    # What has no port has no way in or out of the machine either.
    assert compose()["networks"]["inside"] == {"internal": True}
    for name, service in compose()["services"].items():
        assert ("outside" in service["networks"]) == (name in published)


def test_every_service_belongs_to_one_of_the_two_profiles() -> None:
    profiles = {name: service["profiles"] for name, service in compose()["services"].items()}
    watching = {name for name, each in profiles.items() if each == ["observability"]}
    assert watching == {"prometheus", "grafana"}
    assert all(each == ["core"] for name, each in profiles.items() if name not in watching)


def test_everything_that_goes_on_running_says_whether_it_is_well() -> None:
    for name, service in compose()["services"].items():
        if name == "migrate":
            assert service["restart"] == "no"
            continue
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name


def test_a_parts_health_is_that_parts_own() -> None:
    for name, part in compose_parts().items():
        if name != "migrate":
            assert part["healthcheck"]["test"] == ["CMD", "python", "/opt/alliance/healthcheck.py", name]


def test_no_part_starts_before_its_database_is_migrated() -> None:
    services = compose()["services"]

    def waits_for(name: str) -> set[str]:
        direct = services[name].get("depends_on", {})
        return set(direct).union(*(waits_for(each) for each in direct))

    for name in compose_parts():
        if name != "migrate":
            assert {"migrate", "postgres"} <= waits_for(name), name
    for service in services.values():
        for other, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other == "migrate" else "service_healthy"
            assert how == {"condition": expected}


def test_every_secret_is_a_file_which_the_script_makes_and_somebody_uses(
    program: Callable[..., str], tmp_path: Path
) -> None:
    script = tmp_path / "secrets.sh"
    script.write_text((DEPLOY / "secrets.sh").read_text())
    program("sh", str(script))
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    document = compose()
    assert {name: f"deploy/secrets/{name}" for name in made} == {
        name: secret["file"] for name, secret in document["secrets"].items()
    }
    used = set()
    for name, service in document["services"].items():
        given = {each if isinstance(each, str) else each["source"] for each in service.get("secrets", [])}
        used |= given
        for variable, value in service.get("environment", {}).items():
            if variable.endswith("_FILE"):
                assert Path(value).name in given, f"{name} reads {value}, which it is not given"
    assert used == set(made)

    program("sh", str(script))
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made, (
        "secrets were replaced"
    )
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


def test_every_file_that_is_mounted_is_there() -> None:
    for service in compose()["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
            else:
                assert source in compose()["volumes"]


@pytest.mark.parametrize("name", ["postgres", "rabbitmq", "prom/prometheus", "grafana/grafana"])
def test_images_of_others_are_pinned_to_a_release(name: str) -> None:
    (image,) = (s["image"] for s in compose()["services"].values() if s["image"].rpartition(":")[0] == name)
    assert re.search(r":v?\d", image), image
