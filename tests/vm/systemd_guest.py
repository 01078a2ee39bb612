"""The files of the guest with systemd: units of each kind, and the script that inspects them."""

import guest_script

STAY = "[Service]\nExecStart=/usr/bin/truth stay\n"

# With systemd's driver (which is what cgroup v2 means), and no network to set up.
DOCKERD = """[Service]
Type=notify
Environment=PATH=/usr/sbin:/usr/bin
ExecStart=/usr/sbin/dockerd --bridge=none --iptables=false --ip-forward=false --storage-driver=vfs --exec-opt=native.cgroupdriver=systemd
TimeoutStartSec=150
Delegate=yes
KillMode=process
"""

AGENT = """[Service]
Type=notify
ExecStart=/usr/bin/tallyman serve --web.listen-address=127.0.0.1:8255 --sampling.interval=1s
DynamicUser=yes
NoNewPrivileges=yes
ProtectSystem=strict
PrivateTmp=yes
WatchdogSec=60
TimeoutStartSec=120
"""

# nspawn as its own template has it, but for the program: no systemd inside.
BOX_UNIT = """[Service]
ExecStart=
ExecStart=systemd-nspawn --quiet --keep-unit --link-journal=no --register=yes --machine=%i --directory=/var/lib/machines/%i /usr/bin/truth stay
Type=simple
DevicePolicy=auto
"""

# A machine that registers the unit in which it runs.
OWN_UNIT = """[Service]
ExecStart=systemd-nspawn --quiet --keep-unit --link-journal=no --register=yes --machine=own.box --directory=/var/lib/machines/own.box /usr/bin/truth stay
"""

INSPECT = (
    guest_script.HELPERS
    + r"""
mkdir -p /out/show
for name in the-box own.box scope-box; do
  tree="/var/lib/machines/$name"
  mkdir -p "$tree/usr/bin" "$tree/etc"
  cp /usr/bin/truth "$tree/usr/bin/truth"
  echo "ID=$name" >"$tree/etc/os-release"
done
mkdir -p /run/fleet/units
printf '[Service]\nExecStart=/usr/bin/truth stay\nSlice=farm.slice\n' >/run/fleet/units/hello.service
systemctl link --runtime /run/fleet/units/hello.service

try start systemctl start plain.service hello.service user@1000.service systemd-nspawn@the-box.service own.service
try transient systemd-run --unit=by-hand --slice=farm.slice /usr/bin/truth stay
systemd-run --scope --unit=scoped /usr/bin/truth stay >/out/scoped 2>&1 &
systemd-nspawn --quiet --link-journal=no --machine=scope-box --directory=/var/lib/machines/scope-box /usr/bin/truth stay \
  </dev/null >/out/scope-box 2>&1 &
mkdir -p /srv/pod/proc /srv/pod/sys /srv/pod/dev
cp /usr/bin/truth /srv/pod/truth
try podman podman --storage-driver=vfs --cgroup-manager=systemd --runtime=crun --log-level=error run -d --name in-podman \
  --security-opt=seccomp=unconfined --network=none --rootfs /srv/pod /truth burn 1.0 then stay

# It gives its containerd 15 s, which a busy host's emulator may not: tried again.
tries=0
until timeout 200 systemctl start dockerd.service >/out/dockerd 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 5 ] || finish "dockerd failed: $(tail -n 5 /out/dockerd)"
  systemctl reset-failed dockerd.service
done
tar cf - -C /srv/pod . | try docker-image docker import - tallyman/truth:1
try docker docker run -d --name in-docker --network=none --security-opt=seccomp=unconfined tallyman/truth:1 /truth burn 1.0 then stay

tries=0
until machinectl --no-legend list | grep -q scope-box; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || finish "no scope-box: $(cat /out/scope-box)"
  sleep 0.5
done
try agent systemctl start tallyman.service
samples 3
for name in workloads host; do
  try "$name.json" busybox wget -q -O - "http://127.0.0.1:8255/api/v1/$name"
done
try metrics.prom busybox wget -q -O - http://127.0.0.1:8255/metrics
try as-root.json tallyman ls --json --all --sampling.interval=1s
try slices.json tallyman ls --json --group=slice --sampling.interval=1s
try once.prom tallyman --once
for unit in plain.service hello.service by-hand.service scoped.scope user@1000.service tallyman.service system.slice \
  farm.slice systemd-nspawn@the-box.service machine-scope\\x2dbox.scope own.service; do
  systemctl show --timestamp=us+utc -p Id -p ControlGroup -p FragmentPath -p InactiveExitTimestamp -p Transient -p User -p NoNewPrivileges -p StatusText "$unit" >"/out/show/$unit"
done
ls -l --full-time /run/systemd/units >/out/units
cp -rP /run/systemd/machines /out/machines
machinectl --no-legend list >/out/machinectl
systemd-cgls --no-pager >/out/cgls 2>&1
try restart systemctl restart plain.service
samples 3
try restarted.json busybox wget -q -O - http://127.0.0.1:8255/api/v1/workloads
try stopped systemctl stop tallyman.service
systemctl show -p Result -p ExecMainStatus tallyman.service >/out/show/stopped
finish "all done"
"""
)


def files():
    """{path in the guest: text}"""
    units = "etc/systemd/system/"
    return {
        units + "inspect.service": guest_script.UNIT,
        units + "multi-user.target.wants/inspect.service": "-> ../inspect.service",
        units + "plain.service": STAY,
        units + "own.service": OWN_UNIT,
        units + "dockerd.service": DOCKERD,
        units + "tallyman.service": AGENT,
        units + "systemd-nspawn@.service.d/truth.conf": BOX_UNIT,
        units + "user@1000.service.d/runtime.conf": "[Unit]\nAfter=systemd-logind.service\n",
        "home/ann/.config/systemd/user/mine.service": STAY,
        "home/ann/.config/systemd/user/default.target.wants/mine.service": "-> ../mine.service",
        "usr/local/bin/inspect": INSPECT,
    }
