"""Compile the kernels of `ext/` into `graphemb._<name>`."""
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

headers = [path.as_posix() for path in sorted(Path("ext").glob("*.h")) + sorted(Path("ext").glob("*.pxd"))]
# Walks must not depend on the instruction set, so no fused multiply-add there; training wants it.
kernels = {
    "walks": (["walks_avx512.c"], ["-ffp-contract=off", "-fno-trapping-math"]),
    "temporal": ([], ["-ffp-contract=off"]),
    "text": ([], ["-ffp-contract=off"]),
    "sgns": (["sgns_baseline.c", "sgns_avx2.c", "sgns_avx512.c"], ["-ffp-contract=fast", "-Wno-psabi"]),
    "spmm": (["spmm.c"], ["-ffp-contract=fast"]),
}
extensions = [
    Extension(f"graphemb._{name}", [f"ext/_{name}.pyx", *(f"ext/{source}" for source in sources)],
              include_dirs=["ext"], depends=headers,
              extra_compile_args=["/O2"] if sys.platform == "win32" else ["-O3", *flags])
    for name, (sources, flags) in kernels.items()
]
setup(ext_modules=cythonize(
    extensions, include_path=["ext"], build_dir="build",
    compiler_directives={
        "language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True,
        "initializedcheck": False, "freethreading_compatible": True,
    },
))
