import subprocess
import sys
from pathlib import Path

KIT = Path(__file__).resolve().parent.parent


def files_in(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_the_generated_code_is_what_its_generator_makes(tmp_path: Path) -> None:
    """After a change of the protocol: `python scripts/generate.py`."""
    made = tmp_path / "made"
    subprocess.run([sys.executable, KIT / "scripts" / "generate.py", made], check=True)
    assert files_in(KIT / "src" / "meridian_worker" / "_generated") == files_in(made)
