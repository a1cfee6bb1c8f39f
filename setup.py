"""Compile the kernels of `ext/` into `graphemb._<name>`.

`GRAPHEMB_BUILD` names a build for finding faults, never one to ship: see CONTRIBUTING.
"""
import os
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
    "spmm": (["spmm_baseline.c", "spmm_avx2.c", "spmm_avx512.c"], ["-ffp-contract=fast", "-Wno-psabi"]),
}
# For finding faults: flags, Cython directives. Sanitizers see generated C too, hence no checks of Cython's own there.
builds = {
    "": ([], {}),
    "bounds": ([], {"boundscheck": True, "wraparound": False, "initializedcheck": True}),
    "asan": (["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g1"], {}),
    "tsan": (["-fsanitize=thread", "-g1"], {}),
}
build = os.environ.get("GRAPHEMB_BUILD", "")
if build not in builds:
    sys.exit(f"GRAPHEMB_BUILD must be one of {', '.join(filter(None, builds))}, or unset; got {build!r}.")
extra, checks = builds[build]
extensions = [
    Extension(f"graphemb._{name}", [f"ext/_{name}.pyx", *(f"ext/{source}" for source in sources)],
              include_dirs=["ext"], depends=headers,
              extra_compile_args=["/O2"] if sys.platform == "win32" else ["-O3", *flags, *extra],
              extra_link_args=extra)
    for name, (sources, flags) in kernels.items()
]
setup(ext_modules=cythonize(
    extensions, include_path=["ext"], build_dir=f"build/{build}" if build else "build",
    compiler_directives={
        "language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True,
        "initializedcheck": False, "freethreading_compatible": True, **checks,
    },
))
