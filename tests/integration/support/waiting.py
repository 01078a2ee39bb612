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
