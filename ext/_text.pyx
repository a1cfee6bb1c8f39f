"""Kernels of edge lists as text: where the fields are, and what they say; arrays in, arrays filled.

A text is UTF-8 bytes, whole lines, each ended by a newline. Whatever is not plain is left to the caller, by the
place where the kernel stopped: Python knows all of CSV's quotes and of floating point's corners, and is slow.
"""
from libc.string cimport memcmp, memcpy

from common cimport int32_t, int64_t, uint8_t, uint64_t

cdef enum Status:
    DONE, FULL, ODD  # all read; the output has no room; the line at hand is not plain

cdef double[23] TENS
TENS[:] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
           1e20, 1e21, 1e22]  # all exact


cdef inline bint is_blank(unsigned char c) noexcept nogil:
    """ASCII white space but the newline, as Python's `str.strip` has it."""
    return c == 32 or (c >= 9 and c <= 13 and c != 10) or (c >= 28 and c <= 31)


def fields(
    const uint8_t[::1] text not None,  # IN  (n) whole lines
    int delimiter,                           # IN  a byte; -1: runs of blanks
    int width,                               # IN  fields of a line
    const int32_t[::1] pick not None,        # IN  (k) which of them are wanted, k <= 3
    int32_t[:, ::1] bounds not None,         # OUT (room, 2 * k) start and stop of each in the text, blanks stripped
    int32_t[::1] lines not None,             # OUT (room) number of its line in the text, from 0
    int64_t[::1] state not None,             # OUT (3) in: byte, line, row to go on from; out: where it stopped
):
    """Find the wanted fields of each line that is neither empty nor a comment; 0 done, 1 out of room, 2 an odd line."""
    cdef int64_t at = state[0], line = state[1], row = state[2], n = text.shape[0], begin, low, high
    cdef int column, j, k = <int> pick.shape[0], status = DONE
    cdef unsigned char c
    with nogil:
        while at < n:
            begin = at
            c = text[at]
            if c == 35 or c == 37:  # # or %
                while text[at] != 10:
                    at += 1
                at += 1
                line += 1
                continue
            if row == bounds.shape[0]:
                status = FULL
                break
            column = 0
            while True:
                while is_blank(text[at]) and text[at] != delimiter:
                    at += 1
                low = at
                if delimiter < 0:
                    while text[at] != 10 and not is_blank(text[at]):
                        at += 1
                    high = at
                    while is_blank(text[at]):
                        at += 1
                else:
                    while text[at] != 10 and text[at] != delimiter:
                        if text[at] == 34:  # a quote
                            status = ODD
                        at += 1
                    high = at
                    while high > low and is_blank(text[high - 1]):
                        high -= 1
                if column == 0 and text[at] == 10 and low == high:
                    break  # an empty line
                for j in range(k):
                    if pick[j] == column:
                        bounds[row, 2 * j] = <int32_t> low
                        bounds[row, 2 * j + 1] = <int32_t> high
                        if low == high:
                            status = ODD
                column += 1
                if text[at] == 10:
                    break
                if delimiter >= 0:
                    at += 1
            if column and (column != width or status == ODD):
                status = ODD
                at = begin
                break
            at += 1
            if column:
                lines[row] = <int32_t> line
                row += 1
            line += 1
    state[0], state[1], state[2] = at, line, row
    return status


def ints(
    const uint8_t[::1] text not None,    # IN  (n)
    const int32_t[:, ::1] bounds not None,     # IN  (rows, >= 2 * j + 2)
    int j,                                     # IN  which pair of columns
    int64_t start, int64_t stop,               # IN  rows to do
    int64_t[::1] values not None,              # OUT (>= stop)
):
    """Read fields that are written as Python writes an int of at most 18 digits; return the first row that is not."""
    cdef int64_t row = start, at, value
    cdef int32_t low, high
    cdef bint minus
    cdef unsigned char c
    with nogil:
        while row < stop:
            low, high = bounds[row, 2 * j], bounds[row, 2 * j + 1]
            minus = text[low] == 45
            low += minus
            if high <= low or high - low > 18 or (text[low] == 48 and (high - low > 1 or minus)):
                break
            value = 0
            for at in range(low, high):
                c = text[at] - 48
                if c > 9:
                    break
                value = 10 * value + c
            else:
                values[row] = -value if minus else value
                row += 1
                continue
            break
    return row


def floats(
    const uint8_t[::1] text not None,    # IN  (n)
    const int32_t[:, ::1] bounds not None,     # IN  (rows, >= 2 * j + 2)
    int j,                                     # IN  which pair of columns
    int64_t start, int64_t stop,               # IN  rows to do
    double[::1] values not None,               # OUT (>= stop)
):
    """Read decimal numbers that one division or product rounds right [1]; return the first row that is not such.

    [1] Clinger, "How to read floating point numbers accurately", PLDI 1990: both operands exact.
    """
    cdef int64_t row = start, at, mantissa
    cdef int32_t low, high
    cdef int digits, scale, exponent
    cdef bint minus, point, down
    cdef double value
    cdef unsigned char c
    with nogil:
        while row < stop:
            low, high = bounds[row, 2 * j], bounds[row, 2 * j + 1]
            minus = text[low] == 45
            if minus or text[low] == 43:
                low += 1
            mantissa = digits = scale = exponent = 0
            point = False
            at = low
            while at < high and digits <= 15:
                c = text[at]
                if c == 46 and not point:
                    point = True
                elif c >= 48 and c <= 57:
                    mantissa = 10 * mantissa + (c - 48)
                    digits += mantissa != 0
                    scale -= point
                else:
                    break
                at += 1
            if digits > 15 or at == low or (at == low + 1 and point):
                break
            if at < high and (text[at] == 101 or text[at] == 69):
                at += 1
                down = at < high and text[at] == 45
                if at < high and (down or text[at] == 43):
                    at += 1
                if at == high or high - at > 3:
                    break
                while at < high and text[at] >= 48 and text[at] <= 57:
                    exponent = 10 * exponent + (text[at] - 48)
                    at += 1
                scale += -exponent if down else exponent
            if at < high or scale < -22 or scale > 22:
                break
            value = <double> mantissa
            value = value * TENS[scale] if scale >= 0 else value / TENS[-scale]
            values[row] = -value if minus else value
            row += 1
    return row


cdef inline uint64_t mixed(const unsigned char *word, int64_t n) noexcept nogil:
    """Hash of n bytes, eight at a time."""
    cdef uint64_t h = <uint64_t> 0x9E3779B97F4A7C15 ^ <uint64_t> n, part
    while n > 0:
        part = 0
        memcpy(&part, word, 8 if n >= 8 else n)
        h = (h ^ part) * <uint64_t> 0xBF58476D1CE4E5B9
        h ^= h >> 29
        word += 8
        n -= 8
    return h ^ (h >> 32)


def number(
    const uint8_t[::1] text not None,    # IN  (n)
    const int32_t[:, ::1] bounds not None,     # IN  (rows, >= 4) words: the first two pairs of columns, row by row
    int64_t start, int64_t stop,               # IN  words to do, 2 a row
    int32_t[::1] table not None,               # TMP (a power of 2) number of a word + 1, by hash; 0 where empty
    int64_t[::1] ends not None,                # TMP (room + 1) word k is store[ends[k]:ends[k + 1]]
    uint8_t[::1] store not None,         # TMP (bytes) the words, one behind the other
    int64_t[::1] count not None,               # TMP (1) words so far
    int32_t[::1] codes not None,               # OUT (>= stop) the number of each word, by first appearance
):
    """Number words; return the first that there was no room for."""
    cdef int64_t k = start, mask = table.shape[0] - 1, slot, known = count[0], length
    cdef int32_t low, high, code
    with nogil:
        while k < stop:
            low, high = bounds[k >> 1, 2 * (k & 1)], bounds[k >> 1, 2 * (k & 1) + 1]
            length = high - low
            if 2 * known > mask or known + 2 > ends.shape[0] or ends[known] + length > store.shape[0]:
                break
            slot = <int64_t> mixed(&text[0] + low, length) & mask
            while True:
                code = table[slot] - 1
                if code < 0:
                    code = <int32_t> known
                    memcpy(&store[0] + ends[known], &text[0] + low, length)
                    ends[known + 1] = ends[known] + length
                    known += 1
                    table[slot] = code + 1
                    break
                if (ends[code + 1] - ends[code] == length
                        and memcmp(&store[0] + ends[code], &text[0] + low, length) == 0):
                    break
                slot = (slot + 1) & mask
            codes[k] = code
            k += 1
    count[0] = known
    return k


def rehash(
    const int64_t[::1] ends not None,          # IN  (>= count + 1)
    const uint8_t[::1] store not None,   # IN  (bytes)
    int64_t count,                             # IN  words
    int32_t[::1] table not None,               # OUT (a power of 2, more than 2 * count) zeros at first
):
    """Fill the table of `number` anew, for a table that grew."""
    cdef int64_t k, slot, mask = table.shape[0] - 1
    with nogil:
        for k in range(count):
            slot = <int64_t> mixed(&store[0] + ends[k], ends[k + 1] - ends[k]) & mask
            while table[slot]:
                slot = (slot + 1) & mask
            table[slot] = <int32_t> (k + 1)


def first_appearance(
    const int64_t[::1] values not None,        # IN  (n) ints
    int64_t low,                               # IN  the smallest
    int64_t start, int64_t stop,               # IN  values to do
    int32_t[::1] table not None,               # TMP (largest - low + 1) number of a value + 1; 0 where it is new
    int64_t[::1] distinct not None,            # OUT (room) the values in order of first appearance
    int64_t count,                             # IN  how many there are so far
    int32_t[::1] codes not None,               # OUT (n) the number of each value in that order
):
    """Number ints by first appearance, over a table of their span; return how many there are."""
    cdef int64_t k, known = count
    cdef int32_t code
    with nogil:
        for k in range(start, stop):
            code = table[values[k] - low]
            if code == 0:
                distinct[known] = values[k]
                known += 1
                code = <int32_t> known
                table[values[k] - low] = code
            codes[k] = code - 1
    return known
