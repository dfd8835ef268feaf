"""Makes a checked profile of a file, a name or a URL. Every mistake is one ProfileError."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import loadgen
from loadgen.errors import ProfileError
from loadgen.files import at_once, why
from loadgen.profile import overrides
from loadgen.profile.connection import AWS, SERVICES, meant
from loadgen.profile.curl_options import Asked, at
from loadgen.profile.document import SIZE_LIMIT, Document, Place, Way, read
from loadgen.profile.environment import Expanded, expand, names, refuse_secrets
from loadgen.profile.explain import findings
from loadgen.profile.model import Experiment, Profile
from loadgen.profile.part import Written, nearest
from loadgen.profile.rate import Rate
from loadgen.profile.units import quoted
from loadgen.profile.variants import EXPERIMENT, cell, differing, of_first_values, spread
from loadgen.redaction import Secrets

PLAIN = "run"  # the one variant of a profile without an experiment
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a profile: its name, its values of the matrix, and the profile with all of it put in."""

    name: str
    values: dict[str, Any]
    profile: Profile


@dataclass(frozen=True, slots=True)
class Loaded:
    """A profile, and how it was written.

    `variants` are those of its experiment; without one the profile itself is the only one. `source` is the file, or the
    URL. `resolved` is the profile as plain data, with `--set` applied and `${NAME}` left as it is: it can be saved.
    `secrets` are the texts that variables and options gave, and what else nobody may see of the profile's runs.
    `variables` are the names of those that are written in it; `typed` those that options gave.
    """

    profile: Profile
    source: str
    resolved: dict[str, Any]
    secrets: Secrets = field(default_factory=Secrets, compare=False)
    variants: tuple[Variant, ...] = ()
    variables: frozenset[str] = frozenset()
    typed: frozenset[str] = frozenset()


def load(source: str | Path, *, sets: Sequence[str] = (), target: str | None = None, text: str | None = None) -> Loaded:
    """Read the profile `source`: a file, or the name of a shipped one. Raises ProfileError.

    `sets` are overrides as `KEY=VALUE`. `target` replaces the profile's target: a URL, or for a table `aws`. `text` is
    the content; if it is given, `source` is only its name.
    """
    path = Path(source) if text is not None else find(source)
    document = read(_content(path) if text is None else text, str(path))
    if document.data is None:
        raise ProfileError("is empty", file=str(path), remedy="`loadgen new URL` writes a profile to start from")
    if not isinstance(document.data, dict):
        raise ProfileError("is not a mapping", file=str(path), line=1, remedy="Begin with name: and target:")
    return _checked(document, str(path), path.parent, sets, target)


def from_url(
    url: str,
    rate: str | None = None,
    duration: str | None = None,
    users: int | str | None = None,
    *,
    asked: Asked | None = None,
    sets: Sequence[str] = (),
) -> Loaded:
    """The profile of `loadgen run URL`: GETs, or the request `asked`, at `rate` or by `users`, for `duration`. Raises
    ProfileError.

    The default is 50/s for 10s, which is gentle enough for any target.
    """
    offer = {"users": users} if users is not None and rate is None else {"rate": rate or "50/s"}
    phase = {"name": _phase_name(rate), **offer, "for": duration or "10s"}
    if users is not None and rate is not None:
        raise ProfileError("--rate and --users are two kinds of load", remedy="Give one of them")
    places: dict[Way, str] = {("load", 0, key): f"--{key}" for key in ("rate", "users", "for")}
    return from_data({"name": named_after(url), "load": [phase]}, url, places, asked=asked, sets=sets)


def _phase_name(written: object) -> str:
    """That of the only phase. Whether the rate is right is checked with all the rest."""
    with suppress(ValueError):
        if isinstance(written, str) and not Rate.parse(written).steady:
            return "ramp"
    return "steady"


def from_data(
    data: dict[str, Any], url: str, places: dict[Way, str], *, asked: Asked | None = None, sets: Sequence[str] = ()
) -> Loaded:
    """A profile that a command makes by itself, for `url`, unless `data` has a target of another kind. `places` maps
    the way of a value to the option that it comes from. Raises ProfileError."""
    variables: dict[str, str] = {}
    target = url
    if asked:
        target, path = at(url)
        step, said, variables = asked.step(path)
        split = {"split_by": asked.split_names} if asked.split_by else {}
        data = {**data, "scenarios": [{"name": "default", "steps": [step], **split}]}
        places = {**places, **{("scenarios", 0, "steps", 0, *way): option for way, option in said.items()}}
    data = {"target": {"url": target}, **data}
    places = {("target", "url"): "URL", **places}
    document = Document([data], {way: Place(said, 0) for way, said in places.items()}, variables=variables)
    return _checked(document, url, Path(), sets, None)


def reread(resolved: dict[str, Any], source: str, folder: Path) -> Loaded:
    """The profile of another machine's `Loaded.resolved`, with the variables and the files of this one, which are in
    `folder`. Raises ProfileError."""
    document = Document([copy.deepcopy(resolved)], {(): Place(source, 0)})
    return _checked(document, source, folder, (), None)


def named_after(url: str) -> str:
    """The name of a run on that URL."""
    return re.sub(r"^https?://|[^A-Za-z0-9]+", "-", url.partition("?")[0]).strip("-")[:40].strip("-") or "url"


def shipped() -> dict[str, Path]:
    """The profiles that come with loadgen, by name."""
    package = Path(loadgen.__file__).parent
    folder = next((path for path in (package / "profiles", package.parent / "profiles") if path.is_dir()), package)
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find(source: str | Path) -> Path:
    """The file or the shipped profile that `source` names. Raises ProfileError, which offers similar names."""
    path, profiles = Path(source), shipped()
    if _is_file(path):
        return path
    if str(source) in profiles:
        return profiles[str(source)]
    if path.is_dir():
        raise ProfileError("is a folder", file=str(path), remedy="Name a profile in it")
    problem, url = f"there is no profile {quoted(str(source))}", meant(str(source))
    if url and path.suffix not in SUFFIXES:
        raise ProfileError(problem, remedy=f"Did you mean {url}?")
    near = nearest(path.stem, profiles)
    hint = f"Did you mean {near}?" if near else f"Shipped: {', '.join(profiles)}."
    raise ProfileError(problem, remedy=f"{hint} `loadgen new URL` writes a new one")


def _is_file(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):
        return False


def _content(path: Path) -> str:
    try:
        with os.fdopen(at_once(path, os.O_RDONLY), "rb") as file:
            content = file.read(SIZE_LIMIT + 1)
        return content.decode("utf-8-sig")
    except OSError as error:
        raise ProfileError(f"cannot be read: {why(error)}", file=str(path)) from None
    except UnicodeDecodeError as error:
        if len(content) > SIZE_LIMIT:
            return content.decode("utf-8", "replace")
        line = content.count(b"\n", 0, error.start) + 1
        raise ProfileError("is not UTF-8", file=str(path), line=line, remedy="Save it as UTF-8") from None


def _checked(document: Document, source: str, folder: Path, sets: Sequence[str], target: str | None) -> Loaded:
    for written in sets:
        overrides.apply(document, written)
    if target is not None:
        _retarget(document, target)
    spread(document)
    refuse_secrets(document)
    resolved = copy.deepcopy(document.data)
    secrets, variables, typed = Secrets(), names(document), frozenset(document.variables)
    with secrets.unrevealing():
        profile = _read(of_first_values(document), folder, secrets)
        if not profile.experiment:
            return Loaded(profile, source, resolved, secrets, (Variant(PLAIN, {}, profile),), variables, typed)
        cells = profile.experiment.cells()
        variants = tuple(
            Variant(name, values, _read(cell(document, override, values), folder, secrets, profile.experiment))
            for name, override, values in cells
        )
        differing(document, [of[1:] for of in cells], [variant.profile for variant in variants])
        return Loaded(profile, source, resolved, secrets, variants, variables, typed)


def _read(document: Document, folder: Path, secrets: Secrets, experiment: Experiment | None = None) -> Profile:
    """`experiment` is what has been read of it already: each variant is in it, and has the whole of it."""
    expanded = expand(document, secrets, {EXPERIMENT: experiment} if experiment else {})
    return _validated(document, expanded, folder)


def _retarget(document: Document, target: str) -> None:
    """Put `--target` in: as the endpoint of a service, where `aws` means AWS's own; as the URL otherwise."""
    place = Place("--target", 0)
    written = document.data.get("target")
    of_services = {key: written.get(key) for key in SERVICES} if isinstance(written, dict) else {}
    named = [(key, service) for key, service in of_services.items() if isinstance(service, dict)]
    for key, service in named:
        service.pop("endpoint", None)
        if target != AWS:
            service["endpoint"] = target
        document.places[("target", key, "endpoint")] = place
    if named:
        return
    if target == AWS:
        remedy = "Give the URL of yours; aws is for a profile with target: {dynamodb: ...} or {lambda: ...}"
        raise ProfileError("aws is only for a table or a function", file="--target", remedy=remedy)
    document.data["target"] = {"url": target}
    document.places |= {("target",): place, ("target", "url"): place}


def _validated(document: Document, expanded: Expanded, folder: Path) -> Profile:
    try:
        return _validate(expanded.data, folder)
    except ValidationError as error:
        way, problem, remedy = findings(error, document)[0]
    behind = {name for used, names in expanded.used.items() if used[: len(way)] == way for name in names}
    if behind:
        own = _of_option(problem, expanded.data, way) if behind <= document.variables.keys() else ""
        problem, remedy = _unrevealing(document, folder, way, behind, own)
    raise document.error(way, problem, remedy)


def _of_option(problem: str, data: Any, way: Way) -> str:
    """The mistake in the value of an option, without the value. The option names it: its variable's name is ours."""
    for step in way:
        data = data[step]
    value = quoted(data)
    return problem.replace(value, "its value") if problem.startswith(value) else "its value is not accepted here"


def _unrevealing(document: Document, folder: Path, way: Way, names: set[str], otherwise: str = "") -> tuple[str, str]:
    """The mistake and its remedy for a value from the environment, which must not be shown: they are about the text as
    it was written, if there is one in it."""
    try:
        _validate(document.data, folder)
    except ValidationError as error:
        for found, problem, remedy in findings(error, document):
            if found == way:
                return problem, remedy
    of = ", ".join(f"${{{name}}}" for name in sorted(names))
    return otherwise or f"the value of {of} is not accepted here", ""


def _validate(data: Any, folder: Path) -> Profile:
    return Profile.model_validate(data, context=Written(folder), by_alias=True, by_name=False)
