"""Runs one scenario, as PID 1 of its own namespaces: child.py KIND FILE SCENARIO DIRECTORY PROGRAM.

Exit 0: passed, 1: failed, 77: skipped; stdout says why, after what the scenario has said.
"""
import importlib
import os
import pathlib
import signal
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.scenario import SCENARIOS, Test  # noqa: E402
from support.waiting import Failure, Skip  # noqa: E402

PASSED, FAILED, SKIPPED = 0, 1, 77


def too_late(*_):
    raise Failure("the scenario's time is over")


def run(test):
    """Returns (exit code, text)."""
    try:
        test.prepare()
        test.scenario.function(test, *test.scenario.arguments)
        test.finish(True)
        return PASSED, ""
    except Skip as reason:
        return SKIPPED, str(reason) + test.finish(False)
    except Failure as failure:
        where = [f"{pathlib.Path(frame.filename).name}:{frame.lineno}" for frame in
                 traceback.extract_tb(failure.__traceback__) if f"/{test.scenario.kind}/" in frame.filename]
        return FAILED, f"{' '.join(where)}: {failure}{test.finish(False)}"
    except Exception:  # pylint: disable=broad-except
        return FAILED, traceback.format_exc() + test.finish(False)


def main():
    kind, file, name, directory, program = sys.argv[1:]
    importlib.import_module(f"{kind}.{file}")
    item = next(item for item in SCENARIOS if item.name == name)
    signal.signal(signal.SIGALRM, too_late)
    signal.setitimer(signal.ITIMER_REAL, item.timeout)
    test = Test(item, directory, program)
    code, text = run(test)
    print("\n".join(test.transcript + [text]))
    sys.stdout.flush()
    os._exit(code)  # threads that serve sockets do not hold us


if __name__ == "__main__":
    main()
