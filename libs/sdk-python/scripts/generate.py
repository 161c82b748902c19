"""Generates meridian_worker/_generated from libs/protocol/proto. With a folder as argument it writes there instead.

The generated modules live below this package, and import each other there: `meridian` is not ours to take.
"""

import re
import shutil
import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

KIT = Path(__file__).resolve().parent.parent
PROTO = KIT.parent / "protocol" / "proto"
COMMITTED = KIT / "src" / "meridian_worker" / "_generated"
IMPORT = re.compile(r"^(from|import) meridian\.", re.MULTILINE)


def generate(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    flags = [f"-I{PROTO}", f"-I{well_known}", f"--python_out={out}", f"--pyi_out={out}"]
    if protoc.main(["protoc", *flags, *sources]) != 0:
        raise SystemExit("protoc refused the .proto files.")
    for made in [*out.rglob("*.py"), *out.rglob("*.pyi")]:
        made.write_text(IMPORT.sub(r"\1 meridian_worker._generated.meridian.", made.read_text()))
    for folder in [out, *(path for path in out.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").touch()


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else COMMITTED)
