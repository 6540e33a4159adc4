"""Builds the compiled kernels of gridnode/_native; all metadata stands in pyproject.toml."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = sorted(Path("gridnode/_native").glob("*.pyx"))

DIRECTIVES = {
    "language_level": 3,
    # Kernels check their own bounds where they take input; inside they index memory they sized.
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "embedsignature": True,
}


# Without debug symbols a kernel has a fifth of the size; profilers read the names of functions either way.
FLAGS = ["-O3", "-g0"]


def extension(source: Path) -> Extension:
    """Return the extension module of one kernel; gridnode/_native/x.pyx is gridnode._native.x."""
    return Extension(".".join(source.with_suffix("").parts), [source.as_posix()], extra_compile_args=FLAGS)


setup(
    ext_modules=cythonize(
        [extension(source) for source in KERNELS], compiler_directives=DIRECTIVES, quiet=True
    )
)
