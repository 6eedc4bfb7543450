#!/usr/bin/env python3
"""Write a bill of materials (CycloneDX 1.6, JSON) for each container image.

    python scripts/sbom.py [--out build/sbom] [--registry srna-augment] [--tag VERSION]

The Python packages are those of uv.lock for the image, with their licences, what needs what and the
hashes that the build checks. The system's packages are read from the image where docker has it. The
same lock and image give the same bytes. Run it with the Python of `make setup`; uv gets the tool.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from email.parser import Parser
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
TOOL = "cyclonedx-bom==7.5.0"
# What containers/Dockerfile installs in each image.
EXTRAS: dict[str, tuple[str, ...]] = {
    "base": (),
    "train": ("--extra", "train"),
    "report": ("--extra", "report"),
}
DISTRIBUTION = "https://pypi.org/project/{}/{}/"


def output_of(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def locked(uv: str, extras: tuple[str, ...]) -> dict[str, tuple[str, list[str]]]:
    """Return the locked packages of an image: by name, the version and the SHA-256 of its files."""
    text = output_of(
        uv, "export", "--quiet", "--frozen", "--no-dev", "--no-emit-project", "--no-header",
        "--no-annotate", *extras,
    )  # fmt: skip
    packages = {}
    for line in text.replace("\\\n", " ").splitlines():
        words, *hashes = re.split(r"\s+--hash=sha256:", line.strip())
        requirement = Requirement(words)
        if requirement.marker is None or requirement.marker.evaluate():
            version = str(requirement.specifier).removeprefix("==")
            packages[canonicalize_name(requirement.name)] = (version, sorted(hashes))
    return packages


def installed(uv: str) -> dict[str, Any]:
    """Return the bill of materials of this Python's packages, as cyclonedx-py makes it."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "environment.json"
        output_of(
            uv, "tool", "run", "--quiet", "--from", TOOL, "cyclonedx-py", "environment",
            sys.executable, "--pyproject", "pyproject.toml", "--output-reproducible",
            "--output-file", str(made),
        )  # fmt: skip
        bill: dict[str, Any] = json.loads(made.read_text())
    return bill


def system_packages(image: str) -> list[dict[str, Any]] | None:
    """Return Debian's packages in an image as components, None where docker has no such image."""
    try:
        records = output_of("docker", "run", "--rm", image, "cat", "/var/lib/dpkg/status")
    except (OSError, subprocess.CalledProcessError):
        return None
    components = []
    for record in records.strip().split("\n\n"):
        fields = Parser().parsestr(record)
        name, version = fields["Package"], fields["Version"]
        place = f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={fields['Architecture']}"
        components.append(
            {"bom-ref": place, "name": name, "purl": place, "type": "library", "version": version}
        )
    return sorted(components, key=lambda component: component["bom-ref"])


def bill_of(
    everything: dict[str, Any],
    packages: dict[str, tuple[str, list[str]]],
    system: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the part of a bill that an image holds, with hashes and the system's packages."""
    components = []
    for component in everything["components"]:
        name = canonicalize_name(component["name"])
        if name not in packages:
            continue
        version, hashes = packages[name]
        if component["version"] != version:
            sys.exit(
                f"{name} {component['version']} is installed, uv.lock has {version}: make setup"
            )
        files = {
            "type": "distribution",
            "url": DISTRIBUTION.format(name, version),
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in hashes],
        }
        references = [*component.get("externalReferences", []), files]
        components.append({**component, "externalReferences": references})
    missing = packages.keys() - {canonicalize_name(c["name"]) for c in components}
    if missing:
        sys.exit(f"not installed: {', '.join(sorted(missing))}: run make setup")
    components += system
    kept = {component["bom-ref"] for component in components}
    kept.add(everything["metadata"]["component"]["bom-ref"])
    dependencies = []
    for item in everything["dependencies"]:
        if item["ref"] in kept:
            needed = [ref for ref in item.get("dependsOn", []) if ref in kept]
            dependencies.append({"ref": item["ref"], **({"dependsOn": needed} if needed else {})})
    return {**everything, "components": components, "dependencies": dependencies}


def main() -> None:
    """Write the bills, and say what each holds."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "sbom")
    parser.add_argument("--registry", default="srna-augment")
    parser.add_argument("--tag", default=version)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    uv = output_of("scripts/install-uv.sh").strip()
    everything = installed(uv)
    for target, extras in EXTRAS.items():
        image = f"{options.registry}/{target}:{options.tag}"
        system = system_packages(image)
        packages = locked(uv, extras)
        path = options.out / f"{target}.cdx.json"
        path.write_text(json.dumps(bill_of(everything, packages, system or []), indent=1) + "\n")
        what = "no such image here: without the system's packages" if system is None else (
            f"{len(system)} of the system"
        )  # fmt: skip
        print(f"{path}: {len(packages)} Python packages; {image}: {what}")


if __name__ == "__main__":
    main()
