"""What is installed: names, versions, and the wheel."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import morl_envs

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    found.name for found in pkgutil.walk_packages(morl_envs.__path__, "morl_envs.") if "._" not in found.name
)


@pytest.mark.parametrize("module", ["morl_envs", *MODULES])
def test_public_names_are_sorted_and_there(module: str) -> None:
    loaded = importlib.import_module(module)
    names = getattr(loaded, "__all__", None)
    if names is None:
        assert not [name for name in vars(loaded) if not name.startswith("_")] or loaded.__doc__
        return
    # constants, then classes, then the rest: the order that ruff keeps
    assert list(names) == sorted(names, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
    for name in names:
        assert hasattr(loaded, name)
    assert loaded.__doc__, "a module says what it holds"


def test_importing_loads_no_model_library() -> None:
    code = "import sys, morl_envs; print(sorted({'torch', 'transformers', 'matplotlib', 'scipy'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_versions_agree() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert morl_envs.__version__ == version
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text()


def test_the_wheel_holds_one_package_with_its_agents_and_data(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    made = subprocess.run(build, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"morl_envs"}
    assert "morl-envs = morl_envs.cli:main" in entry_points
    tracked = subprocess.run(["git", "ls-files", "morl_envs", "agents"], cwd=ROOT, capture_output=True, text=True)
    for file in tracked.stdout.split():
        if file.startswith("agents/") and not file.endswith(".py"):
            continue
        assert file.replace("agents/", "morl_envs/_agents/", 1) in names or file in names, file
    assert wheel.stat().st_size < 12_000_000


def test_no_file_names_a_private_place() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    private = re.compile(
        r"(?<![\w.])/(?:home|root|Users|work|opt)/\w|"
        r"https?://(?:(?!127\.)\d+\.\d+\.\d+\.\d+|[\w.-]*(?:mirror|artifactory|nexus)[\w.-]*)"
    )
    for file in listed:
        path = ROOT / file
        if path.suffix in {".png", ".safetensors", ".gif", ".npz"} or path == Path(__file__) or not path.exists():
            continue
        found = private.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{file}: {found.group() if found else ''}"
