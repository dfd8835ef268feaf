"""Makes `rayjob.json` beside it of the resource definition of KubeRay's RayJob, which is 1.3 MB:

    go mod download github.com/ray-project/kuberay/ray-operator@v1.6.1
    python tests/project/kuberay/shorten.py "$(go env GOMODCACHE)"/github.com/ray-project/kuberay/ray-operator@v1.6.1

What is left out: the templates of pods, which are Kubernetes' own and are checked by its schema; the status, and older
versions. What no schema names is refused, as `kubectl apply` does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

VERSION = "v1"
TEMPLATES = ("template", "submitterPodTemplate")


def shortened(schema: dict[str, Any]) -> dict[str, Any]:
    properties = {
        name: {"type": "object"} if name in TEMPLATES else shortened(of)
        for name, of in schema.get("properties", {}).items()
    }
    short = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    if properties:
        short |= {"properties": properties, "additionalProperties": False}
    for key in ("items", "additionalProperties"):
        if isinstance(short.get(key), dict):
            short[key] = shortened(short[key])
    return short


def main() -> None:
    module = Path(sys.argv[1])
    definition = YAML(typ="safe").load(module / "config" / "crd" / "bases" / "ray.io_rayjobs.yaml")
    (version,) = (version for version in definition["spec"]["versions"] if version["name"] == VERSION)
    schema = version["schema"]["openAPIV3Schema"]
    del schema["properties"]["status"]
    schema["properties"]["metadata"] = {"type": "object"}  # as the API server knows it by itself
    source = f"github.com/ray-project/kuberay/ray-operator@{module.name.partition('@')[2]}"
    about = (
        f"Shortened by shorten.py from config/crd/bases/ray.io_rayjobs.yaml of the Go module {source}, whose licence, "
    )
    about += "Apache-2.0, is in LICENSE."
    (Path(__file__).parent / "rayjob.json").write_text(
        json.dumps({"$comment": about, "$source": source, **shortened(schema)}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
