"""A program that serves us with what only the system's Python has: JSON in, JSON out, a line each."""
import json
import select
import subprocess

from support.waiting import Failure


class Helper:
    """It runs until close(). What it complains of goes to the log; timeout: of each call, in seconds."""

    def __init__(self, argv, log_path, timeout=10):
        self.argv, self.timeout = argv, timeout
        with open(log_path, "a", encoding="utf-8") as log:
            self.popen = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                          bufsize=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, *words):
        self.popen.stdin.write(json.dumps(words) + "\n")
        line = ""
        if select.select([self.popen.stdout], [], [], self.timeout)[0]:
            line = self.popen.stdout.readline()
        is_done, result = json.loads(line or '[false, "no answer"]')
        if not is_done:
            raise Failure(f"{' '.join(self.argv)}, {' '.join(map(str, words))}: {result}")
        return result

    def close(self):
        self.popen.stdin.close()
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
