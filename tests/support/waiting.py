"""The only place where tests wait by the clock: polling with a bound."""
import time


class Failure(AssertionError):
    """A scenario's expectation that was not met; the text says which."""


class Skip(Exception):
    """Something that this machine lacks; the text says what."""


def wait_until(probe, what, timeout=10.0, pause=0.02):
    """Calls probe() until it returns something true, and returns that; pause: the time between. what
    names it: a text, or a function that tells when it is over how things stand."""
    deadline = time.monotonic() + timeout
    while not (result := probe()):
        if time.monotonic() >= deadline:
            raise Failure(f"after {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(pause)
    return result


def holds_for(probe, what, seconds=2.0):
    """Fails as soon as probe() is not true within the time given."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not probe():
            raise Failure(what() if callable(what) else what)
        time.sleep(0.02)
