"""The files of the guest with Debian sid: two Docker daemons, a Quadlet unit, an LXC container with
systemd inside, and the script that inspects them."""

import guest_script

BYTES_SENT = 10_000_000
LAYER_MIB = 8
EXIT_CODE = 3

# {0}: its name, {1}: whether images lie in containerd's store, as by default since Docker 29.
DOCKERD = """[Service]
Type=notify
ExecStart=/usr/sbin/dockerd --config-file=/etc/docker/{0}.json
TimeoutStartSec=300
Delegate=yes
KillMode=process
"""
DOCKERD_JSON = """{{"data-root":"/var/lib/docker-{0}","exec-root":"/run/docker-{0}","pidfile":"/run/docker-{0}.pid",
"hosts":["unix:///run/docker-{0}.sock"],"features":{{"containerd-snapshotter":{1}}},"bridge":"none",
"iptables":false,"ip6tables":false,"ip-forward":false}}
"""

QUADLET = f"""[Container]
Image=localhost/tallyman/truth:1
ContainerName=quad
Network=none
Exec=/truth burn 1.0 then write /big {LAYER_MIB} then stay
[Service]
TimeoutStartSec=300
"""

# Its root is the guest's own below an overlay, so it has the guest's systemd.
LXC = """lxc.uts.name = box
lxc.rootfs.path = dir:/srv/box
lxc.init.cmd = /sbin/init systemd.unit=box.target
lxc.apparmor.profile = unconfined
lxc.net.0.type = veth
lxc.net.0.link = br0
lxc.net.0.flags = up
lxc.net.0.ipv4.address = 10.9.0.2/24
lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed
"""
BOX_TARGET = """[Unit]
Requires=basic.target
After=basic.target
Wants=in-box.service
AllowIsolate=yes
"""
IN_BOX = f"""[Service]
Type=exec
ExecStart=/usr/bin/truth burn 1.0 then send 10.9.0.1 9000 {BYTES_SENT} then stay
"""

AGENT = """[Service]
Type=notify
ExecStart=/usr/bin/tallyman serve --web.listen-address=127.0.0.1:8255 --sampling.interval=1s
NotifyAccess=all
TimeoutStartSec=300
"""

MASKED = [
    "containerd.service",
    "docker.service",
    "docker.socket",
    "podman.service",
    "podman.socket",
    "podman-restart.service",
    "podman-auto-update.timer",
    "lxc.service",
    "lxc-net.service",
    "lxc-monitord.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-udevd.service",
    "systemd-udev-trigger.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udevd-varlink.socket",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "fstrim.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "getty.target",
]

INSPECT = (
    guest_script.HELPERS
    + f"""
STEPS="burn 1.0 then write /big {LAYER_MIB} then stay"
SENT={BYTES_SENT} CODE={EXIT_CODE}
"""
    + r"""
# waits WHAT COMMAND...: until it succeeds, for at most four minutes.
waits() {
  what="$1" tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 480 ] || finish "in vain: $what"
    sleep 0.5
  done
}

mkdir -p /srv/image/bin /srv/box /out/inspect
cp /usr/bin/truth /srv/image/truth
cp /usr/bin/busybox /srv/image/bin/sh
ip link add br0 type bridge
ip address add 10.9.0.1/24 dev br0
ip link set br0 up
ip link set lo up
try agent systemctl start tallyman.service

for name in graph store; do
  try "dockerd-$name" systemctl start "dockerd-$name.service"
  export DOCKER_HOST="unix:///run/docker-$name.sock"
  tar cf - -C /srv/image . | try "image-$name" docker import - tallyman/truth:1
  # shellcheck disable=SC2086 # its words
  try "run-$name" docker run -d --name "in-$name" --network=none --cpu-shares=512 \
    --label com.docker.compose.project=shop --label com.docker.compose.service="$name" tallyman/truth:1 /truth $STEPS
  docker run --name "fails-$name" --network=none tallyman/truth:1 \
    /bin/sh -c "sleep 3; exit $CODE" >"/out/fails-$name" 2>&1
  echo "$?" >"/out/code-$name"
  docker inspect "in-$name" >"/out/inspect/$name"
  docker info --format '{{.ServerVersion}} {{.Driver}} {{json .DriverStatus}}' >"/out/info-$name"
done

tar cf - -C /srv/image . | try image-quad podman import - localhost/tallyman/truth:1
try quad systemctl start quad.service
podman inspect quad >/out/inspect/quad

mkdir -p /run/box/upper /run/box/work
mount -t overlay overlay -o lowerdir=/,upperdir=/run/box/upper,workdir=/run/box/work /srv/box
/usr/bin/truth receive 9000 "$SENT" >/out/received 2>&1 &
try lxc lxc-start -n box
waits "the box has sent all" grep -q received /out/received

for name in graph store; do
  waits "in-$name wrote" sh -c "docker -H unix:///run/docker-$name.sock logs in-$name | grep wrote"
done
waits "quad wrote" sh -c 'podman logs quad 2>&1 | grep wrote || journalctl -u quad.service | grep wrote'
sleep 75 # each layer is walked once a minute
samples 3
for name in workloads host events; do
  try "$name.json" busybox wget -q -O - "http://127.0.0.1:8255/api/v1/$name"
done
try metrics.prom busybox wget -q -O - http://127.0.0.1:8255/metrics
uname -r >/out/kernel
systemctl --version >/out/systemd
for program in docker podman crun runc lxc-start; do
  "$program" --version >"/out/version-$program" 2>&1
done
systemd-cgls --no-pager >/out/cgls 2>&1
if [ -e /record ]; then
  cd /sys/fs/cgroup
  # shellcheck disable=SC2046 # one word a cgroup
  DAEMONS=dockerd FILES="/etc/docker/*.json /var/lib/docker-*/containers/*/*.json /var/lib/lxc/box/config
    /var/lib/containers/storage/overlay-containers/*.json /run/containers/storage/overlay-containers/*.json
    /var/lib/containers/storage/overlay-containers/*/userdata/*.json
    /run/containers/storage/overlay-containers/*/userdata/*" sh /record_host.sh /out/rootfs $(
    find . -type d \( -name 'docker-*.scope' -o -name quad.service -o -name 'lxc.payload.box' \) | sed 's/^\.//'
  ) >/out/recorded 2>&1
fi
try stop systemctl stop tallyman.service
journalctl -q -u tallyman.service -p warning --no-pager >/out/agent-warnings
finish "all done"
"""
)


def files():
    """{path in the guest: text}"""
    units = "etc/systemd/system/"
    found = {
        units + "inspect.service": guest_script.UNIT.replace(
            "[Unit]\n", "[Unit]\nConditionVirtualization=!container\n"
        ),
        units + "multi-user.target.wants/inspect.service": "-> ../inspect.service",
        units + "tallyman.service": AGENT,
        units + "box.target": BOX_TARGET,
        units + "in-box.service": IN_BOX,
        "etc/containers/systemd/quad.container": QUADLET,
        "etc/containers/policy.json": '{"default":[{"type":"insecureAcceptAnything"}]}\n',
        "etc/containers/containers.conf": "",
        "var/lib/lxc/box/config": LXC,
        "etc/hostname": "guest\n",
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "etc/fstab": "",
        "usr/local/bin/inspect": INSPECT,
        "out/.keep": "",
    }
    for name, store in (("graph", "false"), ("store", "true")):
        found[units + f"dockerd-{name}.service"] = DOCKERD.format(name)
        found[f"etc/docker/{name}.json"] = DOCKERD_JSON.format(name, store)
    for unit in MASKED:
        found[units + unit] = "-> /dev/null"
    return found
