import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

KIT = Path(__file__).resolve().parent.parent


def test_the_wheel_holds_all_that_serving_takes(tmp_path: Path) -> None:
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, KIT]
    subprocess.run([sys.executable, *build], check=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    sources = (KIT / "src").rglob("*")
    wanted = {str(path.relative_to(KIT / "src")) for path in sources if path.suffix in {".py", ".pyi", ".typed"}}
    assert wanted <= names
    assert any(name.endswith("entry_points.txt") for name in names)


@pytest.mark.parametrize("check", ["mypy", "ruff check --no-cache .", "ruff format --no-cache --check ."])
def test_types_lint_and_format_hold(check: str) -> None:
    command = [sys.executable, "-m", *check.split()]
    checked = subprocess.run(command, cwd=KIT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
