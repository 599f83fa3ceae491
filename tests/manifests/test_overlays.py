"""Every object of every overlay: right by the real schemas, closed, and fitting together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from images.recipes import RECIPES, reference
from tests.manifests.rendering import NAMES, WHOLE, Object, objects_of, of_kind, title
from tests.manifests.schema import problems
from wire import keys

pytestmark = pytest.mark.engines

WORKLOADS = ("Deployment", "StatefulSet")
OWN = "localhost/controlroom/"
each = pytest.mark.parametrize("overlay", NAMES)
each_whole = pytest.mark.parametrize("overlay", WHOLE)


def containers(overlay: str) -> Iterator[tuple[str, Object, Object]]:
    """Workload, pod and container."""
    for one in of_kind(overlay, *WORKLOADS):
        pod = one["spec"]["template"]["spec"]
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            yield f"{title(one)} {container['name']}", pod, container


@each
def test_every_object_is_right_by_its_real_schema(overlay: str) -> None:
    found = {title(one): problems(one) for one in objects_of(overlay)}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@each
def test_every_object_is_marked_as_ours_and_none_is_there_twice(overlay: str) -> None:
    names = [title(one) for one in objects_of(overlay)]
    assert len(names) == len(set(names))
    marks = {title(one): one["metadata"].get("labels", {}) for one in objects_of(overlay)}
    plain = [n for n, labels in marks.items() if "app.kubernetes.io/part-of" not in labels]
    assert [name for name in plain if not name.startswith("ConfigMap")] == []


@each
def test_no_secret_is_in_the_tree(overlay: str) -> None:
    assert of_kind(overlay, "Secret") == []


@each_whole
def test_every_namespace_is_there_and_restricted(overlay: str) -> None:
    namespaces = {one["metadata"]["name"]: one for one in of_kind(overlay, "Namespace")}
    used = {
        one["metadata"]["namespace"]
        for one in objects_of(overlay)
        if "namespace" in one["metadata"]
    }
    # a cluster's own access to the metrics API and the like lies elsewhere
    assert {name for name in used if name.startswith("controlroom")} <= namespaces.keys()
    if overlay == "local":
        return
    for one in namespaces.values():
        assert one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@each
def test_every_container_is_restricted_and_has_requests_and_a_limit(overlay: str) -> None:
    for name, pod, container in containers(overlay):
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, name
        assert context["readOnlyRootFilesystem"] is True, name
        assert context["capabilities"] == {"drop": ["ALL"]}, name
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, name
        assert "memory" in container["resources"]["limits"], name


@each
def test_every_container_that_stays_is_probed(overlay: str) -> None:
    for one in of_kind(overlay, *WORKLOADS):
        for container in one["spec"]["template"]["spec"]["containers"]:
            assert container.keys() >= {"readinessProbe", "livenessProbe"}, title(one)


@each
def test_what_a_pod_mounts_or_reads_is_there(overlay: str) -> None:
    there = {title(one) for one in objects_of(overlay)}
    for one in of_kind(overlay, *WORKLOADS):
        place = one["metadata"]["namespace"]
        pod = one["spec"]["template"]["spec"]
        wanted = [
            ("ConfigMap", v["configMap"]["name"])
            for v in pod.get("volumes", [])
            if "configMap" in v
        ]
        wanted += [
            ("PersistentVolumeClaim", v["persistentVolumeClaim"]["claimName"])
            for v in pod.get("volumes", [])
            if "persistentVolumeClaim" in v
        ]
        for container in pod["containers"]:
            sources = container.get("envFrom", [])
            wanted += [
                ("ConfigMap", s["configMapRef"]["name"]) for s in sources if "configMapRef" in s
            ]
        missing = [f"{kind} {place}/{name}" for kind, name in wanted]
        assert [name for name in missing if name not in there] == [], title(one)


@each
def test_our_images_are_those_that_are_made(overlay: str) -> None:
    made = {reference(name) for name in RECIPES}
    for name, _, container in containers(overlay):
        image = container["image"]
        assert image in made or not image.startswith(OWN), name
        # a name without a host is one of a public registry, in a space that may be a stranger's
        host = image.partition("/")[0]
        assert host == "localhost" or "." in host, name


@each
def test_no_deployment_has_two_autoscalers_or_too_few_partitions(overlay: str) -> None:
    scalers = of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject")
    targets = [one["spec"]["scaleTargetRef"]["name"] for one in scalers]
    assert len(targets) == len(set(targets))
    for one in scalers:
        most = one["spec"].get("maxReplicas") or one["spec"]["maxReplicaCount"]
        if one["spec"]["scaleTargetRef"]["name"] in ("consumer", "bridge"):
            assert most <= keys.PARTITIONS
    for topic in of_kind(overlay, "KafkaTopic"):
        if topic["metadata"]["name"].endswith(".events"):
            assert topic["spec"]["partitions"] == keys.PARTITIONS


@each_whole
def test_topic_and_group_are_those_of_the_scenario(overlay: str) -> None:
    data = next(
        o["data"] for o in of_kind(overlay, "ConfigMap") if o["metadata"]["name"] == "endpoints"
    )
    assert data["EVENTS_TOPIC"] == keys.events_topic(data["SCENARIO"])
    assert data["CONSUMER_GROUP"] == keys.consumer_group(data["SCENARIO"])
    topics = {topic["metadata"]["name"] for topic in of_kind(overlay, "KafkaTopic")}
    wanted = {keys.events_topic(data["SCENARIO"]), keys.rejected_topic(data["SCENARIO"])}
    assert topics in (set(), wanted)
