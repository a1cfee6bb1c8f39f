"""Ctrl-C is tested too: a shell's background job, which a run of CI may be, ignores it, and so would the tests."""
import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
