"""Network boot programs of our own, from their sources in tests/nbp, by GNU as and ld."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.requirements import require

SOURCES = Path(__file__).parents[1] / "nbp"
LOAD_ADDRESS = 0x7C00
ASSEMBLER, LINKER = "as", "ld"


@cache
def boot_program(name: str) -> bytes:
    """`every_call`: what is to be loaded at 0000:7C00."""
    require(ASSEMBLER, LINKER)
    with TemporaryDirectory() as folder:
        objects, program = Path(folder, "objects"), Path(folder, "program")
        _run(ASSEMBLER, "--32", "--fatal-warnings", "-o", objects, SOURCES / f"{name}.S")
        places = (f"-Ttext={LOAD_ADDRESS:#x}", "--entry=_start", "--omagic")
        _run(LINKER, "-m", "elf_i386", *places, "--oformat=binary", "-o", program, objects)
        return program.read_bytes()


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
