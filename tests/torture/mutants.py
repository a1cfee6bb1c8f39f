"""Break a kernel, or the Python around it, in one way; the tests must see it.

    python tests/torture/mutants.py [NUMBER ...]

Each mutant is made in a copy of the tree, its extension built there, and the test files named beside it run, none else.
"""
from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from tree import PYTEST, built, changed, copied, replaced, run

MUTANTS = [  # what, file, text, its replacement, tests
    ("window one too short", "ext/sgns_kernel.h", "from = i > s->reaches[e] ? i - s->reaches[e] : 0;",
     "from = i > s->reaches[e] ? i - s->reaches[e] + 1 : 0;", "skipgram"),
    ("window one too long to the right", "ext/sgns_kernel.h", "i + s->reaches[e] < w->n - 1 ? i + s->reaches[e] :",
     "i + s->reaches[e] + 1 < w->n - 1 ? i + s->reaches[e] + 1 :", "skipgram"),
    ("sign of the sigmoid", "ext/sgns_kernel.h", "sigma = vec_sigmoid(vec_load(g + i));",
     "sigma = vec_sub(vec_all(1.0f), vec_sigmoid(vec_load(g + i)));", "skipgram"),
    ("one negative read from its neighbour's place", "ext/sgns_kernel.h", "place = start + (uint64_t)k - 1;",
     "place = start + (uint64_t)k - 1 + (k == 2);", "skipgram"),
    ("p and q swapped", "ext/_walks.pyx", "cdef double alpha = 1.0 / p, beta = 1.0 / q",
     "cdef double alpha = 1.0 / q, beta = 1.0 / p", "walks"),
    ("wrong alias column", "ext/_walks.pyx", "table[w.arc, 1 if coin < table[w.arc, 0] else 2]",
     "table[w.arc, 2 if coin < table[w.arc, 0] else 1]", "walks"),
    ("alias threshold left at its start", "ext/_walks.pyx",
     "table[begin + small, 0] = <uint32_t>(scaled[small] * 4294967296.0)",
     "table[begin + small, 0] = <uint32_t>(scaled[small] * 2147483648.0)", "walks"),
    ("no damping: the walk never restarts at its probability", "ext/_walks.pyx",
     "if ge_unit(ge_draw(key, walk, s.draws - 1)) >= alpha:", "if ge_unit(ge_draw(key, walk, s.draws - 1)) < alpha:",
     "restart"),
    ("time order one off: equal times pass as later", "ext/_temporal.pyx",
     "(strict and row_times[middle] == now[w])", "(not strict and row_times[middle] == now[w])", "temporal"),
    ("sum over a row drops its last entry", "ext/spmm_kernel.h", "for (; k < degree; k++) GE_ADD",
     "for (; k < degree - 1; k++) GE_ADD", "product"),
    ("recursion with a sign flipped", "ext/spmm_kernel.h", "(b * X[k] + c * out[k])", "(b * X[k] - c * out[k])", "product"),
    ("wrong exponent of the noise", "graphemb/skipgram.py", "share[seen] = visits[seen] ** float(exponent)",
     "share[seen] = visits[seen] ** float(1.0 - exponent)", "skipgram"),
    ("last range of work dropped", "graphemb/_parallel.py", "for start in range(0, n, size))",
     "for start in range(0, n - size + 1, size))", "walks"),
    ("exact draw ignores the way back", "ext/_walks.pyx", "alpha if a.indices[i] == w.prev",
     "beta if a.indices[i] == w.prev", "walks"),
    ("the last, shorter range of work dropped", "graphemb/_parallel.py", "for start in range(0, n, size))",
     "for start in range(0, max(n - n % size, 1), size))", "walks skipgram"),
    ("the last batch dropped", "ext/_sgns.pyx", "(m + n_parts * c.cut.walks - 1) // (n_parts",
     "(m + n_parts * c.cut.walks - n_parts) // (n_parts", "skipgram"),
    ("the places taken out by subsampling are those to keep", "ext/_sgns.pyx", "<= keep[node]", "> keep[node]",
     "skipgram"),
    ("updates of contexts damped as those of vectors", "ext/sgns_kernel.h",
     "node < 0 ? s->damp_outputs : s->damp_inputs", "s->damp_inputs", "skipgram partial_fit"),
    ("a node that stands twice in a window counts once", "ext/sgns_kernel.h",
     "times[m] = m == n ? 1 : times[m] + 1;",
     "times[m] = 1;", "skipgram"),
    ("learning rate does not fall", "graphemb/skipgram.py", "fall * done)", "fall * 0 * done)", "skipgram"),
    ("AVX-512: thinned the wrong way round", "ext/walks_avx512.c", "(u >= keep_common)", "(u < keep_common)", "walks"),
    ("AVX-512: a walk that changes its lane forgets whether it may return", "ext/walks_avx512.c",
     "f->tries[i] = f->tries[j], f->back[i] = f->back[j];", "f->tries[i] = f->tries[j];", "walks"),
    ("AVX-512: dead ends padded with node 0", "ext/walks_avx512.c", "f->at[i], 0xFF,", "f->at[i], 0x00,", "walks"),
    ("AVX-512: alias taken where the coin is the threshold's", "ext/walks_avx512.c", "f->arc[i] += 2 - ",
     "f->arc[i] += 1 + ", "walks"),
    ("hash table not searched from its row's start", "ext/walks.h", "== 2 * (begin + degree)) at = 2 * begin;",
     "== 2 * (begin + degree)) return 0;", "walks"),
    ("a bit of the map lost", "ext/_walks.pyx", "<uint32_t>1 << (indices[i] & 31)",
     "<uint32_t>1 << (indices[i] & 15)", "walks"),
    ("node2vec+: weak arcs to strangers are no noise", "ext/_walks.pyx", "return 0.0 if beta <= 1.0 else 1.0",
     "return near", "walks"),
    ("recursion leaves the last column of a row", "ext/spmm_kernel.h", "k < (i + 1) * width; k++)",
     "k < (i + 1) * width - 1; k++)", "product"),
    ("linear in time the wrong way", "ext/_temporal.pyx", "return max(a, b) - 1", "return min(a, b)", "temporal"),
    ("weights that fall with time rise", "ext/_temporal.pyx", "exp((times[i] - times[i + 1]) * rate)",
     "exp((times[i + 1] - times[i]) * rate)", "temporal"),
    ("quotes not seen", "ext/_text.pyx", "text[at] == 34:", "text[at] == 39:", "edge_lists"),
    ("sixteen digits read in one go: not the nearest float", "ext/_text.pyx", "if digits > 15 or at == low",
     "if digits > 16 or at == low", "edge_lists"),
    ("words told apart by hash and length alone", "ext/_text.pyx",
     "memcmp(&store[0] + ends[code], &text[0] + low, length) == 0",
     "memcmp(&store[0] + ends[code], &text[0] + low, length) * 0 == 0", "edge_lists"),
    ("the row of a node found with 32 bits", "ext/sgns_kernel.h", "return matrix + i * s->columns;",
     "return matrix + (int32_t)(i * s->columns);", "large"),
    ("the row of a neighbour found with 32 bits", "ext/spmm_kernel.h", "X + indices[k] * width", "X + (int32_t)(indices[k] * width)",
     "large"),
    ("a part changes at once what others have", "ext/sgns_kernel.h", "((held & (held - 1)) != 0) |", "0 |", "skipgram"),
    ("a part keeps back what is its own", "ext/sgns_kernel.h", "((held & (held - 1)) != 0) |", "1 |", "skipgram"),
    ("damped rows change at once", "ext/sgns_kernel.h", "(damping && damping[node] < 1.0f)", "0", "skipgram"),
    ("a part has a copy for each visit", "ext/sgns_kernel.h", "if (last >= 0) {", "if (last > i) {", "skipgram"),
    ("negatives are not held", "ext/sgns_kernel.h", "*holder_of(of_outputs, noise[(start + k) & mask]) |= bit;",
     "(void)(start + k);", "skipgram"),
    ("inputs around a piece are not held", "ext/sgns_kernel.h", "for (int64_t i = first; i < past; i++) *holder",
     "for (int64_t i = w->begin; i < w->end; i++) *holder", "skipgram"),
    ("rows in both roles are held for one", "ext/_sgns.pyx", "s.output_holders if s.vectors == s.contexts else", "",
     "skipgram"),
    ("what past batches held is held", "ext/_sgns.pyx", "    memset(s.output_holders, 0, GE_HOLDERS)\n", "", "skipgram"),
    ("outputs past the last overwrite the first", "ext/sgns_kernel.h",
     "s->targets[k] = centre_kept ? row_of(s, part->changes, next) : b->rows[0];", "s->targets[k] = s->targets[0];", "skipgram"),
    ("own centres teach less where a walk returns", "ext/sgns_kernel.h", "keep_outputs(s, &b, part) && returns",
     "(keep_outputs(s, &b, part), 1) && returns", "skipgram"),
    ("a centre is no input of the windows after it", "ext/sgns_kernel.h", "line[-1] = row;", "(void)row;", "skipgram"),
    ("pairs of a window counted with its centre", "ext/sgns_kernel.h", "end - begin + !(begin <= i && i <= end)",
     "end - begin + 1", "skipgram"),
    ("the first change of a walk's outputs is lost", "ext/sgns_kernel.h", "change = outputs_known;",
     "change = outputs_known + 1;", "skipgram"),
    ("a negative that is the centre is not seen", "ext/sgns_kernel.h", "int32_t l = tile; l < k; l++",
     "int32_t l = tile + 1; l < k; l++", "skipgram"),
    ("products without the last columns", "ext/sgns_kernel.h", "c < columns; c += GE_LANES",
     "c + GE_LANES < columns; c += GE_LANES", "skipgram"),
    ("products count the first columns twice", "ext/sgns_kernel.h", "int64_t c = GE_LANES; c < columns",
     "int64_t c = 0; c < columns", "skipgram"),
    ("the second input of a pair is the first", "ext/sgns_kernel.h", "x1 = vec_load(u1 + c + j)",
     "x1 = vec_load(u0 + c + j)", "skipgram"),
    ("outputs past the last have errors", "ext/sgns_kernel.h", "i += GE_TILE) rates[i] = 0.0f;",
     "i += GE_TILE) rates[i] = rate;", "skipgram"),
    ("the last input of a full window has no label", "ext/sgns_kernel.h", "i < n && tile == 0;",
     "i + GE_TILE < n && tile == 0;", "skipgram"),
    ("the loss of a window is that of its last input", "ext/sgns_kernel.h", "product *= of_tile;",
     "product = of_tile;", "skipgram"),
]


def result(tree: Path, number: int) -> str:
    """Which test saw the mutant made in `tree`, a copy that is built; its text is as before afterwards."""
    what, name, old, new, tests = MUTANTS[number]
    with changed(tree, name, old, new):
        done = run(tree, "", *PYTEST, "-x", "-o", "faulthandler_timeout=120",
                   *(f"tests/test_{t}.py" for t in tests.split()))
    if done.returncode < 0:
        return f"caught: {signal.Signals(-done.returncode).name}"
    if done.returncode > 1:
        raise AssertionError(f"{what}: the tests did not run: {done.stdout[-500:]}{done.stderr[-500:]}")
    if done.returncode == 0:
        return "SURVIVED"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return f"caught by {failed[0].split(' - ')[0].split('::')[-1]}" if failed else "caught: a test that does not end"


if __name__ == "__main__":
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(folder)
        replaced(tree, "setup.py", '"-O3"', '"-O1"')  # a third of the time to build
        built(tree)
        for number in map(int, sys.argv[1:]) if len(sys.argv) > 1 else range(len(MUTANTS)):
            said = result(tree, number)
            survived += said == "SURVIVED"
            print(f"{number:3d} {MUTANTS[number][0]} ({MUTANTS[number][1]}): {said}", flush=True)
    sys.exit(f"{survived} survived" if survived else 0)
