"""`deploy/`: each file by a schema of whoever reads it, what loadgen is told there, and what it costs."""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import jsonschema
import kubernetes_validate
import pytest
from paths import ROOT
from ruamel.yaml import YAML

from loadgen.cli import cli
from loadgen.cli.share import parsed_share

DEPLOY, DOCS = ROOT / "deploy", ROOT / "docs"
SET = {"START": "2026-01-31T12:00:00Z", "BUCKET": "my-bucket", "IMAGE": "loadgen", "AMI": "ami-1", "SUBNET": "subnet-1"}
SET |= {"GROUP": "sg-1", "HEAD_PROFILE": "arn:aws:iam::1:instance-profile/h", "NODE_PROFILE": "arn:aws:iam::1:node"}
KUBERNETES = ("1.29", kubernetes_validate.latest_version())  # the oldest that docs/merge.md names
KUBERAY = json.loads((Path(__file__).parent / "kuberay" / "rayjob.json").read_text())
TEMPLATES = ("fargate.yaml", "ecs-service.yaml", "ray-aws-stack.yaml")
Command = dict[str, Any]


def read(name: str) -> list[Any]:
    """The documents of a file, once envsubst has put in what its page names."""
    text = (DEPLOY / name).read_text()
    if name in TEMPLATES:
        return [YAML().load(text)]  # the tags are CloudFormation's
    for variable in named(name):
        text = text.replace(f"${{{variable}}}", SET[variable])
    assert "${" not in text, "envsubst is told of all"
    return list(YAML(typ="safe").load_all(text))


def named(name: str) -> list[str]:
    """The variables that the page on it tells envsubst of."""
    (found,) = (
        names
        for page in DOCS.glob("*.md")
        for names in re.findall(rf"envsubst '([^']*)' < deploy/{re.escape(name)}", page.read_text())
    )
    return [word.removeprefix("$") for word in found.split()]


def parsed(words: list[str]) -> Command:
    """What loadgen understands of the words after its name."""
    command = cli.get_command(click.Context(cli), words[0])
    assert command
    return command.make_context(words[0], words[1:]).params


def shell(command: list[str], folder: Path, **environment: str) -> list[list[str]]:
    """The words of each program that a shell calls: the programs are ours, and write down what they are told."""
    folder.mkdir(exist_ok=True)
    log = folder / "log"
    for name in ("aws", "loadgen", "ray"):
        program = folder / name
        program.write_text(
            f'#!/bin/sh\nfor word in {name} "$@"; do printf "%s\\0" "$word"; done >> {log}\necho >> {log}\n'
        )
        program.chmod(0o755)
    subprocess.run(command, env={"PATH": f"{folder}:{os.environ['PATH']}", **environment}, check=True, timeout=20)
    return [line.rstrip("\0").split("\0") for line in log.read_text().splitlines()]


@pytest.fixture
def job() -> Any:
    (found,) = read("job.yaml")
    return found


@pytest.fixture
def rayjob() -> Any:
    return read("rayjob.yaml")[0]


def clusters(rayjob: Any) -> tuple[Any, Any]:
    """Of its head, and of its nodes."""
    spec = rayjob["spec"]["rayClusterSpec"]
    (nodes,) = spec["workerGroupSpecs"]
    return spec["headGroupSpec"], nodes


# schemas


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_takes_its_own_objects(version: str) -> None:
    (rayjob, policy), (job,) = read("rayjob.yaml"), read("job.yaml")
    templates = [rayjob["spec"]["submitterPodTemplate"], *(group["template"] for group in clusters(rayjob))]
    pods = [{"apiVersion": "v1", "kind": "PodTemplate", "template": template} for template in templates]
    for found in (job, policy, *pods):
        kubernetes_validate.validate(found, version, strict=True)


def test_kuberay_takes_the_rayjob(rayjob: Any) -> None:
    jsonschema.Draft202012Validator(KUBERAY).validate(rayjob)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda spec: spec.update(backOffLimit=0),
        lambda spec: spec.update(backoffLimit="none"),
        lambda spec: spec["rayClusterSpec"]["authOptions"].update(mode="tokens"),
        lambda spec: spec["rayClusterSpec"]["headGroupSpec"].pop("template"),
    ],
)
def test_kuberay_refuses_a_wrong_one(rayjob: Any, spoil: Callable[[Any], object]) -> None:
    wrong = copy.deepcopy(rayjob)
    spoil(wrong["spec"])
    assert list(jsonschema.Draft202012Validator(KUBERAY).iter_errors(wrong))


def test_rays_launcher_takes_the_cluster() -> None:
    spec = importlib.util.find_spec("ray")
    assert spec
    assert spec.origin
    schema = json.loads((Path(spec.origin).parent / "autoscaler" / "ray-schema.json").read_text())
    (cluster,) = read("ray-aws.yaml")
    jsonschema.Draft7Validator(schema).validate(cluster)
    assert list(jsonschema.Draft7Validator(schema).iter_errors({**cluster, "idle_minutes": 5}))


# what loadgen is told


def test_each_pod_has_a_share_of_its_own(job: Any, tmp_path: Path) -> None:
    pods = job["spec"]["completions"]
    assert (job["spec"]["parallelism"], job["spec"]["completionMode"]) == (pods, "Indexed")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    told = []
    for index in range(pods):
        command = [*container["command"], *container["args"]]
        ((_, *words),) = shell(command, tmp_path / str(index), JOB_COMPLETION_INDEX=str(index))
        told.append(parsed(words))
    shares_of_all(told)


def shares_of_all(told: list[Command]) -> None:
    """Each has its share of one load, which begins at one instant, and a folder of its own in one place."""
    shares = [parsed_share(params["share"]) for params in told]
    assert [(share.index, share.of) for share in shares] == [(number, len(told)) for number in range(1, len(told) + 1)]
    assert len(told) > 1
    assert {params["start_at"] for params in told} == {SET["START"]}
    (place,) = {params["copy_to"] for params in told}
    assert place.startswith("s3://my-bucket/")
    assert place.endswith(SET["START"])
    assert len({params["folder"] for params in told}) == len(told)


def test_no_share_is_carried_out_twice(job: Any) -> None:
    assert job["spec"]["backoffLimitPerIndex"] == 0
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_each_task_of_fargate_has_a_share_of_its_own() -> None:
    page = (DOCS / "merge.md").read_text()
    (text,) = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (numbers,) = re.findall(r"^for SHARE in ([\d ]+); do$", page, re.MULTILINE)
    told = []
    for number in numbers.split():
        filled = text.replace("${SHARE}", number).replace("${START}", SET["START"]).replace("${BUCKET}", SET["BUCKET"])
        (of,) = json.loads(filled)["containerOverrides"]
        assert of["name"] == container(read("fargate.yaml")[0], "Task")["Name"]
        told.append(parsed(of["command"]))
    shares_of_all(told)


def test_the_rayjob_sends_from_all_its_nodes_once(rayjob: Any) -> None:
    head, nodes = clusters(rayjob)
    program, *words = shlex.split(rayjob["spec"]["entrypoint"])
    params = parsed(words)
    assert (program, params["on"], params["nodes"]) == ("loadgen", "auto", nodes["replicas"])
    assert nodes["minReplicas"] == nodes["maxReplicas"] == nodes["replicas"]
    assert head["rayStartParams"]["num-cpus"] == "0", "it sends nothing"
    assert rayjob["spec"]["backoffLimit"] == rayjob["spec"]["submitterConfig"]["backoffLimit"] == 0


def test_the_launcher_sends_from_all_its_nodes() -> None:
    (cluster,) = read("ray-aws.yaml")
    types = cluster["available_node_types"]
    assert types["head"]["resources"]["CPU"] == 0, "it sends nothing"
    assert types["node"]["min_workers"] == types["node"]["max_workers"] == cluster["max_workers"]
    (line,) = re.findall(r"ray exec \S+ 'loadgen ([^']+)'", (DOCS / "machines.md").read_text())
    params = parsed(shlex.split(line.replace("\\\n", "")))
    assert (params["on"], params["nodes"]) == ("auto", cluster["max_workers"])


def test_a_task_of_ecs_joins_and_sends_from_the_nodes(tmp_path: Path) -> None:
    (template,) = read("ecs-service.yaml")
    words = [str(getattr(word, "value", word)) for word in container(template, "Load")["EntryPoint"]]
    entry = [word.replace("${AWS::StackName}", "stack") for word in words]
    joins, (_, *words) = shell([*entry, "run", "burst"], tmp_path)
    params = parsed(words)
    assert joins[:2] == ["ray", "start"]
    assert joins[joins.index("--num-cpus") + 1] == "0"
    assert (params["on"], params["profile"]) == ("auto", "burst")


def container(template: Any, task: str) -> Any:
    (found,) = template["Resources"][task]["Properties"]["ContainerDefinitions"]
    return found


def test_all_have_the_ray_of_the_image(rayjob: Any) -> None:
    (version,) = re.findall(r"^ray==(\S+)", (ROOT / "requirements-ray.lock").read_text(), re.MULTILINE)
    assert rayjob["spec"]["rayClusterSpec"]["rayVersion"] == version
    (cluster,) = read("ray-aws.yaml")
    assert any("dist/requirements-ray.lock" in command for command in cluster["setup_commands"])


# what nobody else may


def test_every_cluster_asks_for_a_token_and_none_is_written_out(rayjob: Any) -> None:
    assert rayjob["spec"]["rayClusterSpec"]["authOptions"] == {"mode": "token"}
    (template,) = read("ecs-service.yaml")
    for task in ("Head", "Node", "Load"):
        of = container(template, task)
        assert {"Name": "RAY_AUTH_MODE", "Value": "token"} in of["Environment"]
        assert [secret["Name"] for secret in of["Secrets"]] == ["RAY_AUTH_TOKEN"]
    (cluster,) = read("ray-aws.yaml")
    assert any("RAY_AUTH_MODE=token" in command for command in cluster["setup_commands"])
    assert "~/.ray/auth_token" in cluster["file_mounts"]


@pytest.mark.parametrize("name", ["ecs-service.yaml", "ray-aws-stack.yaml"])
def test_a_group_lets_in_itself_alone(name: str) -> None:
    (template,) = read(name)
    resources = template["Resources"]
    assert "SecurityGroupIngress" not in resources["Group"]["Properties"]
    opened = [of["Properties"] for of in resources.values() if of["Type"] == "AWS::EC2::SecurityGroupIngress"]
    assert [(of["GroupId"].value, of["SourceSecurityGroupId"].value) for of in opened] == [("Group", "Group")]


# what it costs


def test_the_sums_are_right(job: Any, rayjob: Any) -> None:
    page = (DOCS / "machines.md").read_text()
    assert sums(job, rayjob, prices(page)) == rows(page, "recipe", 4)


def rows(page: str, head: str, columns: int) -> list[list[str]]:
    """Of the table whose first column has that name, and so many columns."""
    tables = re.findall(r"^\| .*\n\|[-|]+\|\n(?:\|.*\n)+", page, re.MULTILINE)
    split = [[[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()] for table in tables]
    (found,) = (table[2:] for table in split if table[0][0] == head and len(table[0]) == columns)
    return found


def prices(page: str) -> dict[str, float]:
    return {what.partition(":")[0].removeprefix("Fargate, "): float(usd) for what, usd, _ in rows(page, "what", 3)}


def sums(job: Any, rayjob: Any, usd: dict[str, float]) -> list[list[str]]:
    address, eks, big = usd["a public IPv4 address"], usd["a cluster of EKS"], usd["c7i.xlarge"]
    (cluster,) = read("ray-aws.yaml")
    types = cluster["available_node_types"].values()
    (small,) = {of["node_config"]["InstanceType"] for of in types}
    launched, pods, nodes = 1 + cluster["max_workers"], job["spec"]["completions"], 1 + clusters(rayjob)[1]["replicas"]
    shares, one = 2, on_fargate(read("fargate.yaml")[0], "Task", usd)
    (ecs,) = read("ecs-service.yaml")
    count = ecs["Parameters"]["Nodes"]["Default"]
    tasks = on_fargate(ecs, "Head", usd) + count * on_fargate(ecs, "Node", usd) + on_fargate(ecs, "Load", usd)
    table = [
        ("job.yaml", f"{pods} c7i.xlarge, EKS", pods * (big + address) + eks),
        ("fargate.yaml", f"{shares} tasks", shares * (one + address)),
        ("rayjob.yaml", f"{nodes} c7i.xlarge, EKS", nodes * (big + address) + eks),
        ("ray-aws.yaml", f"{launched} {small}", launched * (usd[small] + address)),
        ("ecs-service.yaml", f"the head, {count} nodes, the load", tasks + (2 + count) * address),
    ]
    return [[f"`{name}`", paid, f"${cost:.2f}", f"${cost / 6:.3f}"] for name, paid, cost in table]


def on_fargate(template: Any, task: str, usd: dict[str, float]) -> float:
    """US dollars an hour of a task, without its address."""
    cpu, memory = (size(template, template["Resources"][task]["Properties"][key]) for key in ("Cpu", "Memory"))
    return cpu / 1024 * usd["a vCPU on x86"] + memory / 1024 * usd["a GB"]


def size(template: Any, given: Any) -> float:
    name = getattr(given, "value", given)  # !Ref, or the number itself
    return float(template["Parameters"][name]["Default"] if name in template["Parameters"] else name)
