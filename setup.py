"""Compile the kernels of `ext/` into `graphemb._<name>`."""
import sys

from Cython.Build import cythonize
from setuptools import Extension, setup

flags = ["/O2"] if sys.platform == "win32" else ["-O3", "-fopenmp-simd"]
kernels = [
    Extension(f"graphemb._{name}", [f"ext/_{name}.pyx"], include_dirs=["ext"],
              depends=["ext/common.pxd", "ext/rng.h", "ext/portable.h", *extra], extra_compile_args=flags)
    for name, extra in {"walks": [], "sgns": ["ext/sgns.h"]}.items()
]
setup(ext_modules=cythonize(
    kernels, include_path=["ext"], build_dir="build",
    compiler_directives={
        "language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True,
        "initializedcheck": False, "freethreading_compatible": True,
    },
))
