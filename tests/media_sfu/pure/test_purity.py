import subprocess
import sys
from pathlib import Path

import media_sfu

PURE = ("rtp", "codecs", "forwarding", "bandwidth", "speakers")

PROGRAM = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
assert not {"django", "asyncio", "socket", "aiortc"} & set(sys.modules), sorted(sys.modules)
"""


def test_arithmetic_imports_no_io():
    root = Path(media_sfu.__file__).parent
    files = [file for name in PURE for file in (*(root / name).rglob("*.py"), *root.glob(f"{name}.py"))]
    modules = [".".join(file.relative_to(root.parent).with_suffix("").parts) for file in files]
    assert len(modules) > 15
    subprocess.run([sys.executable, "-c", PROGRAM, *modules], check=True, cwd=root.parent, timeout=60)
