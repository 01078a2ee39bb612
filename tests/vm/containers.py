"""The guest's containers: Docker's own files, as version 20.10 writes them, with the facts
that differ filled in, and the cgroup files that runc would write."""

import hashlib
import json

LIMITS = {
    "killed": {"memory.max": "67108864", "memory.swap.max": "0"},
    "throttled": {"cpu.max": "30000 100000"},
    "crowd": {"pids.max": "50", "memory.low": "16777216", "cpu.weight": "39"},
}
NAMES = ("burner", "toucher", "writer", "killed", "crowd", "sender", "throttled", "latecomer")
STARTED = "2026-01-02T03:04:05.678901234Z"
STARTED_SECONDS = 1767323045.678901234
IMAGE = "tallyman/truth:1"


def identity(name):
    return hashlib.sha256(name.encode()).hexdigest()


def cgroup(name):
    return f"/system.slice/docker-{identity(name)}.scope"


def _configuration(name):
    bridged = name == "sender"
    network = {
        "IPAMConfig": None,
        "Links": None,
        "Aliases": None,
        "NetworkID": identity("network"),
        "EndpointID": identity("endpoint"),
        "Gateway": "172.17.0.1" if bridged else "",
        "IPAddress": "172.17.0.2" if bridged else "",
        "IPPrefixLen": 16 if bridged else 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "MacAddress": "02:42:ac:11:00:02" if bridged else "",
        "DriverOpts": None,
        "IPAMOperational": False,
    }
    return {
        "StreamConfig": {},
        "State": {
            "Running": True,
            "Paused": False,
            "Restarting": False,
            "OOMKilled": False,
            "RemovalInProgress": False,
            "Dead": False,
            "Pid": "@PID@",
            "ExitCode": 0,
            "Error": "",
            "StartedAt": STARTED,
            "FinishedAt": "0001-01-01T00:00:00Z",
            "Health": None,
        },
        "ID": identity(name),
        "Created": "2026-01-02T03:04:05.123456789Z",
        "Managed": False,
        "Path": "/truth",
        "Args": ["await"],
        "Config": {
            "Hostname": identity(name)[:12],
            "Domainname": "",
            "User": "",
            "Tty": False,
            "Env": None,
            "Cmd": ["await"],
            "Image": IMAGE,
            "Volumes": None,
            "WorkingDir": "",
            "Entrypoint": ["/truth"],
            "OnBuild": None,
            "Labels": {"com.docker.compose.project": "guest", "com.docker.compose.service": name},
        },
        "Image": "sha256:" + identity("image"),
        "NetworkSettings": {
            "Bridge": "",
            "SandboxID": identity("sandbox"),
            "HairpinMode": False,
            "Networks": {"bridge" if bridged else "host": network},
            "Service": None,
            "Ports": {},
            "SandboxKey": "/var/run/docker/netns/" + ("0123456789ab" if bridged else "default"),
        },
        "Name": "/" + name,
        "Driver": "overlay2",
        "OS": "linux",
        "RestartCount": 0,
        "HasBeenStartedBefore": True,
        "HasBeenManuallyStopped": False,
        "MountPoints": {},
    }


def guest_files():
    """{path in the guest: text}; the guest puts the process's id where @PID@ is."""
    files = {}
    for name in NAMES:
        base = f"containers/{name}/"
        files[base + "id"] = identity(name) + "\n"
        files[base + "config.v2.json"] = json.dumps(_configuration(name), separators=(",", ":")).replace(
            '"@PID@"', "@PID@"
        )
        files[base + "hostconfig.json"] = json.dumps(
            {"NetworkMode": "default" if name == "sender" else "host", "Links": None, "RestartPolicy": {"Name": "no"}},
            separators=(",", ":"),
        )
        if name in LIMITS:
            files[base + "limits"] = "".join(f"{file} {value}\n" for file, value in LIMITS[name].items())
    return files
