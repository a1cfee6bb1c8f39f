"""Compile the kernels of `ext/` into `graphemb._<name>`."""
import sys

from Cython.Build import cythonize
from setuptools import Extension, setup

common = ["ext/common.pxd", "ext/rng.h", "ext/portable.h"]
kernels = {
    # Walks must not depend on the instruction set, so no fused multiply-add there.
    "walks": (common, ["-ffp-contract=off"]),
    # Training wants it. GCC notes that vector arguments changed their ABI in GCC 4: ours are all inlined.
    "sgns": ([*common, "ext/vec.h", "ext/sgns.h"], ["-ffp-contract=fast", "-Wno-psabi"]),
}
extensions = [
    Extension(f"graphemb._{name}", [f"ext/_{name}.pyx"], include_dirs=["ext"], depends=depends,
              extra_compile_args=["/O2"] if sys.platform == "win32" else ["-O3", *flags])
    for name, (depends, flags) in kernels.items()
]
setup(ext_modules=cythonize(
    extensions, include_path=["ext"], build_dir="build",
    compiler_directives={
        "language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True,
        "initializedcheck": False, "freethreading_compatible": True,
    },
))
