"""Compile the kernels of `ext/` into `graphemb._<name>`.

`GRAPHEMB_BUILD` names a build for finding faults, never one to ship; with `SOURCE_DATE_EPOCH` set, the same sources
make the same bytes. See CONTRIBUTING for both.
"""
import gzip
import os
import sys
import sysconfig
import tarfile
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.sdist import sdist

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
    "asan": (["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g1",
              "-fno-wrapv",             # Python's own flags say -fwrapv, and then an overflow is no fault
              "-fno-tree-vectorize"], {}),  # vectorised, a loop may gather and scatter, which no sanitizer sees
    "tsan": (["-fsanitize=thread", "-g1"], {}),
}
build = os.environ.get("GRAPHEMB_BUILD", "")
if build not in builds:
    sys.exit(f"GRAPHEMB_BUILD must be one of {', '.join(filter(None, builds))}, or unset; got {build!r}.")
extra, checks = builds[build]
extra = extra or ["-g0"]  # debug information is most of a module, and has the path where it was built
# One wheel for every Python from 3.11: training is as fast, small calls a little slower. Not in place, where a module
# built for one Python would be found before it and go stale; and a free-threaded Python has no such ABI.
abi3 = "bdist_wheel" in sys.argv and not build and not sysconfig.get_config_var("Py_GIL_DISABLED")
extensions = [
    Extension(f"graphemb._{name}", [f"ext/_{name}.pyx", *(f"ext/{source}" for source in sources)],
              include_dirs=["ext"], depends=headers,
              py_limited_api=abi3, define_macros=[("Py_LIMITED_API", "0x030b0000")] if abi3 else [],
              extra_compile_args=["/O2"] if sys.platform == "win32" else ["-O3", *flags, *extra],
              extra_link_args=[] if sys.platform == "win32" else extra)
    for name, (sources, flags) in kernels.items()
]


class Sdist(sdist):
    """With SOURCE_DATE_EPOCH set, an archive that does not tell when, where and by whom it was made."""

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, owner=None, group=None):
        when = os.environ.get("SOURCE_DATE_EPOCH")
        if when is None or format != "gztar":
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)

        def plain(info):
            info.uid, info.gid, info.uname, info.gname, info.mtime = 0, 0, "", "", int(when)
            info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
            return info

        path = f"{base_name}.tar.gz"
        with (open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, int(when)) as packed,
              tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive):
            archive.add(base_dir, filter=plain)  # which sorts
        return path


wheel = {"bdist_wheel": {"py_limited_api": "cp311"}} if abi3 else {}
setup(cmdclass={"sdist": Sdist}, options=wheel, ext_modules=cythonize(
    extensions, include_path=["ext"], build_dir=f"build/{build}" if build else "build",
    compiler_directives={
        "language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True,
        "initializedcheck": False, "freethreading_compatible": True, **checks,
    },
))
