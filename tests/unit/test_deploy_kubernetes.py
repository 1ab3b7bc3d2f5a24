"""The Kubernetes manifests: valid by Kubernetes' own schemas, restricted, and complete in what they refer to."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.fixtures.deployment import DEPLOY, INTERNAL_PORTS, manifests

VERSION = "1.33"


def pods() -> dict[str, dict[str, Any]]:
    kinds = ("Deployment", "Job")
    return {
        each["metadata"]["name"]: each["spec"]["template"] for each in manifests() if each["kind"] in kinds
    }


def secrets() -> dict[str, dict[str, str]]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes" / "secrets.example.yaml").read_text())
    return {each["metadata"]["name"]: each["stringData"] for each in documents}


@pytest.mark.parametrize(
    "manifest", list(manifests()), ids=lambda each: f"{each['kind']}-{each['metadata']['name']}"
)
def test_it_is_valid_by_kubernetes_own_schema(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_the_example_secrets_are_valid_and_hold_no_secret() -> None:
    for manifest in yaml.safe_load_all((DEPLOY / "kubernetes" / "secrets.example.yaml").read_text()):
        kubernetes_validate.validate(manifest, VERSION, strict=True)
        assert all("CHANGE-ME" in value for value in manifest["stringData"].values())


def test_every_pod_keeps_to_the_restricted_standard() -> None:
    for name, pod in pods().items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        for container in spec["containers"]:
            rights = container["securityContext"]
            assert rights["allowPrivilegeEscalation"] is False, name
            assert rights["readOnlyRootFilesystem"] is True, name
            assert rights["capabilities"] == {"drop": ["ALL"]}, name
            assert {"requests", "limits"} <= container["resources"].keys(), name


def test_every_deployment_is_probed_on_its_internal_port() -> None:
    for name, pod in pods().items():
        if name == "migrate":
            continue
        (container,) = pod["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports["internal"] == INTERNAL_PORTS[name]
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "internal"}
        assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "internal"}


def test_every_secret_that_is_mounted_exists_and_every_file_that_is_read_is_in_one() -> None:
    known = secrets()
    (settings,) = (each["data"] for each in manifests() if each["kind"] == "ConfigMap")
    used = set()
    for name, pod in pods().items():
        (volume,) = (each for each in pod["spec"]["volumes"] if each["name"] == "secrets")
        mounted = {source["secret"]["name"] for source in volume["projected"]["sources"]}
        used |= mounted
        files = {f"/run/secrets/alliance/{key}" for each in mounted for key in known[each]}
        variables = {each["name"]: each["value"] for each in pod["spec"]["containers"][0]["env"]} | settings
        read = {value for variable, value in variables.items() if variable.endswith("_FILE")}
        assert read <= files, name
    assert used == set(known)


def test_every_service_and_policy_selects_pods_that_exist() -> None:
    labels = [pod["metadata"]["labels"] for pod in pods().values()]
    for manifest in manifests():
        spec = manifest.get("spec", {})
        selectors = []
        if manifest["kind"] == "Service":
            selectors.append(spec["selector"])
        elif manifest["kind"] == "NetworkPolicy":
            selectors.append(spec["podSelector"].get("matchLabels", {}))
        elif manifest["kind"] in ("Deployment", "PodDisruptionBudget"):
            selectors.append(spec["selector"]["matchLabels"])
        for selector in selectors:
            assert any(selector.items() <= each.items() for each in labels), manifest["metadata"]


def test_the_network_is_closed_unless_a_policy_opens_it() -> None:
    (closed,) = (
        each
        for each in manifests()
        if each["kind"] == "NetworkPolicy" and each["metadata"]["name"] == "closed"
    )
    assert closed["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
