"""Each truth with its tolerance and the reason for it: one table for the Docker tests
(cgroup v1, hybrid) and the virtual machine (cgroup v2).

`before` and `after` are Expositions, `labels` select the container's series."""

import os

MIB = 1024 * 1024

BURN_SECONDS = 2.0
# The process burns by CLOCK_PROCESS_CPUTIME_ID, the same run time that the kernel charges to
# the cgroup, so less is impossible but for the microseconds of v2's unit. More: waking up,
# printing a line, and the last slice of at most a millisecond; 20 ms and 1 % are ample, and far below
# what a wrong unit, a doubled series or a neighbour's time would give.
BURN_LESS_SECONDS = 0.0001
BURN_MORE_SECONDS = 0.02 + 0.01 * BURN_SECONDS

TOUCH_BYTES = 64 * MIB
# The kernel charges memory in batches of 64 pages a CPU, and folds its statistics lazily.
BATCH_BYTES = 64 * 4096 * (os.cpu_count() or 1)
# Page tables for 64 MiB (128 KiB and the upper levels), the stack, what the log needs.
TOUCH_MORE_BYTES = BATCH_BYTES + 2 * MIB

WRITE_BYTES = 64 * MIB
# Payload is never more than what the device gets; ext4 adds metadata of a file of 64 extents
# and the journal, partly charged to the writer.
WRITE_MORE_BYTES = WRITE_BYTES // 50 + MIB

SEND_BYTES = 10_000_000
# At most 66 bytes of Ethernet, IP and TCP headers on each segment of 1448 bytes (segmentation
# offload makes fewer, larger ones), and ARP, neighbour discovery, the handshake and a few
# retransmissions.
SEND_MORE_BYTES = SEND_BYTES // 1448 * 66 + 64 * 1024

THROTTLED_CPUS = 0.3
THROTTLED_PERIODS = 10  # so many are waited for
# Each period of 100 ms may overrun by a scheduler slice (at most 5 ms a CPU) that the next one
# pays back, so the average can only be above by that of the first and last period.
THROTTLED_MORE = 0.03
# Of the quota what is used at least in a period that ends throttled: where the period's timer is late,
# two count for one.
THROTTLED_PART = 0.5


def difference(before, after, metric, **labels):
    return after.sum(metric, **labels) - before.sum(metric, **labels)


def within(value, low, high, what):
    assert low <= value <= high, f"{what}: {value} is not within {low} .. {high}"


def check_burnt(before, after, labels):
    used = difference(before, after, "container_cpu_usage_seconds_total", **labels)
    within(used, BURN_SECONDS - BURN_LESS_SECONDS, BURN_SECONDS + BURN_MORE_SECONDS, "CPU seconds burnt")
    user = difference(before, after, "container_cpu_user_seconds_total", **labels)
    system = difference(before, after, "container_cpu_system_seconds_total", **labels)
    # v1 counts user and system time by ticks of up to 10 ms, each charged as a whole to the running task.
    within(user + system, 0.95 * used - 0.05, 1.05 * used + 0.05, "user and system seconds")
    # By ticks too: on a busy machine they come in step with the switches between processes.
    assert user >= 0.7 * used, f"a loop in user space has {user} s of user time of {used} s"


def check_touched(before, after, labels):
    for metric in ("container_memory_rss", "container_memory_usage_bytes", "container_memory_working_set_bytes"):
        grown = difference(before, after, metric, **labels)
        within(grown, TOUCH_BYTES - BATCH_BYTES, TOUCH_BYTES + TOUCH_MORE_BYTES, f"{metric} grown")
    assert after.one("container_memory_max_usage_bytes", **labels) >= TOUCH_BYTES


def check_written(before, after, labels, device):
    """`before` may have no such series: the kernel has none before a first write on v2."""

    def written(exposition, metric):
        return sum(s.value for s in exposition.all(metric, device=device, **labels))

    grown = written(after, "container_fs_writes_bytes_total") - written(before, "container_fs_writes_bytes_total")
    within(grown, WRITE_BYTES, WRITE_BYTES + WRITE_MORE_BYTES, "bytes written")
    requests = written(after, "container_fs_writes_total") - written(before, "container_fs_writes_total")
    # A request is at least a page and at most a few MiB.
    within(requests, WRITE_BYTES // (16 * MIB), WRITE_BYTES // 4096, "write requests")


def check_sent(before, after, labels, direction="transmit"):
    labels = {"interface": "eth0", **labels}
    other = "receive" if direction == "transmit" else "transmit"
    sent = difference(before, after, f"container_network_{direction}_bytes_total", **labels)
    within(sent, SEND_BYTES, SEND_BYTES + SEND_MORE_BYTES, f"{direction} bytes")
    back = difference(before, after, f"container_network_{other}_bytes_total", **labels)
    # Acknowledgements only: at most one of 66 bytes for each segment, handshake and ARP.
    within(back, 66, SEND_MORE_BYTES, f"{other} bytes")
    packets = difference(before, after, f"container_network_{direction}_packets_total", **labels)
    within(packets, SEND_BYTES // 65536, SEND_BYTES // 1448 + 1000, f"{direction} packets")


def check_throttled(before, after, labels):
    """A loop that wants a whole CPU under a quota of 0.3, all the time between the two scrapes. A busy machine
    may give it less than that: then fewer of its periods end throttled."""
    used = difference(before, after, "container_cpu_usage_seconds_total", **labels)
    # container_last_seen is the instant of the sample itself.
    elapsed = difference(before, after, "container_last_seen", **labels)
    within(used / elapsed, 0, THROTTLED_CPUS + THROTTLED_MORE, "CPUs used")
    periods = difference(before, after, "container_cpu_cfs_periods_total", **labels)
    throttled = difference(before, after, "container_cpu_cfs_throttled_periods_total", **labels)
    seconds = difference(before, after, "container_cpu_cfs_throttled_seconds_total", **labels)
    # A period is 100 ms; the two ends are anywhere within one. The kernel stops counting where the machine gives
    # nothing at all for a period, but every one that ends throttled is counted.
    within(periods, throttled, elapsed / 0.1 + 3, "periods")
    within(throttled, THROTTLED_PERIODS, periods, "throttled periods")
    within(used, THROTTLED_PART * THROTTLED_CPUS * 0.1 * (throttled - 1), elapsed, "CPU seconds used")
    # Of each throttled period at most 100 ms on each CPU that it ran on, 70 ms on an idle machine. On
    # a busy one the quota itself takes longer: then less is left, and only the kernel knows how much.
    within(seconds, 0.001 * throttled, 0.1 * (os.cpu_count() or 1) * (throttled + 1), "throttled seconds")


def check_killed(before, after, labels, limit_bytes):
    assert before.one("container_oom_events_total", **labels) == 0
    # One process was too large and one was killed.
    assert after.one("container_oom_events_total", **labels) == 1
    assert after.one("container_memory_failcnt", **labels) >= 1
    assert after.one("container_spec_memory_limit_bytes", **labels) == limit_bytes
    # The kernel lets nothing above the limit, and kills only when the limit is reached.
    peak = after.one("container_memory_max_usage_bytes", **labels)
    within(peak, limit_bytes - 2 * BATCH_BYTES, limit_bytes, "peak")
