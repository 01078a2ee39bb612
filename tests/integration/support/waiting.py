import signal
import subprocess
import time


def wait_for(condition, timeout_seconds, what, interval_seconds=0.02):
    """The first true value of condition(), or a TimeoutError that says what was waited for."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout_seconds} s: {what}")
        time.sleep(interval_seconds)


def end(process, grace_seconds=20):
    """Ends a process that was started here: SIGTERM, and past the grace SIGKILL."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
